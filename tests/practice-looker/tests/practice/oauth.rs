use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Practice, Reply, reply};

const APPLICATION: &str = "the-application";
const REDIRECT: &str = "http://127.0.0.1:9/callback?from=looker";
const VERIFIER: &str = "a verifier that only the application knows";

/// A practice Looker that knows an application.
fn practice() -> Practice {
    let practice = Practice::new();
    let application = json!({ "redirect_uri": REDIRECT, "display_name": "Practice", "enabled": true });
    let registered = practice.post(&format!("/oauth_client_apps/{APPLICATION}"), &application).expect(200);
    assert_eq!(registered["client_guid"], APPLICATION);
    practice
}

fn authorize(practice: &Practice, change: (&str, &str)) -> Reply {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut query = HashMap::from([
        ("response_type", "code"),
        ("client_id", APPLICATION),
        ("redirect_uri", REDIRECT),
        ("scope", "cors_api"),
        ("state", "the state"),
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
    ]);
    query.insert(change.0, change.1);
    reply(practice.client.get(format!("{}/auth", practice.looker.base_url())).query(&query)).unwrap()
}

/// A code that the user's browser brings back.
fn code(practice: &Practice) -> String {
    let redirect = authorize(practice, ("state", "the state"));
    assert_eq!(redirect.status, 302);
    let location = redirect.header("location").unwrap();
    let answer = location.strip_prefix(REDIRECT).unwrap().strip_prefix('&').unwrap();
    let answer: HashMap<_, _> = form_urlencoded::parse(answer.as_bytes()).into_owned().collect();
    assert_eq!(answer["state"], "the state");
    answer["code"].clone()
}

fn token(practice: &Practice, fields: &[(&str, &str)]) -> Reply {
    reply(practice.client.post(format!("{}/api/token", practice.looker.base_url())).form(fields)).unwrap()
}

fn exchange(practice: &Practice, code: &str, verifier: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", APPLICATION),
        ("redirect_uri", REDIRECT),
        ("code", code),
        ("code_verifier", verifier),
    ];
    token(practice, &fields)
}

fn refresh(practice: &Practice, client_id: &str, refresh_token: &str) -> Reply {
    token(practice, &[("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", refresh_token)])
}

fn who(practice: &mut Practice, tokens: &Value) -> Reply {
    practice.token = tokens["access_token"].as_str().unwrap().to_owned();
    practice.get("/user")
}

#[test]
fn code_and_verifier_get_tokens_once() {
    let mut practice = practice();
    let code = code(&practice);
    let tokens = exchange(&practice, &code, VERIFIER).expect(200);
    assert_eq!(who(&mut practice, &tokens).expect(200)["id"], "1");
    assert_eq!(exchange(&practice, &code, VERIFIER).expect(400)["error"], "invalid_grant");
}

#[test]
fn code_without_verifier_gets_nothing() {
    let practice = practice();
    let code = code(&practice);
    assert_eq!(exchange(&practice, &code, "another verifier").expect(400)["error"], "invalid_grant");
}

#[test]
fn refresh_token_works_once_and_is_replaced() {
    let mut practice = practice();
    let first = practice.looker.refresh_token(APPLICATION);
    assert_eq!(refresh(&practice, "another", &first).expect(400)["error"], "invalid_client");
    let tokens = refresh(&practice, APPLICATION, &first).expect(200);
    assert_eq!(who(&mut practice, &tokens).status, 200);
    assert_eq!(refresh(&practice, APPLICATION, &first).expect(400)["error"], "invalid_grant");
    let second = tokens["refresh_token"].as_str().unwrap();
    let tokens = refresh(&practice, APPLICATION, second).expect(200);
    assert_eq!(who(&mut practice, &tokens).status, 200);
    // Signing out ends both.
    assert_eq!(practice.delete("/logout").status, 204);
    assert_eq!(refresh(&practice, APPLICATION, tokens["refresh_token"].as_str().unwrap()).status, 400);
}

#[test]
fn application_errors_are_reported() {
    let practice = practice();
    for (name, value, error) in [
        ("client_id", "another", "invalid_client"),
        ("redirect_uri", "https://evil.example.com/", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "everything", "invalid_scope"),
        ("code_challenge_method", "plain", "invalid_request"),
    ] {
        assert_eq!(authorize(&practice, (name, value)).expect(400)["error"], error, "{name}");
    }
    assert_eq!(token(&practice, &[("client_id", APPLICATION)]).expect(400)["error"], "unsupported_grant_type");
}
