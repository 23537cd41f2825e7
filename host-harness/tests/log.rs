//! What the log tells of a call, and what it never shows.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn practice(arguments: &[&str]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("host-harness").unwrap();
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command.args(["--practice"]).args(arguments).output().unwrap()
}

#[test]
fn spans_for_load_instantiate_call_and_each_exchange_as_json_lines() {
    let output = practice(&["--log", "host_harness=debug", "--log-format", "json", "invoke", "all_users"]);
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
    assert!(ended("load", "loaded")[0]["span"]["cached"].is_boolean());
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

#[test]
fn no_level_shows_query_values_bodies_or_headers() {
    for format in ["text", "json"] {
        for input in [
            ["search_users", r#"{"first_name": "marker-in-query%", "fields": "id,first_name"}"#],
            ["create_user", r#"{"first_name": "marker-in-body", "fields": "id"}"#],
        ] {
            let [operation, input] = input;
            let output = practice(&[
                "--log",
                "trace,wasmtime_wasi_http=trace",
                "--log-format",
                format,
                "invoke",
                operation,
                "--input",
                input,
            ]);
            let log = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && log.contains("/api/4.0/users"), "{log}");
            // Libraries must not tell it either, even if asked by name; the answers' bodies hold names; requests' headers hold the token after this word.
            for hidden in
                ["marker-in-query", "marker-in-body", "first_name", "Lovelace", "Bearer", "access_token", "set-path"]
            {
                let line = log.lines().find(|line| line.contains(hidden));
                assert_eq!(line, None, "{hidden} at {format}");
            }
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
