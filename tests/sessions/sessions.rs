//! All sandboxes of one auth share one sign-in.

use connector_host::{Auth, Body, Call, Connector, Failure, Limits, Output, Reason, Rule};
use integration_tests::{asked, auth, auth_of, builder, connector_to, wrong_auth};
use practice_looker::{Fault, PracticeLooker};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

/// The JSON of an output.
fn json_of(output: Output) -> Value {
    match output.body {
        Body::Json(document) => serde_json::from_str(&document).unwrap(),
        other => panic!("no JSON but {other:?}"),
    }
}

/// Makes this many calls at once, each in a fresh sandbox.
async fn at_once(connector: &Connector, auth: &Auth, calls: usize) -> Vec<Result<Output, Failure>> {
    let mut set = JoinSet::new();
    for _ in 0..calls {
        let (connector, auth) = (connector.clone(), auth.clone());
        set.spawn(async move { connector.invoke(&auth, Call::new("me")).await });
    }
    set.join_all().await
}

/// An auth with more fields.
fn with(auth: &Auth, more: Value) -> Auth {
    let mut auth: Value = serde_json::from_str(auth.expose_json()).unwrap();
    auth.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    auth_of(&auth)
}

#[tokio::test]
async fn fresh_sandboxes_share_one_sign_in() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    for _ in 0..2 {
        assert!(at_once(&connector, &auth, 20).await.iter().all(Result::is_ok));
    }
    assert_eq!((asked(&looker, "POST", "/login"), asked(&looker, "GET", "/user")), (1, 40));
    // Kept sandboxes and downloads share it too.
    let mut kept = connector.sandbox().await.unwrap();
    kept.invoke(&auth, Call::new("me")).await.unwrap();
    let mut download = connector.open(&auth, Call::new("me")).await.unwrap();
    assert!(!download.read(1024).await.unwrap().is_empty());
    assert_eq!(asked(&looker, "POST", "/login"), 1);
    // Sharing can be turned off.
    let rule: Rule = looker.base_url().parse().unwrap();
    let alone = builder().await.allow_requested_hosts([rule]).sessions(false).build().await.unwrap();
    assert!(at_once(&alone, &auth, 3).await.iter().all(Result::is_ok));
    assert_eq!(asked(&looker, "POST", "/login"), 4);
}

#[tokio::test]
async fn expired_session_is_renewed_once_for_all_calls() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    looker.expire_tokens();
    assert!(at_once(&connector, &auth, 20).await.iter().all(Result::is_ok));
    assert_eq!(asked(&looker, "POST", "/login"), 2);
    // Looker refuses the expired token before it acts, so the write happens once.
    looker.expire_tokens();
    let output = connector.invoke(&auth, Call::new("create_user").input(r#"{"first_name": "Grace"}"#)).await.unwrap();
    assert_eq!(json_of(output)["first_name"], "Grace");
    let users = connector.invoke(&auth, Call::new("search_users").input(r#"{"first_name": "Grace"}"#)).await.unwrap();
    // Grace Hopper exists from the start.
    assert_eq!(json_of(users).as_array().unwrap().len(), 2);
    assert_eq!((asked(&looker, "POST", "/login"), asked(&looker, "POST", "/users")), (3, 2));
}

#[tokio::test]
async fn session_is_renewed_before_it_expires() {
    let looker = PracticeLooker::builder().token_lifetime(Duration::from_secs(1)).start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(950)).await;
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    // No request was refused.
    assert_eq!((asked(&looker, "POST", "/login"), asked(&looker, "GET", "/user")), (2, 2));
}

#[tokio::test]
async fn refused_new_session_is_not_renewed_again() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    looker.fail_on("GET", "/user", 9, Fault::status(401));
    let failure = connector.invoke(&auth, Call::new("me")).await.unwrap_err();
    assert_eq!(failure.problem().reason, Reason::Unauthenticated);
    assert_eq!(asked(&looker, "POST", "/login"), 1);
    let failure = connector.invoke(&auth, Call::new("me")).await.unwrap_err();
    assert_eq!(failure.problem().reason, Reason::Unauthenticated);
    assert_eq!(asked(&looker, "POST", "/login"), 2);
}

#[tokio::test]
async fn wrong_secret_is_tried_once_for_all_waiting_calls() {
    let looker = PracticeLooker::start().unwrap();
    let connector = connector_to(&looker).await;
    let wrong = wrong_auth(&looker);
    looker.fail_on("POST", "/login", 1, Fault::Delay(Duration::from_millis(300)));
    for outcome in at_once(&connector, &wrong, 20).await {
        let problem = outcome.unwrap_err().problem();
        assert_eq!((problem.reason, problem.request_sent), (Reason::Unauthenticated, false));
    }
    assert_eq!((asked(&looker, "POST", "/login"), asked(&looker, "GET", "/user")), (1, 0));
    // The failure affects neither the right secret nor later calls.
    connector.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    connector.invoke(&wrong, Call::new("me")).await.unwrap_err();
    assert_eq!(asked(&looker, "POST", "/login"), 3);
}

#[tokio::test]
async fn user_and_workspace_apply_in_every_sandbox_and_after_renewal() {
    let looker = PracticeLooker::start().unwrap();
    let connector = connector_to(&looker).await;
    let auth = with(&auth(&looker), json!({"run_as_user_id": "3", "workspace": "dev"}));
    for _ in 0..2 {
        for _ in 0..2 {
            assert_eq!(json_of(connector.invoke(&auth, Call::new("me")).await.unwrap())["id"], "3");
            assert_eq!(json_of(connector.invoke(&auth, Call::new("session")).await.unwrap())["workspace_id"], "dev");
        }
        looker.expire_tokens();
    }
    assert_eq!((asked(&looker, "POST", "/login"), asked(&looker, "PATCH", "/session")), (2, 2));
}

#[tokio::test]
async fn operations_that_need_the_secret_get_it() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    let token = json_of(connector.invoke(&auth, Call::new("login")).await.unwrap());
    assert!(looker.tokens().contains(&token["access_token"].as_str().unwrap().to_owned()));
    // A wrong input is reported as such.
    let problem = connector.invoke(&auth, Call::new("user")).await.unwrap_err().problem();
    assert_eq!((problem.reason, problem.request_sent), (Reason::InvalidInput, false));
}

#[tokio::test]
async fn replaced_refresh_token_is_reported() {
    let looker = PracticeLooker::start().unwrap();
    let connector = connector_to(&looker).await;
    let refresh =
        |token: String| auth_of(&json!({"domain": looker.base_url(), "client_id": "app", "refresh_token": token}));
    let auth = refresh(looker.refresh_token("app"));
    assert!(connector.renewed_auth(&auth).is_none());
    for _ in 0..3 {
        assert_eq!(json_of(connector.invoke(&auth, Call::new("me")).await.unwrap())["id"], "1");
        looker.expire_tokens();
    }
    assert_eq!(asked(&looker, "POST", "/api/token"), 3);
    // A new host needs the new token.
    let renewed = connector.renewed_auth(&auth).unwrap();
    let later = connector_to(&looker).await;
    assert_eq!(later.invoke(&auth, Call::new("me")).await.unwrap_err().problem().reason, Reason::Unauthenticated);
    later.invoke(&renewed, Call::new("me")).await.unwrap();
}

#[tokio::test]
async fn check_auth_signs_in_anew() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    connector.check_auth(&auth).await.unwrap();
    assert_eq!(asked(&looker, "POST", "/login"), 2);
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    assert_eq!(asked(&looker, "POST", "/login"), 2);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    connector.sign_out(&auth).await.unwrap();
    assert!(looker.requests().is_empty());
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    let token = looker.tokens().pop().unwrap();
    connector.sign_out(&auth).await.unwrap();
    assert_eq!(asked(&looker, "DELETE", "/logout"), 1);
    let by_token = auth_of(&json!({"domain": looker.base_url(), "access_token": token}));
    assert_eq!(
        connector.invoke(&by_token, Call::new("me")).await.unwrap_err().problem().reason,
        Reason::Unauthenticated
    );
    connector.invoke(&auth, Call::new("me")).await.unwrap();
    assert_eq!(asked(&looker, "POST", "/login"), 2);
}

#[tokio::test]
async fn session_has_no_secret_and_works_elsewhere() {
    let looker = PracticeLooker::start().unwrap();
    let (connector, auth) = (connector_to(&looker).await, auth(&looker));
    let session = connector.sign_in(&auth).await.unwrap();
    let token = looker.tokens().pop().unwrap();
    assert!(session.auth.expose_json().contains(&token));
    assert!(!session.auth.expose_json().contains(looker.client_secret()));
    assert!(!format!("{session:?}").contains(&token));
    assert!(session.lifetime.is_some_and(|time| time > Duration::from_secs(3000)));
    let elsewhere = connector_to(&looker).await;
    elsewhere.invoke(&session.auth, Call::new("me")).await.unwrap();
    assert_eq!(asked(&looker, "POST", "/login"), 1);
}

#[tokio::test]
async fn slow_sign_in_ends_with_the_call_timeout() {
    let looker = PracticeLooker::start().unwrap();
    let rule: Rule = looker.base_url().parse().unwrap();
    let limits = Limits::default().with_call_timeout(Duration::from_millis(200));
    let connector = builder().await.allow_requested_hosts([rule]).limits(limits).build().await.unwrap();
    // One fault for each call: when one times out, the other may send the login again.
    looker.fail_on("POST", "/login", 2, Fault::NeverRespond);
    for outcome in at_once(&connector, &auth(&looker), 2).await {
        let failure = outcome.unwrap_err();
        // The call itself was not sent, so it can be repeated.
        assert!(failure.is_retryable(), "{failure:?}");
    }
    looker.clear_faults();
    connector.invoke(&auth(&looker), Call::new("me")).await.unwrap();
}
