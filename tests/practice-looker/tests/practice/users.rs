use serde_json::{Value, json};

use crate::support::{Practice, details, each};

#[test]
fn user_is_created_read_updated_and_deleted() {
    let practice = Practice::new();
    let made = practice.post("/users", &json!({ "first_name": "Mary", "last_name": "Somerville" })).expect(200);
    let id = made["id"].as_str().expect("ids are strings");
    assert_eq!(made["display_name"], "Mary Somerville");
    assert_eq!(practice.get(&format!("/users/{id}")).expect(200), made);
    let changed = practice.patch(&format!("/users/{id}"), &json!({ "last_name": "Fairfax" })).expect(200);
    assert_eq!((&changed["first_name"], &changed["last_name"]), (&json!("Mary"), &json!("Fairfax")));
    let deleted = practice.delete(&format!("/users/{id}"));
    assert_eq!((deleted.status, deleted.bytes.len()), (204, 0));
    assert_eq!(practice.get(&format!("/users/{id}")).expect(404)["message"], "Not found");
    assert_eq!(practice.delete(&format!("/users/{id}")).status, 404);
    assert_eq!(practice.patch(&format!("/users/{id}"), &json!({})).status, 404);
}

#[test]
fn read_only_properties_are_ignored_and_null_clears() {
    let practice = Practice::new();
    let body = json!({ "id": "77", "display_name": "No", "first_name": null, "locale": "fr", "unheard_of": 1 });
    let changed = practice.patch("/users/2", &body).expect(200);
    assert_eq!(changed["id"], "2");
    assert_eq!(changed["first_name"], Value::Null);
    assert_eq!(changed["display_name"], "Turing");
    assert_eq!(changed["locale"], "fr");
    assert!(changed.get("unheard_of").is_none());
}

#[test]
fn body_of_the_wrong_shape_is_rejected() {
    let practice = Practice::new();
    let wrong = practice.post("/users", &json!({ "first_name": true, "group_ids": "1" })).expect(422);
    assert_eq!(wrong["message"], "Validation Failed");
    assert_eq!(details(&wrong), [("first_name", "invalid")]);
    assert_eq!(practice.post("/users", &json!(["first_name"])).status, 400);
    let request = practice.request("POST", "/users").header("content-type", "application/json").body("{\"first");
    assert_eq!(crate::support::reply(request).unwrap().status, 400);
    assert_eq!(practice.bare("PATCH", "/users/2").expect(400)["message"], "A request body is required");
    assert_eq!(practice.bare("POST", "/users").status, 200, "where none is required none is needed");
}

#[test]
fn email_address_is_validated() {
    let practice = Practice::new();
    let taken = practice.get("/users/1").expect(200)["email"].clone();
    for (email, code) in [(taken, "already_exists"), (json!("nobody"), "invalid"), (json!("a b@c.d"), "invalid")] {
        let refused = practice.post("/users", &json!({ "credentials_email": { "email": email } })).expect(422);
        assert_eq!(details(&refused), [("credentials_email.email", code)]);
    }
    let made = practice.post("/users", &json!({ "credentials_email": { "email": "new@example.com" } })).expect(200);
    assert_eq!(made["email"], "new@example.com");
}

#[test]
fn users_cannot_delete_or_disable_themselves() {
    let practice = Practice::new();
    let me = practice.get("/user").expect(200)["id"].as_str().unwrap().to_owned();
    assert_eq!(practice.delete(&format!("/users/{me}")).status, 403);
    assert_eq!(practice.patch(&format!("/users/{me}"), &json!({ "is_disabled": true })).status, 403);
    assert_eq!(practice.get("/user").status, 200);
}

#[test]
fn deleted_and_disabled_users_are_signed_out() {
    let mut practice = Practice::new();
    let admin = practice.token.clone();
    for (user, end) in [("3", "delete"), ("4", "disable")] {
        let keys = practice.bare("POST", &format!("/users/{user}/credentials_api3")).expect(200);
        let sign_in = |practice: &Practice| {
            practice.sign_in(keys["client_id"].as_str().unwrap(), keys["client_secret"].as_str().unwrap())
        };
        let token = sign_in(&practice).unwrap();
        let path = format!("/users/{user}");
        let status = match end {
            "delete" => practice.delete(&path).status,
            _ => practice.patch(&path, &json!({ "is_disabled": true })).status,
        };
        assert!(status < 300);
        practice.token = token;
        assert_eq!(practice.get("/user").status, 401);
        assert_eq!(sign_in(&practice), None);
        practice.token.clone_from(&admin);
    }
}

#[test]
fn search_matches_whole_fields_ignoring_case() {
    let practice = Practice::new();
    let found = |query: &str| {
        let list = practice.get(&format!("/users/search?fields=id&{query}")).expect(200);
        each(&list, "id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("first_name=ADA"), ["1"]);
    assert_eq!(found("first_name=ad"), Vec::<String>::new());
    assert_eq!(found("first_name=ad%25"), ["1"]);
    assert_eq!(found("last_name=l_____ce"), ["1"]);
    assert_eq!(found("id=1,3"), ["1", "3"]);
    assert_eq!(found("first_name=ada&last_name=turing"), Vec::<String>::new());
    assert_eq!(found("first_name=ada&last_name=turing&filter_or=true"), ["1", "2"]);
    assert_eq!(found("email=IS+NULL"), ["13"]);
    assert_eq!(found("email=NOT+NULL").len(), 12);
    assert_eq!(found("is_service_account=true"), ["13"]);
    assert_eq!(found("full_name=ada+lovelace"), ["1"]);
    assert_eq!(found("embed_user=true"), Vec::<String>::new());
    assert_eq!(found("embed_user=false").len(), 13);
    let names = practice.get("/users/search/names/%25race%25").expect(200);
    assert_eq!(each(&names, "display_name"), ["Grace Hopper"]);
}

#[test]
fn user_roles_are_replaced() {
    let practice = Practice::new();
    let given = practice.send("PUT", "/users/5/roles", &json!(["1", "3"])).expect(200);
    assert_eq!(each(&given, "name"), ["Viewer", "Developer"]);
    assert_eq!(practice.get("/users/5/roles").expect(200), given);
    assert_eq!(practice.get("/users/5").expect(200)["role_ids"], json!(["1", "3"]));
    assert_eq!(practice.send("PUT", "/users/5/roles", &json!(["99"])).status, 422);
}
