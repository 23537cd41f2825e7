//! What a call says of itself shows none of the secrets that its auth or its session holds; outputs are data.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{builder, no_auth, policy, request, server};
use connector_host::{Auth, Body, Call, Connector, Failure};
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;

const PASSWORD: &str = "op\u{e9}n/\"sesame\" & more";
const HOST: &str = "api.example.com";

/// The password as it may come back.
const ENCODED: [&str; 7] = [
    PASSWORD,
    "op%C3%A9n%2F%22sesame%22%20%26%20more",
    "op%c3%a9n/%22sesame%22+%26+more",
    r#"op\u00e9n\/\"sesame\" \u0026 more"#,
    "op&#xe9;n/&quot;sesame&quot; &amp; more",
    // base64 of the password, and of HOST:password.
    "b3DDqW4vInNlc2FtZSIgJiBtb3Jl",
    "YXBpLmV4YW1wbGUuY29tOm9ww6luLyJzZXNhbWUiICYgbW9yZQ",
];

fn auth() -> Auth {
    Auth::from_json(serde_json::json!({"host": HOST, "password": PASSWORD}).to_string()).unwrap()
}

/// All that a failure says.
fn words(failure: &Failure) -> String {
    let causes: Vec<String> = failure.causes().iter().map(ToString::to_string).collect();
    format!("{failure}\n{failure:?}\n{}\n{}", serde_json::to_string(failure).unwrap(), causes.join("\n"))
}

async fn say(connector: &Connector, auth: &Auth, text: &str) -> Failure {
    connector.invoke(auth, Call::new("say").input(text)).await.unwrap_err()
}

#[tokio::test]
async fn a_failure_shows_no_secret_in_any_of_its_texts() {
    // With sessions, the connector is called with the session's token and never sees the password again.
    for sessions in [false, true] {
        let connector = builder().sessions(sessions).build().await.unwrap();
        for encoded in ENCODED {
            let failure = say(&connector, &auth(), &format!("<{encoded}>")).await;
            let problem = failure.problem();
            let field = &problem.fields[0];
            for text in [Some(&problem.message), problem.resume.as_ref(), problem.documentation_url.as_ref()]
                .into_iter()
                .chain([field.field.as_ref(), Some(&field.code), Some(&field.message)])
            {
                assert_eq!(text.map(String::as_str), Some("<…>"), "{encoded}, sessions: {sessions}");
            }
            assert!(!words(&failure).contains(encoded), "{failure:?}");
        }
        let failure = say(&connector, &auth(), "the host api.example.com and opén").await;
        assert_eq!(failure.to_string(), "the host api.example.com and opén");
    }
}

#[tokio::test]
async fn the_token_of_a_session_and_a_renewed_auth_are_hidden_too() {
    let service = server(|mut stream| async move {
        request(&mut stream).await;
        let head = "HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: 13\r\n\r\n";
        stream.write_all(format!("{head}the-new-token").as_bytes()).await.unwrap();
    })
    .await;
    let auth =
        Auth::from_json(format!(r#"{{"login":"http://{service}/","refresh":"old-one","renew":"+new"}}"#)).unwrap();
    let connector = builder().sessions(true).policy(policy(&[&service.to_string()])).build().await.unwrap();
    // The second call uses the session that the first one began, in another sandbox.
    for _ in 0..2 {
        let failure = say(&connector, &auth, "the-new-token, old-one, old-one+new").await;
        assert_eq!(failure.to_string(), "…, …, …");
    }
}

#[tokio::test]
async fn a_crash_and_a_download_show_no_secret() {
    let connector = builder().sessions(true).build().await.unwrap();
    // The download's first step opens it, and a later one fails.
    let mut download = connector.open(&auth(), Call::new("count").input("1400000")).await.unwrap();
    let failure = download.read(1000).await.unwrap_err();
    assert_eq!(failure.to_string(), "The connection broke.");
    assert!(!words(&failure).contains(PASSWORD));
}

#[tokio::test]
async fn a_proxy_that_sends_the_password_back_is_not_quoted() {
    use connector_host::egress::proxy::Proxy;
    use connector_host::egress::transport::Transport;

    let proxy: SocketAddr = server(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 503 hunter2hunter2\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    })
    .await;
    let transport = Transport::new().with_proxy(Proxy::new(&proxy.to_string(), "").unwrap());
    let connector = builder().policy(policy(&["service.example.com"])).transport(transport).build().await.unwrap();
    let auth = Auth::from_json(r#"{"password": "hunter2hunter2"}"#).unwrap();
    let call = Call::new("get").input(r#"{"url":"https://service.example.com/"}"#);
    let failure = connector.invoke(&auth, call).await.unwrap_err();
    assert_eq!(failure.causes().len(), 1, "{failure:?}");
    assert!(!words(&failure).contains("hunter2"), "{}", words(&failure));
}

#[tokio::test]
async fn an_output_is_data_and_stays() {
    let connector = builder().sessions(true).build().await.unwrap();
    let input = serde_json::json!({ "text": PASSWORD }).to_string();
    let output = connector.invoke(&auth(), Call::new("echo").input(input.clone())).await.unwrap();
    assert!(matches!(output.body, Body::Json(json) if json == input));
}

#[tokio::test]
async fn a_failure_of_millions_of_bytes_is_not_kept() {
    let connector = builder().build().await.unwrap();
    let auth = no_auth();
    let talk = |input: &'static str| connector.invoke(&auth, Call::new("talk").input(input));
    let problem = talk(r#"{"bytes":2000000,"fields":3}"#).await.unwrap_err().problem();
    let left_out = "(a text of 2000000 bytes, which is more than 65536 and left out)";
    assert_eq!((problem.message.as_str(), problem.fields[2].message.as_str()), (left_out, left_out));
    assert_eq!((problem.resume, problem.documentation_url), (None, None));
    let problem = talk(r#"{"bytes":60000,"fields":500}"#).await.unwrap_err().problem();
    assert_eq!((problem.message.len(), problem.fields.len()), (60_000, 256));
    assert_eq!(problem.resume.map(|input| input.len()), Some(60_000));
}
