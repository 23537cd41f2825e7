//! Random auths, operations, inputs and responses for tests of the connector, native and as a component.
//!
//!
//! Most values are nearly valid, because the connector rejects completely invalid ones at once.

use looker_connector::catalog::{OPERATIONS, Type};
use looker_connector::jobs::DEFINITIONS;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

/// The secret in every auth that has one. No failure may show it.
pub const SECRET: &str = "the-secret";

/// The token that a successful login returns. No failure may show it.
pub const TOKEN: &str = "the-token";

/// The domains of the valid auths. A test with a server replaces them with its address.
pub const DOMAINS: [&str; 2] = ["looker.example.com", "mycompany"];

/// Any JSON value, a few levels deep.
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

/// Text: special cases that broke something before, and any other.
fn text() -> impl Strategy<Value = String> {
    let known =
        ["", ".", "..", "/", "%2F", "a b", "ü", "true", "5", "5.0", "1e400", "null", "{}", "[1]", "\u{0}", "\u{feff}"];
    prop_oneof![3 => select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,24}"]
}

/// An auth: a valid one, one with random fields, or any text.
pub fn auth() -> impl Strategy<Value = String> {
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
    prop_oneof![12 => select(known.to_vec()).prop_map(str::to_owned), 2 => made, 1 => ".{0,40}"]
}

/// An operation and its input: with its own field names and any values, or with any names.
pub fn call() -> impl Strategy<Value = (String, String)> {
    let known = (0..OPERATIONS.len()).prop_flat_map(|index| {
        let operation = &OPERATIONS[index];
        let mut names: Vec<&'static str> = operation.parameters.iter().map(|parameter| parameter.input).collect();
        if let Some(body) = &operation.body {
            match body.kind {
                Type::Model(model) => names.extend(model.properties.iter().map(|property| body.input_of(property))),
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
    let job = (0..DEFINITIONS.len()).prop_flat_map(|index| {
        let job = &DEFINITIONS[index];
        let schema: Value = serde_json::from_str(job.input_schema).unwrap_or_default();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let fields: Vec<_> = properties
            .into_iter()
            .map(|(name, field)| {
                let value = prop_oneof![9 => select(fitting(&field)), 1 => json()];
                (Just(name), proptest::option::weighted(0.5, value))
            })
            .collect();
        fields
            .prop_map(|fields| {
                let given = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
                Value::Object(Map::from_iter(given)).to_string()
            })
            .prop_map(move |input| (job.summary.name.to_owned(), input))
    });
    let custom = json().prop_map(|input| ("call_api".to_owned(), input.to_string()));
    let any = (text(), text());
    prop_oneof![2 => known, 8 => simple, 4 => job, 1 => custom, 1 => any]
}

/// Values that fit the schema of a field, or nearly.
fn fitting(field: &Value) -> Vec<Value> {
    if let Some(values) = field["enum"].as_array() {
        return values.clone();
    }
    match field["type"].as_str() {
        Some("boolean") => vec![true.into(), "false".into()],
        Some("integer" | "number") => vec![1.into(), "2".into(), 500.into(), (-1).into()],
        Some("array") => vec![Value::Array(fitting(&field["items"])), Value::Array(Vec::new())],
        Some("object") => {
            vec![Value::Object(Map::new()), Value::Object(Map::from_iter([("a".to_owned(), "1".into())]))]
        }
        _ => vec!["1".into(), 5.into(), "ada_l@example.com".into(), "a/b".into()],
    }
}

/// One response of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers. A `content-length` among them is rarely correct.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Any response.
pub fn answer() -> impl Strategy<Value = Answer> {
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
    (status, head, body).prop_map(|(status, headers, body)| Answer { status, headers, body })
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
