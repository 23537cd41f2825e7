use crate::matrix::{Bench, Calls, Row, each};
use connector_host::Reason;
use serde_json::{Value, json};

fn folder() -> Value {
    json!({ "folder_id": "2", "recursive": true })
}

/// A dashboard and a Look below the folder Sales.
fn add_content(calls: &Calls) {
    let folder = calls.json("create_folder", json!({ "name": "Deep", "parent_id": "2" }));
    let dashboard = calls.json("create_dashboard", json!({ "title": "Deep sales", "folder_id": folder["id"] }));
    let tile = json!({ "dashboard_id": dashboard["id"], "query_id": "1", "type": "vis", "title": "Orders" });
    calls.json("create_dashboard_element", tile);
    calls.json("create_look", json!({ "title": "50% of_it", "folder_id": folder["id"], "query_id": "2" }));
}

#[test]
fn folder_is_exported_whatever_breaks() {
    Bench::new().run(&Row {
        job: "export_content",
        input: |calls| {
            add_content(calls);
            folder()
        },
        check: |_, output| {
            assert_eq!(each(&output["dashboards"], "title"), ["Sales", "Finance", "Deep sales"]);
            assert_eq!(each(&output["looks"], "title"), ["Orders by month", "Customers by city", "50% of_it"]);
            assert_eq!(output["looks"][2]["folder_path"], json!(["Deep"]));
            assert_eq!(output["dashboards"][0]["schedules"], 1);
            let explores =
                json!([{ "explore": "orders", "model": "thelook" }, { "explore": "users", "model": "thelook" }]);
            assert_eq!(output["dashboards"][0]["explores"], explores);
            assert_eq!(each(&output["not_exported"], "id"), ["thelook::overview"]);
        },
        acts_once: None,
    });
}

/// Exports the folder Sales, then empties it, and returns the input that imports it into Finance.
fn move_to_finance(calls: &Calls) -> Value {
    add_content(calls);
    let export = calls.complete("export_content", folder());
    for dashboard in each(&export["dashboards"], "id") {
        calls.json("delete_dashboard", json!({ "dashboard_id": dashboard }));
    }
    for look in each(&export["looks"], "id") {
        calls.json("delete_look", json!({ "look_id": look }));
    }
    json!({ "export": export, "folder_id": "3" })
}

/// Titles of what is in a folder, sorted.
fn titles(calls: &Calls, folder: &Value) -> Vec<String> {
    let mut titles: Vec<String> = ["folder_dashboards", "folder_looks"]
        .into_iter()
        .flat_map(|list| {
            let found = calls.json(list, json!({ "folder_id": folder }));
            each(&found, "title").into_iter().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    titles.sort_unstable();
    titles
}

#[test]
fn content_is_imported_once_whatever_breaks() {
    Bench::new().run(&Row {
        job: "import_content",
        input: move_to_finance,
        check: |calls, output| {
            assert_eq!(output["imported"].as_array().unwrap().len(), 6, "{output}");
            let finance = ["Customers by city", "Finance", "Orders by month", "Sales"];
            assert_eq!(titles(calls, &json!("3")), finance);
            let below = calls.json("folder_children", json!({ "folder_id": "3" }));
            assert_eq!(each(&below, "name"), ["Deep"]);
            assert_eq!(titles(calls, &below[0]["id"]), ["50% of_it", "Deep sales"]);
        },
        acts_once: None,
    });
}

#[test]
fn import_goes_to_another_instance_and_a_second_one_changes_nothing() {
    let bench = Bench::new();
    let (source, target) = (bench.calls(), bench.calls());
    for id in ["1", "2"] {
        target.json("delete_dashboard", json!({ "dashboard_id": id }));
        target.json("delete_look", json!({ "look_id": id }));
    }
    add_content(&source);
    let export = source.complete("export_content", folder());
    let input = json!({ "export": export, "folder_id": "3" });
    let mut dry = input.clone();
    dry["dry_run"] = json!(true);
    let planned = target.complete("import_content", dry);
    assert_eq!((&planned["changed"], titles(&target, &json!("3"))), (&json!(false), Vec::new()));
    assert!(each(&planned["imported"], "state").iter().all(|state| *state == "created"));
    let first = target.complete("import_content", input.clone());
    assert_eq!((&first["changed"], &first["imported"][0]["slug"]), (&json!(true), &json!("practicesales")));
    assert_ne!(first["imported"][0]["new_id"], first["imported"][0]["id"]);
    target.looker.clear_requests();
    let second = target.complete("import_content", input);
    assert_eq!(second["changed"], false, "{second}");
    assert!(each(&second["imported"], "state").iter().all(|state| *state == "held"));
    let writes = target.looker.requests().into_iter().filter(|request| request.method != "GET");
    assert_eq!(writes.filter(|request| !request.path.ends_with("/login")).count(), 0);
}

#[test]
fn content_that_differs_is_overwritten_only_if_asked() {
    let calls = Bench::new().calls();
    let export = calls.complete("export_content", json!({ "dashboard_ids": "1", "look_ids": ["1"] }));
    calls.json("update_dashboard_element", json!({ "dashboard_element_id": "1", "title": "Renamed" }));
    calls.json("update_look", json!({ "look_id": "1", "query_id": "2" }));
    let mut input = json!({ "export": export, "folder_id": "2" });
    let failure = calls.failure("import_content", input.clone());
    assert_eq!(failure.problem().reason, Reason::Conflict);
    assert_eq!(failure.problem().fields.len(), 2, "{failure}");
    assert_eq!(calls.asked("POST", "/dashboards/lookml"), 0);
    input["overwrite"] = json!(true);
    let output = calls.complete("import_content", input);
    assert_eq!(each(&output["imported"], "state"), ["overwritten", "overwritten"]);
    assert_eq!(each(&output["imported"], "new_id"), ["1", "1"]);
    assert_eq!(calls.json("look", json!({ "look_id": "1" }))["query"]["view"], "orders");
}

#[test]
fn slug_in_the_trash_is_told() {
    let calls = Bench::new().calls();
    let export = calls.complete("export_content", json!({ "dashboard_ids": ["1", "2"] }));
    calls.json("update_dashboard", json!({ "dashboard_id": "1", "deleted": true }));
    let failure = calls.failure("import_content", json!({ "export": export, "folder_id": "2" }));
    assert_eq!(failure.problem().fields.len(), 1, "the other one is there already");
    assert!(failure.problem().message.contains("trash has the slug practicesales"), "{failure}");
}

#[test]
fn missing_model_stops_before_anything_is_imported() {
    let calls = Bench::new().calls();
    let mut input = move_to_finance(&calls);
    let text = input["export"].to_string().replace("thelook", "shop");
    input["export"] = serde_json::from_str(&text).unwrap();
    calls.looker.clear_requests();
    let failure = calls.failure("import_content", input.clone());
    assert!(failure.problem().message.contains("no model shop"), "{failure}");
    assert!(calls.looker.requests().iter().all(|request| request.method == "GET"));
    input["model_map"] = json!({ "shop": "thelook" });
    calls.complete("import_content", input.clone());
    let looks = calls.json("search_looks", json!({ "title": "Orders by month" }));
    assert_eq!(calls.json("look", json!({ "look_id": looks[0]["id"] }))["query"]["model"], "thelook");
    assert_eq!(calls.complete("import_content", input)["changed"], false);
    let failure = calls.failure("import_content", json!({ "export": { "format": 9 }, "folder_id": "2" }));
    assert_eq!(failure.problem().fields[0].field.as_deref(), Some("export"));
}

#[test]
fn unreadable_content_is_listed() {
    let calls = Bench::new().calls();
    let output = calls.complete("export_content", json!({ "dashboard_ids": ["99", "1"], "look_ids": ["98"] }));
    assert_eq!(each(&output["dashboards"], "id"), ["1"]);
    assert_eq!(each(&output["not_exported"], "id"), ["99", "98"]);
}

#[test]
fn large_folder_comes_in_pages() {
    let calls = Bench::new().calls();
    for index in 0..50 {
        calls.json("create_look", json!({ "title": format!("Look {index}"), "folder_id": "3", "query_id": "1" }));
    }
    let (first, next) = calls.call("export_content", &json!({ "folder_id": "3" })).unwrap();
    let count = first["looks"].as_array().unwrap().len();
    assert!(count > 20 && count < 50, "{count}");
    let rest = calls.json("export_content", next.unwrap());
    assert_eq!(count + rest["looks"].as_array().unwrap().len(), 50);
}
