use serde_json::{Value, json};

use crate::support::{Practice, details, each};

#[test]
fn folders_form_a_tree() {
    let practice = Practice::new();
    let folder = practice.post("/folders", &json!({ "name": "Deep", "parent_id": "2" })).expect(200);
    let id = folder["id"].as_str().unwrap();
    assert_eq!(each(&practice.get(&format!("/folders/{id}/ancestors")).expect(200), "name"), ["Shared", "Sales"]);
    assert_eq!(practice.get(&format!("/folders/{id}/parent")).expect(200)["child_count"], 1);
    assert_eq!(each(&practice.get("/folders/2/children").expect(200), "name"), ["Deep"]);
    assert_eq!(
        details(&practice.post("/folders", &json!({ "name": "X" })).expect(422)),
        [("parent_id", "missing_field")]
    );
    assert_eq!(practice.post("/folders", &json!({ "name": "Deep", "parent_id": "2" })).status, 422);
    assert_eq!(practice.post("/folders", &json!({ "name": "X", "parent_id": "99" })).status, 422);
    assert_eq!(practice.patch("/folders/2", &json!({ "parent_id": id })).status, 422, "not into itself");
    assert_eq!(practice.delete("/folders/1").status, 403);
    assert_eq!(practice.delete("/folders/2").status, 204);
    for gone in [format!("/folders/{id}"), "/looks/1".to_owned(), "/dashboards/1".to_owned()] {
        assert_eq!(practice.get(&gone).status, 404, "{gone} lay in it");
    }
}

#[test]
fn look_shows_and_runs_its_query() {
    let practice = Practice::new();
    let body = json!({ "title": "Cities", "folder_id": "3", "query_id": "2" });
    let look = practice.post("/looks", &body).expect(200);
    assert_eq!(look["query"]["view"], "users");
    assert_eq!(look["folder"]["name"], "Finance");
    assert_eq!(look["model"]["id"], "thelook");
    assert_eq!(look["user_id"], "13");
    let path = format!("/looks/{}", look["id"].as_str().unwrap());
    assert_eq!(practice.get(&format!("{path}/run/json?limit=2")).expect(200).as_array().unwrap().len(), 2);
    let missing = practice.post("/looks", &json!({ "title": "X" })).expect(422);
    assert_eq!(details(&missing), [("folder_id", "missing_field"), ("query_id", "missing_field")]);
    assert_eq!(practice.post("/looks", &body).status, 422, "the title is taken");
    let copy = practice.bare("POST", &format!("{path}/copy?folder_id=2")).expect(200);
    assert_eq!((&copy["title"], &copy["folder_id"]), (&json!("Cities"), &json!("2")));
    assert_eq!(practice.bare("PATCH", &format!("{path}/move?folder_id=2")).expect(200)["folder_id"], "2");
    let thrown_away = practice.patch(&path, &json!({ "deleted": true })).expect(200);
    assert!(thrown_away["deleted_at"].is_string() && thrown_away["deleter_id"] == "13");
    assert!(!each(&practice.get("/looks").expect(200), "id").contains(&look["id"].as_str().unwrap()));
    assert_eq!(practice.patch(&path, &json!({ "deleted": false })).expect(200)["deleted_at"], Value::Null);
    assert_eq!(practice.delete(&path).status, 204);
    assert_eq!(practice.get(&path).status, 404);
}

#[test]
fn dashboard_shows_its_parts() {
    let practice = Practice::new();
    let dashboard = practice.post("/dashboards", &json!({ "title": "New", "folder_id": "2" })).expect(200);
    let id = dashboard["id"].as_str().unwrap();
    let body = json!({ "dashboard_id": id, "query_id": "1", "type": "vis", "title": "Orders" });
    let element = practice.post("/dashboard_elements", &body).expect(200);
    assert_eq!(element["query"]["view"], "orders");
    let shown = practice.get(&format!("/dashboards/{id}")).expect(200);
    assert_eq!(each(&shown["dashboard_elements"], "title"), ["Orders"]);
    assert_eq!(each(&practice.get(&format!("/dashboards/{id}/dashboard_elements")).expect(200), "title"), ["Orders"]);
    let copy = practice.bare("POST", &format!("/dashboards/{id}/copy")).expect(200);
    assert_eq!(copy["title"], "Copy of New");
    assert_eq!(each(&copy["dashboard_elements"], "title"), ["Orders"]);
    assert_eq!(practice.post("/dashboard_elements", &json!({ "dashboard_id": "99" })).status, 422);
    assert_eq!(practice.delete(&format!("/dashboards/{id}")).status, 204);
    let element = format!("/dashboard_elements/{}", element["id"].as_str().unwrap());
    assert_eq!(practice.get(&element).status, 404);
    assert!(practice.get("/dashboards").expect(200)[0].get("dashboard_elements").is_none(), "lists show less");
}

#[test]
fn lookml_dashboard_is_read_only_and_can_be_imported() {
    let practice = Practice::new();
    assert_eq!(practice.get("/dashboards/thelook::overview").expect(200)["title"], "Overview");
    assert_eq!(practice.get("/dashboards/thelook%3A%3Aoverview").expect(200)["readonly"], true);
    assert_eq!(practice.patch("/dashboards/thelook::overview", &json!({ "title": "X" })).status, 405);
    assert_eq!(practice.delete("/dashboards/thelook::overview").status, 405);
    let imported = practice.bare("POST", "/dashboards/thelook::overview/import/3").expect(200);
    assert_eq!((&imported["readonly"], &imported["folder_id"]), (&json!(false), &json!("3")));
    assert_eq!(practice.bare("POST", "/dashboards/thelook::overview/import/3").status, 409);
}

#[test]
fn objects_without_a_handler_are_stored() {
    let practice = Practice::new();
    let board = practice.post("/boards", &json!({ "title": "Start here" })).expect(200);
    let path = format!("/boards/{}", board["id"].as_str().unwrap());
    assert_eq!(practice.get(&path).expect(200), board);
    assert_eq!(practice.patch(&path, &json!({ "description": "News" })).expect(200)["description"], "News");
    assert_eq!(practice.get(&path).expect(200)["title"], "Start here");
    assert!(each(&practice.get("/boards").expect(200), "title").contains(&"Start here"));
    assert_eq!(each(&practice.get("/boards/search?title=start%25").expect(200), "title"), ["Start here"]);
    assert_eq!(practice.delete(&path).status, 204);
    assert_eq!(practice.get(&path).status, 404);
    // Its id is a name that people choose.
    let model = practice.post("/lookml_models", &json!({ "name": "shop", "project_name": "shop" })).expect(200);
    assert_eq!(practice.get("/lookml_models/shop").expect(200), model);
    // There is one of it.
    practice.patch("/session_config", &json!({ "allow_persistent_sessions": false })).expect(200);
    assert_eq!(practice.get("/session_config").expect(200)["allow_persistent_sessions"], false);
}
