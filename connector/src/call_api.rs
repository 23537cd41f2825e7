//! `call_api`: any method and path below `/api/4.0`, for what a newer Looker has and the catalog does not.
//!
//! Looker has no operation of that name. Once its request is known, a call goes the way of all others: the same token,
//! the same failures, the same rules for retries.

use crate::catalog::{Cost, Effect, Format, Method, Operation, Response, Stability, Type};
use crate::failure::{FieldProblems, Reason, Result};
use crate::input::{Input, Kind};
use crate::request::{Content, Parts, has_dot_segment, parameter_text, percent_decode, percent_encode, query_string};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The name of the operation.
pub const NAME: &str = "call_api";

/// The JSON Schema of its input.
pub const INPUT_SCHEMA: &str = include_str!("call_api/input.json");

/// The JSON Schema of its output, which can be anything.
pub const OUTPUT_SCHEMA: &str =
    r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Looker's response"}"#;

const FIELDS: [&str; 4] = ["method", "path", "query", "body"];

/// The operation as a list shows it: with the most severe effect that a call can have, and not idempotent.
pub static OPERATION: Operation = Operation {
    name: NAME,
    title: "Call any API path",
    help: "Sends any request below /api/4.0, for what a newer Looker has and this list does not.",
    group: "Any request",
    method: Method::Post,
    path: "",
    effect: Effect::Delete,
    stability: Stability::Stable,
    cost: Cost::Administration,
    since: None,
    parameters: &[],
    body: None,
    responses: &[Response { status: 200, media_types: &["application/json"], kind: Type::Any }],
};

/// Returns the operation as one call carries it out, with that call's method and effect, and the request.
pub fn prepare(input: &Input) -> Result<(Operation, Parts)> {
    let mut problems = FieldProblems::default();
    for (name, _) in input.fields().filter(|(name, _)| !FIELDS.contains(name)) {
        problems.add(name, "unknown", format!("{NAME} has no input {name}: it takes {}.", FIELDS.join(", ")));
    }
    let method = method(input, &mut problems);
    let mut target = path(input, &mut problems);
    if let Some(query) = query(input, &mut problems).filter(|query| !query.is_empty()) {
        target.push('?');
        target.push_str(&query);
    }
    let body = input.get("body").map(|body| Content::json(body.get().to_owned()));
    if body.is_some() && method == Some(Method::Get) {
        problems.add("body", "invalid", "A request with the method GET has no body: use query instead.");
    }
    problems.into_result(Reason::InvalidInput)?;
    let method = method.unwrap_or(Method::Get);
    let operation = Operation { method, effect: effect(method), ..OPERATION.clone() };
    Ok((operation, Parts::own(method, &target, body)))
}

fn effect(method: Method) -> Effect {
    match method {
        Method::Get => Effect::Read,
        Method::Delete => Effect::Delete,
        Method::Post | Method::Put | Method::Patch => Effect::Write,
    }
}

fn text(input: &Input, field: &str, problems: &mut FieldProblems) -> Option<String> {
    let text = input.get(field).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    if text.is_none() {
        let code = if input.get(field).is_none() { "missing" } else { "invalid" };
        problems.add(field, code, format!("{NAME} needs {field} as text, such as {}.", example(field)));
    }
    text
}

fn example(field: &str) -> &'static str {
    if field == "method" { "GET" } else { "/users/5" }
}

fn method(input: &Input, problems: &mut FieldProblems) -> Option<Method> {
    let text = text(input, "method", problems)?;
    let methods = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
    let method = methods.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(&text));
    if method.is_none() {
        problems.add("method", "invalid", "method must be GET, POST, PUT, PATCH or DELETE.");
    }
    method
}

/// The path below `/api/4.0`, encoded. Encoded characters stay as they are.
fn path(input: &Input, problems: &mut FieldProblems) -> String {
    let Some(written) = text(input, "path", problems) else { return String::new() };
    let below = written.strip_prefix("/api/4.0").unwrap_or(&written);
    let mut path = String::with_capacity(below.len() + 8);
    for segment in below.strip_prefix('/').unwrap_or(below).split('/') {
        // A proxy may resolve dots, even encoded ones, and so leave the API.
        let decoded = percent_decode(segment);
        match decoded.as_deref() {
            None => problems.add("path", "invalid", format!("path has a broken percent encoding in {segment}.")),
            Some(text) if text.is_empty() || has_dot_segment(text) => {
                problems.add(
                    "path",
                    "invalid",
                    "path must have no empty segment and no segment . or ..: write /users/5.",
                );
            }
            Some(_) if segment.contains(['?', '#']) => {
                problems.add("path", "invalid", "path must not contain ? or #: put parameters into query.");
            }
            Some(text) => {
                path.push('/');
                path.push_str(&percent_encode(text));
                continue;
            }
        }
        break;
    }
    path
}

fn query(input: &Input, problems: &mut FieldProblems) -> Option<String> {
    let query = input.get("query")?;
    let parameters = match Kind::of(query) {
        Kind::Object => Input::parse(query.get()).ok(),
        _ => None,
    };
    let Some(parameters) = parameters else {
        problems.add("query", "invalid", "query must be an object of parameters, such as {\"fields\": \"id\"}.");
        return None;
    };
    let mut pairs = Vec::new();
    for (name, value) in parameters.fields().filter(|(_, value)| Kind::of(value) != Kind::Null) {
        match parameter_text(kind(value), value) {
            Ok(text) => pairs.push((name, text)),
            Err(expected) => problems.add("query", "invalid", format!("{name} in query must be {expected}.")),
        }
    }
    Some(query_string(pairs.iter().map(|(name, text)| (*name, text.as_str()))))
}

/// How a value is written without a description of its type: lists joined by commas, objects as JSON, the rest as text.
fn kind(value: &RawValue) -> &'static Type {
    const TEXT: Type = Type::String(Format::Text);
    match Kind::of(value) {
        Kind::Array if Vec::<&RawValue>::deserialize(value).is_ok() => &Type::Array(&TEXT),
        Kind::Object => &Type::Map(&Type::Any),
        _ => &TEXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(input: &str) -> String {
        let (operation, parts) = prepare(&Input::parse(input).unwrap()).unwrap();
        let body = parts.body.as_ref().map_or("", |body| std::str::from_utf8(&body.bytes).unwrap());
        assert_eq!(operation.method, parts.method);
        format!("{} {} {body}", parts.method.as_str(), parts.target)
    }

    fn refused(input: &str) -> Vec<String> {
        let failure = prepare(&Input::parse(input).unwrap()).err().unwrap();
        assert_eq!(failure.problem().reason, Reason::InvalidInput);
        failure.problem().fields.iter().filter_map(|field| field.field.clone()).collect()
    }

    #[test]
    fn builds_any_request() {
        assert_eq!(line(r#"{"method": "get", "path": "/users/5"}"#), "GET /api/4.0/users/5 ");
        assert_eq!(line(r#"{"method": "GET", "path": "users"}"#), "GET /api/4.0/users ");
        assert_eq!(line(r#"{"method": "DELETE", "path": "/api/4.0/users/a%2Fb"}"#), "DELETE /api/4.0/users/a%2Fb ");
        assert_eq!(line(r#"{"method": "GET", "path": "/users/ü b+c"}"#), "GET /api/4.0/users/%C3%BC%20b%2Bc ");
        assert_eq!(
            line(
                r#"{"method": "POST", "path": "/new", "query": {"a": [1, "b"], "c": true, "d": null, "e&": {"x": 1}}, "body": [1.10]}"#
            ),
            "POST /api/4.0/new?a=1%2Cb&c=true&e%26=%7B%22x%22%3A%201%7D [1.10]"
        );
    }

    #[test]
    fn paths_outside_the_api_are_refused() {
        for path in [
            "/users/../../x",
            "/..",
            "/%2e%2E/x",
            "//evil",
            "/users/?a=1",
            "/a#b",
            "/users/..%2f..%2fx",
            "/users/..;/x",
            "/users/%252e%252e",
            "/a%5c..",
            "/users/%zz",
            "",
            "/",
            "/a//b",
        ] {
            assert_eq!(refused(&format!(r#"{{"method": "GET", "path": "{path}"}}"#)), ["path"], "{path}");
        }
    }

    #[test]
    fn every_wrong_input_is_named() {
        assert_eq!(refused("{}"), ["method", "path"]);
        assert_eq!(refused(r#"{"method": "HEAD", "path": 5, "querry": 1}"#), ["querry", "method", "path"]);
        assert_eq!(refused(r#"{"method": "GET", "path": "/x", "query": "a=1"}"#), ["query"]);
        assert_eq!(refused(r#"{"method": "GET", "path": "/x", "body": {}}"#), ["body"]);
    }

    #[test]
    fn the_schema_gives_effect_and_idempotence_for_each_method() {
        let schema: serde_json::Value = serde_json::from_str(INPUT_SCHEMA).unwrap();
        let method = &schema["properties"]["method"];
        let idempotent = &schema["x-idempotent"];
        assert_eq!(idempotent["required"], serde_json::json!(["method"]));
        for name in method["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()) {
            let input = format!(r#"{{"method": "{name}", "path": "/x"}}"#);
            let (operation, _) = prepare(&Input::parse(&input).unwrap()).unwrap();
            let effect = match operation.effect {
                Effect::Read => "read",
                Effect::Write => "write",
                Effect::Delete => "delete",
            };
            assert_eq!(method["x-effect"][name], effect, "{name}");
            let listed = idempotent["properties"]["method"]["enum"].as_array().unwrap().contains(&name.into());
            assert_eq!(listed, operation.is_idempotent(), "{name}");
        }
        assert_eq!(method["x-effect"].as_object().unwrap().len(), method["enum"].as_array().unwrap().len());
    }

    #[test]
    fn the_list_shows_the_most_severe_effect() {
        assert_eq!((OPERATION.effect, OPERATION.is_idempotent()), (Effect::Delete, false));
        let schema: serde_json::Value = serde_json::from_str(INPUT_SCHEMA).unwrap();
        assert_eq!((&schema["title"], &schema["description"]), (&OPERATION.title.into(), &OPERATION.help.into()));
    }

    #[test]
    fn get_put_and_delete_are_idempotent() {
        let is_idempotent = |method: &str| {
            let input = format!(r#"{{"method": "{method}", "path": "/x"}}"#);
            prepare(&Input::parse(&input).unwrap()).unwrap().0.is_idempotent()
        };
        assert!(is_idempotent("GET") && is_idempotent("PUT") && is_idempotent("DELETE"));
        assert!(!is_idempotent("POST") && !is_idempotent("PATCH"));
    }
}
