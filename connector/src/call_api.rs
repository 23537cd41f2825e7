//! `call_api`: any method and path under `/api/4.0`, for what a newer Looker has and the catalog does not.
//!
//! It is no operation of Looker's and so is in no list of them; it goes the same way as all others once its request is
//! known: the same token, the same failures, the same rules of what is tried again.

use crate::catalog::{Cost, Effect, Method, Operation, Response, Stability, Type};
use crate::failure::{FieldProblems, Reason, Result};
use crate::input::{Input, Kind};
use crate::request::{Call, Content, parameter_text, percent_decode, percent_encode, query_string};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Its name.
pub const NAME: &str = "call_api";

/// The JSON Schema of its input.
pub const INPUT_SCHEMA: &str = include_str!("call_api/input.json");

/// The JSON Schema of its output: anything.
pub const OUTPUT_SCHEMA: &str =
    r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"What Looker answers"}"#;

const FIELDS: [&str; 4] = ["method", "path", "query", "body"];

/// The operation as a list shows it, before it is known what it will do.
pub fn summary() -> Operation {
    operation(Method::Post)
}

/// The operation that a method makes of it, and its request.
pub fn prepare(input: &Input) -> Result<(Operation, Call)> {
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
        problems.add("body", "invalid", "body does not go with the method GET: put what it says into query.");
    }
    problems.into_result(Reason::InvalidInput)?;
    let method = method.unwrap_or(Method::Get);
    Ok((operation(method), Call::own(method, &target, body)))
}

fn operation(method: Method) -> Operation {
    Operation {
        name: NAME,
        title: "Call the API",
        help: "Sends any request under /api/4.0, for what a newer Looker has and this list does not.",
        group: "Other",
        method,
        path: "",
        effect: match method {
            Method::Get => Effect::Read,
            Method::Delete => Effect::Delete,
            Method::Post | Method::Put | Method::Patch => Effect::Write,
        },
        stability: Stability::Stable,
        cost: Cost::Administration,
        parameters: &[],
        body: None,
        responses: &[Response { status: 200, media_types: &["application/json"], kind: Type::Any }],
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

/// The path below `/api/4.0`, encoded. What is encoded already stays as it is.
fn path(input: &Input, problems: &mut FieldProblems) -> String {
    let Some(written) = text(input, "path", problems) else { return String::new() };
    let below = written.strip_prefix("/api/4.0").unwrap_or(&written);
    let mut path = String::with_capacity(below.len() + 8);
    for segment in below.strip_prefix('/').unwrap_or(below).split('/') {
        // A proxy on the way may resolve dots, however they are written, and so leave the API.
        let decoded = percent_decode(&segment.replace('+', "%2B"));
        match decoded.as_deref() {
            None => problems.add("path", "invalid", format!("path has a broken percent encoding in {segment}.")),
            Some("" | "." | "..") => {
                problems.add(
                    "path",
                    "invalid",
                    "path must not have empty segments, nor . or .. as one: write /users/5.",
                );
            }
            Some(_) if segment.contains(['?', '#']) => {
                problems.add("path", "invalid", "path must not have ? or #: parameters go into query.");
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

/// How a value is written that no description speaks of: lists joined by commas, objects as JSON, the rest as text.
fn kind(value: &RawValue) -> &'static Type {
    const TEXT: Type = Type::String(crate::catalog::Format::Text);
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
        let (operation, call) = prepare(&Input::parse(input).unwrap()).unwrap();
        let body = call.body.as_ref().map_or("", |body| std::str::from_utf8(&body.bytes).unwrap());
        assert_eq!(operation.method, call.method);
        format!("{} {} {body}", call.method.as_str(), call.target)
    }

    fn refused(input: &str) -> Vec<String> {
        let failure = prepare(&Input::parse(input).unwrap()).err().unwrap();
        assert_eq!(failure.problem().reason, Reason::InvalidInput);
        failure.problem().fields.iter().map(|field| field.field.clone()).collect()
    }

    #[test]
    fn any_request_can_be_made() {
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
    fn nothing_outside_the_api_is_reached() {
        for path in
            ["/users/../../x", "/..", "/%2e%2E/x", "//evil", "/users/?a=1", "/a#b", "/users/%zz", "", "/", "/a//b"]
        {
            assert_eq!(refused(&format!(r#"{{"method": "GET", "path": "{path}"}}"#)), ["path"], "{path}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refused("{}"), ["method", "path"]);
        assert_eq!(refused(r#"{"method": "HEAD", "path": 5, "querry": 1}"#), ["querry", "method", "path"]);
        assert_eq!(refused(r#"{"method": "GET", "path": "/x", "query": "a=1"}"#), ["query"]);
        assert_eq!(refused(r#"{"method": "GET", "path": "/x", "body": {}}"#), ["body"]);
    }

    #[test]
    fn only_what_is_safe_is_tried_again() {
        let safe = |method: &str| {
            let input = format!(r#"{{"method": "{method}", "path": "/x"}}"#);
            prepare(&Input::parse(&input).unwrap()).unwrap().0.is_safe()
        };
        assert!(safe("GET") && safe("PUT") && safe("DELETE"));
        assert!(!safe("POST") && !safe("PATCH"));
    }
}
