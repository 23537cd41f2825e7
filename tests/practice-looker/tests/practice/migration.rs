use serde_json::{Value, json};

use crate::support::{Practice, details, each};

fn lookml(practice: &Practice, id: &str) -> String {
    practice.get(&format!("/dashboards/lookml/{id}")).expect(200)["lookml"].as_str().unwrap().to_owned()
}

#[test]
fn dashboard_goes_from_one_instance_to_another_and_back() {
    let (source, target) = (Practice::new(), Practice::new());
    let text = lookml(&source, "1");
    let body = json!({ "lookml": text, "folder_id": "3" });
    target.delete("/dashboards/1");
    let imported = target.post("/dashboards/lookml", &body).expect(200);
    let id = imported["id"].as_str().unwrap();
    assert_eq!((&imported["slug"], &imported["folder_id"]), (&json!("practicesales"), &json!("3")));
    assert_ne!(id, "1");
    assert_eq!(lookml(&target, id), text);
    assert_eq!(each(&imported["dashboard_elements"], "title"), ["Tile 1", "Tile 2"]);
    assert_eq!(imported["dashboard_elements"][0]["query"]["view"], "orders");
}

#[test]
fn import_overwrites_by_slug_and_drops_alerts() {
    let practice = Practice::new();
    let body = json!({ "lookml": lookml(&practice, "1"), "folder_id": "3" });
    let over = practice.post("/dashboards/lookml", &body).expect(200);
    assert_eq!((&over["id"], &over["folder_id"]), (&json!("1"), &json!("3")), "it moves");
    assert_eq!(practice.get("/alerts/search?all_owners=true").expect(200), json!([]));
    practice.patch("/dashboards/1", &json!({ "deleted": true })).expect(200);
    let blocked = practice.post("/dashboards/lookml", &body).expect(422);
    assert_eq!(details(&blocked), [("slug", "already_exists")], "a slug in the trash blocks");
    assert_eq!(practice.get("/dashboards/search?slug=practicesales").expect(200), json!([]));
    assert_eq!(each(&practice.get("/dashboards/search?slug=practicesales&deleted=true").expect(200), "id"), ["1"]);
}

#[test]
fn content_of_missing_models_is_found() {
    let practice = Practice::new();
    let clean = practice.get("/content_validation").expect(200);
    assert_eq!(clean["content_with_errors"], json!([]));
    assert_eq!(clean["total_looks_validated"], 2);
    let query = practice.post("/queries", &json!({ "model": "shop", "view": "orders", "fields": ["orders.id"] }));
    let query = query.expect(200)["id"].as_str().unwrap().to_owned();
    practice.post("/looks", &json!({ "title": "Lost", "folder_id": "3", "query_id": query })).expect(200);
    let body = json!({ "dashboard_id": "2", "query_id": query, "type": "vis", "title": "Lost tile" });
    practice.post("/dashboard_elements", &body).expect(200);
    let first = practice.get("/content_validation").expect(200)["content_with_errors"].clone();
    assert_eq!(first.as_array().unwrap().len(), 2);
    assert_eq!(first[0]["look"]["title"], "Lost");
    assert_eq!(first[0]["look"]["folder"]["name"], "Finance");
    assert_eq!((&first[1]["dashboard"]["id"], &first[1]["errors"][0]["model_name"]), (&json!("2"), &json!("shop")));
    let second = practice.get("/content_validation").expect(200)["content_with_errors"].clone();
    assert_ne!(first[0]["id"], second[0]["id"], "an error's id is that of its run");
    let scoped = practice.get("/content_validation?space_ids=3").expect(200);
    assert_eq!(scoped["content_with_errors"].as_array().unwrap().len(), 1);
    let scoped = practice.get("/content_validation?project_names=thelook").expect(200);
    assert_eq!(scoped["content_with_errors"], json!([]));
}

#[test]
fn models_have_their_explores() {
    let practice = Practice::new();
    let models = practice.get("/lookml_models?fields=name,explores(name)").expect(200);
    assert_eq!(models[0]["name"], "thelook");
    assert!(models[0]["explores"].as_array().unwrap().contains(&json!({ "name": "orders" })));
}

#[test]
fn use_of_content_is_remembered() {
    let practice = Practice::new();
    assert_eq!(practice.get("/looks/1").expect(200)["last_accessed_at"], Value::Null);
    practice.get("/looks/1/run/json?limit=1").expect(200);
    practice.looker.view_dashboard("1");
    assert!(practice.get("/looks/1").expect(200)["last_accessed_at"].is_string());
    assert!(practice.get("/dashboards/1").expect(200)["last_accessed_at"].is_string());
    assert_eq!(practice.get("/folders/5").expect(200)["is_personal"], true);
    let below = practice.post("/folders", &json!({ "name": "Drafts", "parent_id": "5" })).expect(200);
    assert_eq!(below["is_personal_descendant"], true);
}
