use serde_json::json;

use crate::support::{Practice, details, each};

#[test]
fn group_has_members() {
    let practice = Practice::new();
    let group = practice.post("/groups", &json!({ "name": "Pilots" })).expect(200);
    let path = format!("/groups/{}", group["id"].as_str().unwrap());
    assert_eq!(group["user_count"], 0);
    let added = practice.post(&format!("{path}/users"), &json!({ "user_id": "4" })).expect(200);
    assert_eq!(added["id"], "4");
    practice.post(&format!("{path}/users"), &json!({ "user_id": "5" })).expect(200);
    assert_eq!(each(&practice.get(&format!("{path}/users?fields=id")).expect(200), "id"), ["4", "5"]);
    assert_eq!(practice.get(&path).expect(200)["user_count"], 2);
    assert_eq!(practice.delete(&format!("{path}/users/4")).status, 204);
    assert_eq!(practice.delete(&format!("{path}/users/4")).status, 404);
    assert_eq!(practice.post(&format!("{path}/users"), &json!({ "user_id": "99" })).status, 404);
    assert_eq!(
        details(&practice.post(&format!("{path}/users"), &json!({})).expect(422)),
        [("user_id", "missing_field")]
    );
    assert_eq!(practice.delete(&path).status, 204);
    assert_eq!(practice.get("/users/5").expect(200)["group_ids"], json!(["1"]));
}

#[test]
fn groups_nest_and_have_unique_names() {
    let practice = Practice::new();
    practice.post("/groups/2/groups", &json!({ "group_id": "3" })).expect(200);
    assert_eq!(each(&practice.get("/groups/2/groups").expect(200), "name"), ["Managers"]);
    assert_eq!(practice.delete("/groups/2/groups/3").status, 204);
    assert_eq!(practice.get("/groups/2/groups").expect(200), json!([]));
    assert_eq!(
        details(&practice.post("/groups", &json!({ "name": "Analysts" })).expect(422)),
        [("name", "already_exists")]
    );
    assert_eq!(details(&practice.post("/groups", &json!({})).expect(422)), [("name", "missing_field")]);
    assert_eq!(practice.delete("/groups/1").status, 403, "the group of all users stays");
    assert_eq!(each(&practice.get("/groups/search?name=ana%25").expect(200), "id"), ["2"]);
}

#[test]
fn role_has_sets_and_users() {
    let practice = Practice::new();
    let body = json!({ "name": "Auditor", "permission_set_id": "3", "model_set_id": "2" });
    let role = practice.post("/roles", &body).expect(200);
    assert_eq!(role["permission_set"]["name"], "Viewer");
    assert_eq!(role["model_set"]["models"], json!(["thelook"]));
    let path = format!("/roles/{}", role["id"].as_str().unwrap());
    let users = practice.send("PUT", &format!("{path}/users"), &json!(["2", "3"])).expect(200);
    assert_eq!(each(&users, "id"), ["2", "3"]);
    assert_eq!(each(&practice.get("/users/2/roles").expect(200), "name"), ["Viewer", "Auditor"]);
    let groups = practice.send("PUT", &format!("{path}/groups"), &json!(["2"])).expect(200);
    assert_eq!(each(&groups, "name"), ["Analysts"]);
    assert_eq!(practice.delete(&path).status, 204);
    assert_eq!(each(&practice.get("/users/2/roles").expect(200), "name"), ["Viewer"]);
    assert_eq!(practice.post("/roles", &json!({ "name": "X", "model_set_id": "99" })).status, 422);
    assert_eq!(practice.delete("/roles/2").status, 403);
    assert_eq!(practice.send("PUT", "/roles/2/users", &json!(["1"])).status, 403, "nobody locks themselves out");
    let counted = practice.get("/roles/search/with_user_count?name=admin").expect(200);
    assert_eq!(counted[0]["user_count"], 1);
}
