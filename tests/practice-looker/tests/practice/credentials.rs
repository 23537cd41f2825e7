use serde_json::{Value, json};

use crate::support::{Practice, details, each};

#[test]
fn email_credentials_are_created_once_and_updated() {
    let practice = Practice::new();
    let path = "/users/13/credentials_email";
    assert_eq!(practice.get(path).status, 404);
    assert_eq!(details(&practice.post(path, &json!({})).expect(422)), [("email", "missing_field")]);
    let made = practice.post(path, &json!({ "email": "automation@example.com" })).expect(200);
    assert_eq!((&made["email"], &made["user_id"]), (&json!("automation@example.com"), &json!("13")));
    assert_eq!(practice.post(path, &json!({ "email": "other@example.com" })).status, 409);
    let changed = practice.patch(path, &json!({ "email": "robot@example.com" })).expect(200);
    assert_eq!(changed["email"], "robot@example.com");
    assert_eq!(practice.get("/user").expect(200)["email"], "robot@example.com");
    let taken = practice.get("/users/1").expect(200)["email"].clone();
    assert_eq!(details(&practice.patch(path, &json!({ "email": taken })).expect(422)), [("email", "already_exists")]);
    assert_eq!(practice.delete(path).status, 204);
    assert_eq!(practice.get("/user").expect(200)["email"], Value::Null);
    assert_eq!(practice.patch(path, &json!({ "email": "x@example.com" })).status, 404);
}

#[test]
fn api_secret_is_shown_once_and_signs_in() {
    let mut practice = Practice::new();
    let made = practice.bare("POST", "/users/2/credentials_api3").expect(200);
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let path = format!("/users/2/credentials_api3/{}", made["id"].as_str().unwrap());
    let shown = practice.get(&path).expect(200);
    assert_eq!(shown["client_id"], id);
    assert!(shown.get("client_secret").is_none());
    assert_eq!(each(&practice.get("/users/2/credentials_api3").expect(200), "client_id"), [id]);
    let admin = std::mem::take(&mut practice.token);
    practice.token = practice.sign_in(id, secret).unwrap();
    assert_eq!(practice.get("/user").expect(200)["id"], "2");
    practice.token = admin;
    assert_eq!(practice.delete(&path).status, 204);
    assert_eq!(practice.sign_in(id, secret), None);
    assert_eq!(practice.get(&path).status, 404);
    assert_eq!(practice.bare("POST", "/users/99/credentials_api3").status, 404);
}

#[test]
fn two_factor_credentials_are_created_once() {
    let practice = Practice::new();
    let path = "/users/2/credentials_totp";
    assert_eq!(practice.get(path).status, 404);
    let made = practice.bare("POST", path).expect(200);
    assert_eq!((&made["verified"], &made["is_disabled"]), (&json!(false), &json!(false)));
    assert_eq!(practice.post(path, &json!({})).status, 409);
    assert_eq!(practice.delete(path).status, 204);
    assert_eq!(practice.delete(path).status, 404);
}

#[test]
fn new_reset_token_replaces_the_previous_one() {
    let practice = Practice::new();
    let path = "/users/2/credentials_email";
    let reset = || practice.bare("POST", &format!("{path}/password_reset?expires=true")).expect(200);
    let (first, second) = (reset(), reset());
    assert!(first["password_reset_url"].as_str().unwrap().starts_with(&practice.looker.base_url()));
    assert_ne!(first["password_reset_url"], second["password_reset_url"]);
    assert_eq!(practice.get(path).expect(200)["password_reset_url"], second["password_reset_url"]);
    let sent = practice.bare("POST", &format!("{path}/send_password_reset")).expect(200);
    assert_eq!(sent["password_reset_url"], Value::Null);
    assert_eq!(practice.bare("POST", "/users/13/credentials_email/password_reset").status, 404, "13 has no address");
}

#[test]
fn user_is_found_by_credentials() {
    let practice = Practice::new();
    let email = practice.get("/users/4").expect(200)["email"].as_str().unwrap().to_owned();
    assert_eq!(practice.get(&format!("/users/credential/email/{email}")).expect(200)["id"], "4");
    assert_eq!(practice.get("/users/credential/email/nobody@example.com").status, 404);
    let client_id = practice.looker.client_id();
    assert_eq!(practice.get(&format!("/users/credential/api3/{client_id}")).expect(200)["id"], "13");
    let found = practice.get(&format!("/credentials_email/search?email={email}&fields=email,user_id")).expect(200);
    assert_eq!(found[0]["user_id"], "4");
}
