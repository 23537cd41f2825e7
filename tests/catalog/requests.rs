//! Requests as Looker receives them.

use connector_host::Call;
use integration_tests::{Practice, auth, auth_of, builder, connector_to};
use practice_looker::{PracticeLooker, RecordedRequest};
use serde_json::{Value, json};

/// The last request that a practice Looker received.
fn last(looker: &PracticeLooker) -> RecordedRequest {
    looker.requests().pop().unwrap()
}

#[tokio::test]
async fn values_in_maps_are_converted_as_described() {
    let mut practice = Practice::start().await;
    let query = |filters: Value| json!({"model": "thelook", "view": "orders", "fields": ["orders.id"], "filters": filters, "result_format": "json"});
    for (given, sent) in [
        (json!({"orders.id": 1}), json!({"orders.id": "1"})),
        (json!({"orders.id": -2.5, "orders.city": "Graz"}), json!({"orders.id": "-2.5", "orders.city": "Graz"})),
        (json!({"orders.is_paid": true}), json!({"orders.is_paid": "true"})),
        (json!({"orders.id": 12345678901234567890_u64}), json!({"orders.id": "12345678901234567890"})),
        (json!({"orders.id": null}), json!({"orders.id": null})),
        (json!({}), json!({})),
    ] {
        practice.looker.clear_requests();
        // Whether the query succeeds does not matter here.
        let _ = practice.call("run_inline_query", query(given.clone())).await;
        let request = last(&practice.looker);
        assert_eq!(request.json().unwrap()["filters"], sent, "{given}");
    }
}

#[tokio::test]
async fn login_has_a_content_length_unless_the_secret_comes_from_the_environment() {
    let looker = PracticeLooker::start().unwrap();
    connector_to(&looker).await.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    let login = looker.requests().into_iter().next().unwrap();
    assert_eq!(login.header("content-length"), Some(login.body.len().to_string().as_str()), "{login:?}");

    looker.clear_requests();
    let variables = [
        ("LOOKERSDK_BASE_URL", looker.base_url()),
        ("LOOKERSDK_CLIENT_ID", looker.client_id().to_owned()),
        ("LOOKERSDK_CLIENT_SECRET", looker.client_secret().to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let rule = looker.base_url().parse().unwrap();
    let connector = builder().await.environment(variables).allow_requested_hosts([rule]).build().await.unwrap();
    connector.invoke(&auth_of(&json!({})), Call::new("me")).await.unwrap();
    let login = looker.requests().into_iter().next().unwrap();
    // An engine replaces placeholders in the body, which changes its length.
    assert_eq!(
        (login.header("content-length"), login.header("transfer-encoding")),
        (None, Some("chunked")),
        "{login:?}"
    );
}

#[tokio::test]
async fn dot_segments_in_path_values_are_refused_in_every_disguise() {
    let mut practice = Practice::start().await;
    practice.call("me", json!({})).await.unwrap();
    practice.looker.clear_requests();
    for value in [
        "..",
        ".",
        "../groups",
        "a/..",
        "a/../b",
        "..%2fgroups",
        "..%2Fgroups",
        "%2e%2e",
        "%2E.",
        "..%5cgroups",
        "..\\groups",
        "..;x",
        "a/..;x=1/b",
    ] {
        let problem = practice.call("user", json!({"user_id": value})).await.map_err(|failure| failure.problem());
        // Whatever is sent must name a user and nothing else.
        match problem {
            Err(problem) if !problem.request_sent => {
                assert_eq!(problem.fields[0].field.as_deref(), Some("user_id"), "{value}: {problem:?}");
            }
            outcome => panic!("{value} was sent: {outcome:?}"),
        }
    }
    assert!(practice.looker.requests().is_empty());
}
