//! Sign-ins that sandboxes share: when a session is kept, replaced and ended.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{builder, policy, request, server};
use connector_host::{Auth, Body, Call, Connector, Reason};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

/// A service to sign in to. It gives each login a token of its own, numbered from 1, until it is told to refuse.
#[derive(Default)]
struct Service {
    logins: u32,
    /// The tokens with which somebody signed out.
    logouts: u32,
    refuses: bool,
}

/// Starts a service, which must be asked for nothing but logins and logouts.
async fn service() -> (SocketAddr, Arc<Mutex<Service>>) {
    let service = Arc::new(Mutex::new(Service::default()));
    let shared = Arc::clone(&service);
    let address = server(move |mut stream| {
        let shared = Arc::clone(&shared);
        async move {
            let head = request(&mut stream).await;
            let (status, text) = {
                let mut service = shared.lock().unwrap();
                if head.starts_with("GET /login ") {
                    service.logins += 1;
                } else {
                    assert!(head.starts_with("GET /logout "), "{head}");
                    service.logouts += 1;
                }
                (if service.refuses { 401 } else { 200 }, format!("token {}", service.logins))
            };
            let length = text.len();
            let answer = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{text}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    (address, service)
}

/// The auth of a user of this service.
fn auth(address: SocketAddr) -> Auth {
    Auth::from_json(format!(r#"{{"login":"http://{address}/login","logout":"http://{address}/logout"}}"#)).unwrap()
}

async fn connector_to(address: SocketAddr) -> Connector {
    builder().sessions(true).policy(policy(&[&address.to_string()])).build().await.unwrap()
}

/// The token of the session that a call is made with.
async fn token(connector: &Connector, auth: &Auth) -> String {
    let output = connector.invoke(auth, Call::new("show-auth")).await.unwrap();
    let Body::Json(json) = output.body else { panic!("{:?}", output.body) };
    let session: serde_json::Value = serde_json::from_str(&json).unwrap();
    session["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn many_calls_at_once_sign_in_once() {
    let (address, service) = service().await;
    let (connector, auth) = (connector_to(address).await, auth(address));
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let (connector, auth) = (connector.clone(), auth.clone());
        calls.spawn(async move { token(&connector, &auth).await });
    }
    assert!(calls.join_all().await.iter().all(|token| token == "token 1"));
    assert_eq!(service.lock().unwrap().logins, 1);
}

#[tokio::test]
async fn a_failed_connection_test_leaves_the_shared_session() {
    let (address, service) = service().await;
    let (connector, auth) = (connector_to(address).await, auth(address));
    assert_eq!(token(&connector, &auth).await, "token 1");
    service.lock().unwrap().refuses = true;
    let failure = connector.check_auth(&auth).await.unwrap_err();
    assert_eq!(failure.problem().reason, Reason::Unauthenticated);
    assert_eq!(service.lock().unwrap().logins, 2);
    // The session of before is as good as it was.
    assert_eq!(token(&connector, &auth).await, "token 1");
    assert_eq!(service.lock().unwrap().logins, 2);
    service.lock().unwrap().refuses = false;
    connector.check_auth(&auth).await.unwrap();
    assert_eq!(token(&connector, &auth).await, "token 3");
}

#[tokio::test]
async fn a_session_that_could_not_be_ended_is_not_used_and_is_ended_by_the_next_sign_out() {
    let (address, service) = service().await;
    let (connector, auth) = (connector_to(address).await, auth(address));
    connector.sign_out(&auth).await.unwrap();
    assert_eq!(token(&connector, &auth).await, "token 1");
    service.lock().unwrap().refuses = true;
    connector.sign_out(&auth).await.unwrap_err();
    service.lock().unwrap().refuses = false;
    assert_eq!(token(&connector, &auth).await, "token 2");
    connector.sign_out(&auth).await.unwrap();
    // The refused one, and then both.
    assert_eq!(service.lock().unwrap().logouts, 3);
    connector.sign_out(&auth).await.unwrap();
    assert_eq!(service.lock().unwrap().logouts, 3);
}

#[tokio::test]
async fn a_host_that_is_busy_forgets_no_session_at_a_sign_out() {
    let (address, service) = service().await;
    let host =
        connector_host::Host::builder().cache(connector_host::Cache::none()).concurrent_calls(1).build().unwrap();
    let component = connector_host::Component::from_file(&host, common::guest_file()).await.unwrap();
    let builder = Connector::builder(&host, &component).policy(policy(&[&address.to_string()]));
    let (connector, auth) = (builder.build().await.unwrap(), auth(address));
    token(&connector, &auth).await;
    {
        let _busy = connector.open(&auth, Call::new("count").input(r#"{"bytes":100}"#)).await.unwrap();
        assert!(connector.sign_out(&auth).await.unwrap_err().is_retryable());
    }
    connector.sign_out(&auth).await.unwrap();
    assert_eq!(service.lock().unwrap().logouts, 1);
}

/// What the embedder was told of renewed auths: the old one and the new one.
type Told = Arc<Mutex<Vec<(String, String)>>>;

async fn renewing() -> (Connector, Told) {
    let told = Told::default();
    let tell = Arc::clone(&told);
    let store = move |old: &Auth, new: &Auth| {
        tell.lock().unwrap().push((old.expose_json().to_owned(), new.expose_json().to_owned()));
    };
    (builder().sessions(true).on_renewed_auth(store).build().await.unwrap(), told)
}

#[tokio::test]
async fn a_renewed_auth_is_told_at_once_and_either_goes_on() {
    let (connector, told) = renewing().await;
    let json = |token: &str| format!(r#"{{"refresh":"{token}","renew":"+"}}"#);
    let (first, second) = (Auth::from_json(json("1")).unwrap(), Auth::from_json(json("1+")).unwrap());
    assert!(connector.renewed_auth(&first).is_none());
    token(&connector, &first).await;
    assert_eq!(*told.lock().unwrap(), [(json("1"), json("1+"))]);
    // Whoever has the new one already needs no sign-in of its own, which would void the first one's.
    for auth in [&first, &second] {
        token(&connector, auth).await;
        assert_eq!(told.lock().unwrap().len(), 1);
    }
    // Signing in anew uses the newest, whichever is given.
    connector.check_auth(&first).await.unwrap();
    connector.check_auth(&second).await.unwrap();
    let news: Vec<String> = told.lock().unwrap().iter().map(|(_, new)| new.clone()).collect();
    assert_eq!(news, [json("1+"), json("1++"), json("1+++")]);
    for auth in [&first, &second] {
        assert_eq!(connector.renewed_auth(auth).unwrap().expose_json(), json("1+++"));
    }
}

#[tokio::test]
async fn a_renewed_auth_that_differs_in_more_than_the_refresh_token_is_refused() {
    let (connector, told) = renewing().await;
    let auth = Auth::from_json(r#"{"refresh":"1","renew":"+","host":"a.example.com","renew_also":"host"}"#).unwrap();
    for _ in 0..2 {
        let failure = connector.invoke(&auth, Call::new("echo")).await.unwrap_err();
        assert!(failure.to_string().contains("only `refresh` may change"), "{failure}");
        assert!(connector.sign_in(&auth).await.unwrap_err().to_string().contains("only `refresh` may change"));
    }
    assert!(told.lock().unwrap().is_empty() && connector.renewed_auth(&auth).is_none());
}

#[tokio::test]
async fn a_session_has_a_size_limit() {
    let (connector, _) = renewing().await;
    let auth = |size: usize| Auth::from_json(format!(r#"{{"size":"{size}"}}"#)).unwrap();
    assert_eq!(token(&connector, &auth(60_000)).await.len(), 60_000);
    let failure = connector.invoke(&auth(70_000), Call::new("echo")).await.unwrap_err();
    assert!(failure.to_string().contains("more than 65536"), "{failure}");
}
