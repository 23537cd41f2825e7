use std::{thread, time::Duration};

use practice_looker::PracticeLooker;
use serde_json::json;

use crate::support::{Practice, reply};

#[test]
fn valid_credentials_get_a_token() {
    let practice = Practice::new();
    let form = [("client_id", practice.looker.client_id()), ("client_secret", practice.looker.client_secret())];
    let login = reply(practice.client.post(practice.url("/login")).form(&form)).unwrap().expect(200);
    assert_eq!(login["token_type"], "Bearer");
    assert_eq!(login["expires_in"], 3600);
    assert_eq!(login["refresh_token"], json!(null));
    assert_eq!(practice.looker.tokens(), [practice.token.clone(), login["access_token"].as_str().unwrap().to_owned()]);
}

#[test]
fn wrong_credentials_get_404() {
    let practice = Practice::new();
    let form = [("client_id", practice.looker.client_id()), ("client_secret", "wrong")];
    let refused = reply(practice.client.post(practice.url("/login")).form(&form)).unwrap().expect(404);
    assert_eq!(refused["message"], "Not found");
    assert!(refused["documentation_url"].is_string());
}

#[test]
fn credentials_are_accepted_in_a_form_only() {
    let practice = Practice::new();
    let (id, secret) = (practice.looker.client_id(), practice.looker.client_secret());
    let in_query = practice.client.post(practice.url(&format!("/login?client_id={id}&client_secret={secret}")));
    assert_eq!(reply(in_query).unwrap().status, 404);
    let as_json =
        practice.client.post(practice.url("/login")).json(&json!({ "client_id": id, "client_secret": secret }));
    assert_eq!(reply(as_json).unwrap().status, 404);
}

#[test]
fn both_authorization_schemes_are_accepted() {
    let practice = Practice::new();
    for value in [format!("token {}", practice.token), format!("Bearer {}", practice.token)] {
        let request = practice.client.get(practice.url("/user")).header("authorization", value);
        assert_eq!(reply(request).unwrap().status, 200);
    }
}

#[test]
fn invalid_tokens_get_401() {
    let practice = Practice::new();
    let get = || practice.client.get(practice.url("/user"));
    for request in
        [get(), get().header("authorization", "token wrong"), get().header("authorization", practice.token.as_str())]
    {
        let refused = reply(request).unwrap().expect(401);
        assert_eq!(refused["message"], "Requires authentication.");
    }
}

#[test]
fn tokens_expire() {
    let practice = Practice::from(PracticeLooker::builder().token_lifetime(Duration::from_millis(300)));
    assert_eq!(practice.get("/user").status, 200);
    thread::sleep(Duration::from_millis(350));
    assert_eq!(practice.get("/user").status, 401);
}

#[test]
fn expire_tokens_invalidates_tokens() {
    let practice = Practice::new();
    practice.looker.expire_tokens();
    assert_eq!(practice.get("/user").status, 401);
    assert_eq!(practice.looker.tokens()[0], practice.token, "what was given stays known");
    assert!(practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()).is_some());
}

#[test]
fn logout_invalidates_one_token() {
    let mut practice = Practice::new();
    let other = practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()).unwrap();
    assert_eq!(practice.delete("/logout").status, 204);
    assert_eq!(practice.get("/user").status, 401);
    practice.token = other;
    assert_eq!(practice.get("/user").status, 200);
}

#[test]
fn administrator_can_log_in_as_another_user() {
    let mut practice = Practice::new();
    let login = practice.bare("POST", "/login/3").expect(200);
    assert_eq!(practice.bare("POST", "/login/999").status, 404);
    practice.token = login["access_token"].as_str().unwrap().to_owned();
    assert_eq!(practice.get("/user").expect(200)["id"], "3");
    assert_eq!(practice.get("/session").expect(200)["sudo_user_id"], "13");
    assert_eq!(practice.bare("POST", "/login/4").status, 403, "user 3 is no administrator");
    assert_eq!(practice.post("/users", &json!({ "first_name": "X" })).status, 403);
}

#[test]
fn workspace_belongs_to_the_token() {
    let mut practice = Practice::new();
    assert_eq!(practice.get("/session").expect(200)["workspace_id"], "production");
    assert_eq!(practice.patch("/session", &json!({ "workspace_id": "dev" })).expect(200)["workspace_id"], "dev");
    assert_eq!(practice.get("/session").expect(200)["workspace_id"], "dev");
    assert_eq!(practice.patch("/session", &json!({ "workspace_id": "staging" })).status, 422);
    practice.token = practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()).unwrap();
    assert_eq!(practice.get("/session").expect(200)["workspace_id"], "production");
}
