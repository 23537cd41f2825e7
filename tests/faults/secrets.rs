//! Servers that send back the secret or the token: no failure shows it, in whatever encoding it comes back, wherever the
//! message is cut.

use crate::raw::{Greeting, Plan, RawServer, Step, TOKEN};
use connector_host::{Call, Failure};
use integration_tests::{auth_of, builder, policy};
use serde_json::json;

/// A client secret that every encoding changes.
const SECRET: &str = "s3cr+t/4ä\"q\\=& end";
const CLIENT_ID: &str = "raw-client";

/// The length at which the connector cuts messages of Looker's, in characters.
const CUT: usize = 2_000;

/// The secrets as a server may send them back: plain and in each encoding.
fn encoded_secrets() -> Vec<String> {
    let percent = |text: &str, keep: fn(u8) -> bool| -> String {
        text.bytes()
            .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let percent_encoded = percent(SECRET, unreserved);
    let form_encoded = percent_encoded.replace("%20", "+");
    let json_escaped = json!(SECRET).to_string().trim_matches('"').to_owned();
    let ascii_json_escaped = json_escaped.replace('ä', "\\u00e4");
    vec![
        TOKEN.to_owned(),
        SECRET.to_owned(),
        percent_encoded.to_lowercase(),
        percent_encoded,
        form_encoded,
        json_escaped.replace('/', "\\/"),
        json_escaped,
        ascii_json_escaped,
        // The credentials as HTTP's basic authentication has them, and the secret alone.
        "cmF3LWNsaWVudDpzM2NyK3QvNMOkInFcPSYgZW5k".to_owned(),
        "czNjcit0LzTDpCJxXD0mIGVuZA".to_owned(),
    ]
}

/// Who signs in. Where the host shares sign-ins, the connector is called with a token and does not know the secret, so it is
/// the host that hides it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum SignsIn {
    Connector,
    Host,
}

/// Calls `create_user` on a server with this response; the failure.
async fn failure(signs_in: SignsIn, status: u16, media_type: &str, body: &str) -> Failure {
    let length = body.len();
    let response =
        format!("HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}")
            .into_bytes();
    // The server's script lives as long as the process.
    let steps: &'static [Step] = Box::leak(Box::new([Step::Write(Box::leak(response.into_boxed_slice()))]));
    let plan = Plan { greeting: Greeting::Http, login: &[], answer: steps, elsewhere: String::new() };
    let server = RawServer::start(plan).await;
    let address = format!("http://{}", server.address);
    let auth = auth_of(&json!({"domain": address, "client_id": CLIENT_ID, "client_secret": SECRET}));
    let builder = builder().await.policy(policy([address.as_str()])).sessions(signs_in == SignsIn::Host);
    let connector = builder.build().await.unwrap();
    let call = || connector.invoke(&auth, Call::new("create_user").input("{}"));
    let first = call().await.unwrap_err();
    assert_eq!(server.asked(), 1, "{first:?}");
    // The next call, which finds a session.
    let failure = call().await.unwrap_err();
    assert_eq!(super::words(&failure), super::words(&first));
    failure
}

#[tokio::test]
async fn secrets_that_a_server_sends_back_are_hidden_in_every_encoding() {
    for secret in encoded_secrets() {
        let bodies = [
            (422, "application/json", json!({"message": format!("not {secret} again")}).to_string()),
            (
                422,
                "application/json",
                json!({"message": "x", "errors": [{"field": secret, "code": secret, "message": secret}]}).to_string(),
            ),
            (400, "application/json", json!({"error": {"detail": [secret]}}).to_string()),
            (500, "text/plain", format!("upstream said {secret} and failed")),
            (502, "text/html", format!("<html><head><title>refused {secret}</title></head></html>")),
        ];
        for ((status, media_type, body), signs_in) in
            bodies.iter().flat_map(|body| [(body, SignsIn::Connector), (body, SignsIn::Host)])
        {
            let failure = failure(signs_in, *status, media_type, body).await;
            let words =
                format!("{}\n{:?}\n{}", super::words(&failure), failure, serde_json::to_string(&failure).unwrap());
            assert!(!words.contains(&secret), "{secret} as {media_type} is shown ({signs_in:?} signs in): {words}");
        }
    }
}

#[tokio::test]
async fn secrets_are_hidden_before_messages_are_cut() {
    for before in [CUT - 1, CUT - 5, CUT - SECRET.chars().count() + 1, CUT - 10, CUT - 400] {
        let body = json!({"message": format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(400))}).to_string();
        for signs_in in [SignsIn::Connector, SignsIn::Host] {
            let words = super::words(&failure(signs_in, 422, "application/json", &body).await);
            assert!(!words.contains(&SECRET[..4]), "after {before} characters: {}", &words[before..]);
        }
    }
}
