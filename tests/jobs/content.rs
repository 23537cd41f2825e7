use crate::matrix::{Bench, Calls, Row, each};
use serde_json::{Value, json};

/// When the sample content was created.
const CREATED: &str = "2026-01-15T09:30:00.000+00:00";

fn ids(list: &Value) -> Vec<(String, String)> {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|item| (text(item, "type"), text(item, "id"))).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect()
}

#[test]
fn unused_content_is_found_whatever_breaks() {
    Bench::new().run(&Row {
        job: "find_unused_content",
        input: |_| json!({ "unused_days": 1 }),
        check: |_, output| {
            assert_eq!(ids(&output["items"]), pairs(&[("dashboard", "2"), ("look", "2")]));
            assert_eq!(ids(&output["excluded"]), pairs(&[("dashboard", "1"), ("look", "1")]));
            assert_eq!(each(&output["excluded"], "reason"), ["scheduled", "scheduled"]);
        },
        acts_once: None,
    });
}

#[test]
fn content_in_use_is_not_unused() {
    let calls = Bench::new().calls();
    let find = |input: Value| ids(&calls.json("find_unused_content", input)["items"]);
    assert_eq!(find(json!({ "unused_days": 1, "types": "look" })), pairs(&[("look", "2")]));
    assert_eq!(find(json!({ "unused_days": 1, "folder_id": "3" })), pairs(&[]));
    calls.json("run_look", json!({ "look_id": "2", "result_format": "json" }));
    calls.looker.view_dashboard("2");
    assert_eq!(find(json!({ "unused_days": 1 })), pairs(&[]));
    // A Look on a dashboard, one that is public, and one in a personal folder.
    calls.json("delete_scheduled_plan", json!({ "scheduled_plan_id": "1" }));
    calls.json("delete_scheduled_plan", json!({ "scheduled_plan_id": "2" }));
    let create = |title: &str, folder: &str, public: bool| {
        let look = calls
            .json("create_look", json!({ "title": title, "folder_id": folder, "query_id": "1", "public": public }));
        look["id"].as_str().unwrap().to_owned()
    };
    let tile = create("On a tile", "2", false);
    calls.json("create_dashboard_element", json!({ "dashboard_id": "2", "look_id": tile, "type": "look" }));
    let (public, own) = (create("Public", "2", true), create("Own", "5", false));
    let found = calls.json("find_unused_content", json!({ "unused_days": 0 }));
    let reasons: Vec<(&str, &str)> =
        each(&found["excluded"], "id").into_iter().zip(each(&found["excluded"], "reason")).collect();
    assert_eq!(reasons, [("1", "alerts"), (tile.as_str(), "on a dashboard"), (public.as_str(), "public")]);
    assert!(!each(&found["items"], "id").contains(&own.as_str()));
    let found = calls.json("find_unused_content", json!({ "unused_days": 0, "include_personal": true }));
    assert!(each(&found["items"], "id").contains(&own.as_str()));
}

fn trash(_: &Calls) -> Value {
    let item = |kind: &str| json!({ "type": kind, "id": "2", "last_used": CREATED });
    json!({ "items": [item("dashboard"), item("look")] })
}

#[test]
fn content_is_trashed_whatever_breaks() {
    Bench::new().run(&Row {
        job: "trash_content",
        input: trash,
        check: |calls, output| {
            assert_eq!(output["changed"], true);
            assert_eq!(output["trashed"].as_u64().unwrap() + output["held"].as_u64().unwrap(), 2, "{output}");
            assert_eq!(calls.json("look", json!({ "look_id": "2" }))["deleted"], true);
            assert_eq!(calls.json("dashboard", json!({ "dashboard_id": "2" }))["deleted"], true);
            assert_eq!(calls.json("look", json!({ "look_id": "1" }))["deleted"], false);
        },
        acts_once: None,
    });
}

#[test]
fn content_that_was_used_since_stays() {
    let calls = Bench::new().calls();
    calls.looker.view_dashboard("2");
    let output = calls.json("trash_content", trash(&calls));
    assert_eq!((&output["trashed"], &output["used_since"]), (&json!(1), &json!(1)));
    assert_eq!(calls.json("dashboard", json!({ "dashboard_id": "2" }))["deleted"], false);
    let again = calls.json("trash_content", trash(&calls));
    assert_eq!((&again["changed"], &again["held"]), (&json!(false), &json!(1)));
}

#[test]
fn items_that_are_refused_are_named_and_the_others_go_on() {
    let calls = Bench::new().calls();
    let items = json!([{ "type": "dashboard", "id": "thelook::overview" }, { "type": "look", "id": "99" }, { "type": "look", "id": 2 }]);
    let failure = calls.failure("trash_content", json!({ "items": items }));
    let problem = failure.problem();
    let named: Vec<&str> = problem.fields.iter().filter_map(|field| field.field.as_deref()).collect();
    assert_eq!(named, ["dashboard thelook::overview", "look 99"]);
    assert!(problem.message.contains("done before: trash_look (2)"), "{}", problem.message);
    assert_eq!(calls.json("look", json!({ "look_id": "2" }))["deleted"], true);
    assert_eq!(calls.asked("DELETE", ""), 0, "nothing is deleted for good");
}

#[test]
fn many_items_go_on_by_resume() {
    let calls = Bench::new().calls();
    let ids: Vec<Value> = (0..45)
        .map(|index| {
            let title = format!("Look {index}");
            calls.json("create_look", json!({ "title": title, "folder_id": "2", "query_id": "1" }))["id"].clone()
        })
        .collect();
    let items: Vec<Value> = ids.iter().map(|id| json!({ "type": "look", "id": id })).collect();
    calls.looker.clear_requests();
    let output = calls.complete("trash_content", json!({ "items": items }));
    assert_eq!(output["trashed"], 45);
    assert_eq!(calls.asked("PATCH", ""), 45, "each once");
}

/// Content whose model is missing: a Look and a tile.
fn lose_content(calls: &Calls) {
    let query = calls.json("create_query", json!({ "model": "shop", "view": "orders", "fields": ["orders.id"] }));
    calls.json("create_look", json!({ "title": "Lost", "folder_id": "3", "query_id": query["id"] }));
    calls.json(
        "create_dashboard_element",
        json!({ "dashboard_id": "2", "query_id": query["id"], "type": "vis", "title": "Tile" }),
    );
}

#[test]
fn content_is_validated_whatever_breaks() {
    Bench::new().run(&Row {
        job: "validate_content",
        input: |calls| {
            lose_content(calls);
            json!({ "workspace": "dev", "project_id": "thelook", "branch": "feature" })
        },
        check: |calls, output| {
            assert_eq!(each(&output["errors"], "content_type"), ["look", "dashboard"]);
            assert_eq!(output["errors"][1]["part_title"], "Tile");
            assert_eq!(output["totals"]["looks"], 3);
            assert_eq!(calls.json("session", json!({}))["workspace_id"], "production", "the shared session");
        },
        acts_once: None,
    });
}

#[test]
fn validation_puts_the_old_branch_back() {
    let calls = Bench::new().calls();
    calls.json("validate_content", json!({ "workspace": "dev", "project_id": "thelook", "branch": "feature" }));
    assert_eq!(calls.asked("PUT", "/git_branch"), 2);
    calls.json("update_session", json!({ "workspace_id": "dev" }));
    assert_eq!(calls.json("git_branch", json!({ "project_id": "thelook" }))["name"], "main");
}

#[test]
fn baseline_tells_new_errors_from_old_ones() {
    let calls = Bench::new().calls();
    lose_content(&calls);
    let first = calls.json("validate_content", json!({}));
    assert_eq!(first["new"], json!([]), "nothing to compare with");
    let again = calls.json("validate_content", json!({ "baseline": first }));
    assert_eq!((&again["new"], &again["fixed"], &again["unchanged"]), (&json!([]), &json!([]), &json!(2)));
    let looks = calls.json("search_looks", json!({ "title": "Lost" }));
    calls.json("update_look", json!({ "look_id": looks[0]["id"], "query_id": "1" }));
    let query = calls.json("create_query", json!({ "model": "thelook", "view": "orders", "fields": ["orders.gone"] }));
    calls.json("update_look", json!({ "look_id": "1", "query_id": query["id"] }));
    let changed = calls.json("validate_content", json!({ "baseline": again }));
    assert_eq!((each(&changed["new"], "field"), each(&changed["fixed"], "title")), (vec!["orders.gone"], vec!["Lost"]));
    assert_eq!(changed["unchanged"], 1);
    let scoped = calls.json("validate_content", json!({ "folder_ids": ["3"] }));
    assert_eq!(scoped["errors"], json!([]));
    let failure = calls.failure("validate_content", json!({ "baseline": scoped }));
    assert_eq!(failure.problem().fields[0].field.as_deref(), Some("baseline"));
    let failure = calls.failure("validate_content", json!({ "branch": "feature" }));
    assert!(failure.problem().message.contains("only for workspace dev"), "{failure}");
}
