//! The engine under random auths, operations, inputs and answers: it never panics, never waits for ever, and every failure
//! it gives is one that a person can read.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p looker-connector random` runs a million cases.

use super::*;
use crate::catalog::Type;
use crate::scripted::Scripted;
use crate::transport::TransportErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

/// Any JSON, a few levels deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// Texts that have bitten somebody, and any other.
fn text() -> impl Strategy<Value = String> {
    let known =
        ["", ".", "..", "/", "%2F", "a b", "ü", "true", "5", "5.0", "1e400", "null", "{}", "[1]", "\u{0}", "\u{feff}"];
    prop_oneof![3 => select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,24}"]
}

fn auth() -> impl Strategy<Value = String> {
    let known = [
        r#"{"domain": "looker.example.com", "client_id": "i", "client_secret": "the-secret"}"#,
        r#"{"domain": "looker.example.com", "access_token": "the-secret", "workspace": "dev"}"#,
        r#"{"domain": "mycompany", "client_id": "i", "client_secret": "the-secret", "run_as_user_id": "5"}"#,
    ];
    let fields =
        ["domain", "client_id", "client_secret", "region", "port", "access_token", "run_as_user_id", "workspace"];
    let made = vec((select(fields.to_vec()), json()), 0..6).prop_map(|pairs| {
        let fields = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(Map::from_iter(fields)).to_string()
    });
    prop_oneof![6 => select(known.to_vec()).prop_map(str::to_owned), 2 => made, 1 => ".{0,40}"]
}

/// An operation, and an input of its own names with any values, or of any names.
fn call() -> impl Strategy<Value = (String, String)> {
    let known = (0..OPERATIONS.len()).prop_flat_map(|index| {
        let operation = &OPERATIONS[index];
        let mut names: Vec<&'static str> = operation.parameters.iter().map(|parameter| parameter.input).collect();
        if let Some(body) = &operation.body {
            match body.kind {
                Type::Model(model) => names.extend(model.properties.iter().map(|property| property.name)),
                _ => names.push("body"),
            }
        }
        names.push("no_such_input");
        let all: Vec<_> =
            names.iter().map(|name| (Just((*name).to_owned()), proptest::option::weighted(0.7, json()))).collect();
        all.prop_map(|fields| {
            let given = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Value::Object(Map::from_iter(given)).to_string()
        })
        .prop_map(move |input| (operation.name.to_owned(), input))
    });
    let simple = (0..OPERATIONS.len(), select(vec!["1", "json", "a/b", "ü"])).prop_map(|(index, value)| {
        let operation = &OPERATIONS[index];
        let required = operation.parameters.iter().filter(|parameter| parameter.required);
        let fields = required.map(|parameter| (parameter.input.to_owned(), Value::from(value)));
        (operation.name.to_owned(), Value::Object(Map::from_iter(fields)).to_string())
    });
    let custom = json().prop_map(|input| ("call_api".to_owned(), input.to_string()));
    let any = (text(), text());
    prop_oneof![3 => known, 4 => simple, 1 => custom, 1 => any]
}

/// One answer of a server that may be anything.
#[derive(Debug, Clone)]
enum Reply {
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    Error(TransportErrorKind),
}

fn reply() -> impl Strategy<Value = Reply> {
    let types = [
        "application/json",
        "text/csv",
        "text/html",
        "image/png",
        "application/pdf",
        "",
        "x",
        "application/problem+json;q",
    ];
    let bodies = [
        &b"{}"[..],
        b"[]",
        b"null",
        b"[{\"looker_error\": \"x\"}]",
        b"{\"errors\": [1, {\"message\": null}], \"data\": []}",
        b"{\"message\": [], \"errors\": {\"a\": 1}}",
        b"{\"access_token\": \"the-token\", \"expires_in\": 3600}",
        b"{\"access_token\": \"\", \"expires_in\": 18446744073709551615}",
        b"<html><title>\xff</title",
        b"\xef\xbb\xbf[1, 2",
    ];
    let body = prop_oneof![3 => select(bodies.to_vec()).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..64)];
    let extra = (select(vec!["link", "retry-after", "content-disposition", "content-length"]), header())
        .prop_map(|(name, value)| (name.to_owned(), value));
    let head = (select(types.to_vec()), vec(extra, 0..3)).prop_map(|(kind, mut headers)| {
        headers.push(("content-type".to_owned(), kind.to_owned()));
        headers
    });
    let status = prop_oneof![4 => select(vec![200, 200, 202, 204, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 302]), 1 => 100..=599u16];
    use TransportErrorKind::{Broken, Certificate, Denied, Garbled, NotConnected, Timeout, TooLarge};
    let error = select(vec![Broken, Certificate, Denied, Garbled, NotConnected, Timeout, TooLarge]);
    prop_oneof![
        6 => (status, head, body).prop_map(|(status, headers, body)| Reply::Answer(status, headers, body)),
        1 => error.prop_map(Reply::Error),
    ]
}

fn header() -> impl Strategy<Value = String> {
    let known = [
        "<https://x/?offset=1&limit=2>; rel=\"next\"",
        "<?%ff=%>; rel=next",
        "<<>; rel",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "99999999999999999999",
        "18446744073709551615",
        "attachment; filename*=UTF-8''%zz",
        "attachment; filename=\"",
    ];
    prop_oneof![2 => select(known.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{0,30}"]
}

fn script(replies: Vec<Reply>) -> Scripted {
    replies.into_iter().fold(Scripted::default(), |script, reply| match reply {
        Reply::Answer(status, headers, body) => {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            script.answer(status, &headers, &body)
        }
        Reply::Error(kind) => script.error(kind),
    })
}

/// The failure is in order: it says something, and nothing that is secret.
fn check(failure: &Failure) -> std::result::Result<(), TestCaseError> {
    let problem = failure.problem();
    prop_assert!(!problem.message.trim().is_empty());
    prop_assert!(
        !problem.message.contains("the-secret") && !problem.message.contains("the-token"),
        "{}",
        problem.message
    );
    if let Failure::Retryable(problem) = failure {
        prop_assert!(
            !matches!(
                problem.reason,
                Reason::InvalidAuth | Reason::InvalidInput | Reason::UnknownOperation | Reason::Unauthenticated
            ),
            "{problem:?}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(auth in auth(), (operation, input) in call(), replies in vec(reply(), 16)) {
        let mut engine = Engine::new(script(replies));
        match engine.invoke(&auth, &operation, &input) {
            Err(failure) => check(&failure)?,
            Ok(Output { body: OutputBody::Json(document), next }) => {
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&document).is_ok());
                if let Some(next) = next {
                    prop_assert!(Input::parse(&next).is_ok(), "{next}");
                }
            }
            Ok(_) => {}
        }
        let waited: Duration = engine.platform.waits.iter().sum();
        prop_assert!(waited <= Duration::from_secs(30), "waited {waited:?}");
    }

    #[test]
    fn no_stream_makes_it_panic(auth in auth(), replies in vec(reply(), 16), most in 0..100usize) {
        let mut engine = Engine::new(script(replies));
        match engine.open(&auth, "run_query", r#"{"query_id": "1", "result_format": "json"}"#) {
            Err(failure) => check(&failure)?,
            Ok(mut download) => while let Ok(piece) = download.read(most) {
                if piece.is_empty() {
                    break;
                }
                prop_assert!(piece.len() <= most.max(1));
            },
        }
    }
}
