//! What the log says about a call, and what it never contains.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use practice_looker::PracticeLooker;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use support::command::host_harness;

fn practice(arguments: &[&str]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("host-harness").unwrap();
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command.args(["--practice"]).args(arguments).output().unwrap()
}

#[test]
fn spans_for_load_instantiate_call_and_each_exchange_as_json_lines() {
    let output = practice(&["--log", "connector_host=debug", "--log-format", "json", "invoke", "all_users"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let ended = |span: &str, message: &str| {
        let of_span = |event: &&Value| event["span"]["name"] == span && event["fields"]["message"] == message;
        let events: Vec<&Value> = events.iter().filter(of_span).collect();
        assert!(!events.is_empty(), "no {span} in {log}");
        for event in &events {
            assert!(event["fields"]["time_us"].is_u64() && event["level"] == "DEBUG", "{event}");
        }
        events.into_iter().cloned().collect::<Vec<Value>>()
    };
    assert!(ended("load", "loaded")[0]["span"]["bytes"].as_u64().is_some_and(|bytes| bytes > 100_000), "{log}");
    ended("instantiate", "instantiated");
    let calls = ended("call", "done");
    assert!(calls.iter().any(|call| call["span"]["function"] == "invoke"), "{log}");
    let exchanges = ended("http", "done");
    let [login, users] = &exchanges[..] else { panic!("{log}") };
    assert_eq!((&login["span"]["method"], &login["span"]["path"]), (&"POST".into(), &"/api/4.0/login".into()));
    assert_eq!((&users["span"]["method"], &users["span"]["path"]), (&"GET".into(), &"/api/4.0/users".into()));
    for exchange in exchanges {
        assert!(exchange["span"]["status"] == 200 && exchange["span"]["host"] == "127.0.0.1", "{exchange}");
        assert!(exchange["fields"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{exchange}");
        assert_eq!(exchange["spans"][0]["name"], "call", "{exchange}");
    }
}

/// The first line of a log that contains one of these texts.
fn line_with<'a>(log: &'a str, hidden: &[&str]) -> Option<&'a str> {
    log.lines().find(|line| hidden.iter().any(|text| line.contains(text)))
}

#[test]
fn no_level_logs_query_values_bodies_or_headers() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    let auth = json!({ "domain": address, "client_id": looker.client_id(), "client_secret": looker.client_secret() });
    let auth = auth.to_string();
    for format in ["text", "json"] {
        for (operation, input) in [
            ("search_users", r#"{"first_name": "marker-in-query%", "fields": "id,first_name"}"#),
            (
                "create_user",
                r#"{"first_name": "marker-in-body", "last_name": "marker-in-response", "fields": "id,last_name"}"#,
            ),
            ("me", "{}"),
        ] {
            looker.clear_requests();
            let log = ["--log", "trace,wasmtime_wasi_http=trace,hyper=trace", "--log-format", format];
            let call = ["invoke", operation, "--input", input, "--auth", &auth, "--allow-host", &address];
            let run = host_harness(&[&log[..], &call].concat());
            assert!(run.code == 0 && run.stderr.contains("/api/4.0/user"), "{}", run.stderr);

            let [login, request] = &looker.requests()[..] else { panic!("a login and a request") };
            let authorization = request.header("authorization").unwrap();
            let (scheme, token) = authorization.split_once(' ').unwrap();
            assert_eq!(Some(token), looker.tokens().last().map(String::as_str));
            let hidden = [
                // The scheme alone is an everyday word.
                &format!("{scheme} {}", &token[..8]),
                token,
                looker.client_secret(),
                "marker-in",
                "first_name",
                "last_name",
                "access_token",
            ];
            // The check finds what was really sent, so it would find it in the log.
            for sent in [authorization, &login.text(), &request.query, &request.text()] {
                assert!(sent.is_empty() || line_with(sent, &hidden).is_some(), "{sent}");
            }
            assert_eq!(line_with(&run.stderr, &hidden), None, "{operation} as {format}");
        }
    }
}

#[test]
fn ids_are_left_out_of_paths() {
    let output = practice(&["--log", "debug", "invoke", "user", "--input", r#"{"user_id": "7"}"#]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("/api/4.0/users/{}") && !log.contains("/users/7"), "{log}");
}

#[test]
fn a_format_without_a_level_is_wrong_usage() {
    let output = practice(&["describe", "--log-format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--log <LEVEL>"), "{output:?}");
}
