//! Complete calls, from auth, operation and input to output or failure.

use super::*;
use crate::catalog::{self, OPERATIONS};
use crate::failure::Failure;
use crate::mock_transport::MockTransport;
use crate::transport::TransportErrorKind;
use std::time::Duration;

const AUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-id", "client_secret": "the-secret"}"#;
const USER: &str = r#"{"id":"5","n":1.10}"#;

fn invoke(engine: &mut Engine<MockTransport>, operation: &str, input: &str) -> Result<Output> {
    engine.invoke(AUTH, Call::new(operation, input))
}

fn problem(result: Result<Output>) -> Problem {
    result.unwrap_err().problem().clone()
}

#[test]
fn one_login_serves_all_calls() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(200, USER).json(200, "[]"));
    assert_eq!(invoke(&mut engine, "me", "").unwrap().body, OutputBody::Json(USER.into()));
    invoke(&mut engine, "all_users", "{}").unwrap();
    let base = "https://looker.example.com/api/4.0";
    assert_eq!(
        engine.platform.lines(),
        [format!("POST {base}/login"), format!("GET {base}/user"), format!("GET {base}/users")]
    );
    let [login, me, _] = &engine.platform.sent[..] else { panic!() };
    assert_eq!(login.body.as_deref(), Some("client_id=the-id&client_secret=the-secret"));
    assert_eq!(login.headers.get("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!((login.headers.get("content-length"), login.headers.get("authorization")), (Some("41"), None));
    assert_eq!(me.headers.get("authorization"), Some("token token-1"));
    assert_eq!(me.headers.get("accept-encoding"), Some("identity"));
    assert!(me.headers.get("user-agent").unwrap().starts_with("looker-connector/"));
    assert!(me.headers.get("x-looker-appid").is_some());
}

#[test]
fn every_body_has_a_content_length_even_an_empty_one() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(200, USER).response(204, &[], b""));
    invoke(&mut engine, "create_user", r#"{"first_name": "Ada"}"#).unwrap();
    assert_eq!(invoke(&mut engine, "delete_user", r#"{"user_id": 5}"#).unwrap().body, OutputBody::Nothing);
    let lengths: Vec<_> = engine.platform.sent.iter().map(|sent| sent.headers.get("content-length")).collect();
    assert_eq!(lengths, [Some("41"), Some("20"), Some("0")]);
}

#[test]
fn a_login_with_a_secret_from_the_environment_has_no_content_length() {
    // Engines put a placeholder there and replace it on the wire, which changes the length.
    let mut script = MockTransport::default().token("token-1").json(200, USER).token("token-2").token("token-3");
    let variables = [("LOOKERSDK_CLIENT_ID", "the-id"), ("LOOKERSDK_CLIENT_SECRET", "placeholder")];
    script.variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    script.variables.insert("LOOKERSDK_BASE_URL".to_owned(), "https://looker.example.com".to_owned());
    let mut engine = Engine::new(script);
    engine.invoke("{}", Call::new("me", "")).unwrap();
    engine.invoke("{}", Call::new("login", "")).unwrap();
    engine.invoke("{}", Call::new("login", r#"{"client_id": "i", "client_secret": "s"}"#)).unwrap();
    let logins = engine.platform.sent.iter().filter(|sent| sent.line.ends_with("/login"));
    let lengths: Vec<_> = logins.map(|sent| sent.headers.get("content-length")).collect();
    assert_eq!(lengths, [None, None, Some("27")]);
}

#[test]
fn a_refused_secret_from_the_environment_is_named_by_its_variable() {
    let mut script = MockTransport::default().json(404, r#"{"message": "Not found"}"#);
    script.variables.insert("LOOKERSDK_BASE_URL".to_owned(), "looker.example.com".to_owned());
    script.variables.insert("LOOKERSDK_CLIENT_SECRET".to_owned(), "the-secret".to_owned());
    let refused = problem(Engine::new(script).invoke(r#"{"client_id": "i"}"#, Call::new("me", "")));
    assert!(refused.message.contains("the secret is the one in LOOKERSDK_CLIENT_SECRET"), "{}", refused.message);
}

#[test]
fn a_kept_token_that_is_refused_is_replaced_once() {
    let script =
        MockTransport::default().token("token-1").json(200, USER).json(401, "{}").token("token-2").json(200, USER);
    let mut engine = Engine::new(script);
    invoke(&mut engine, "me", "").unwrap();
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(engine.platform.sent.last().unwrap().headers.get("authorization"), Some("token token-2"));
    assert_eq!(engine.platform.unused(), 0);
}

#[test]
fn a_new_token_that_is_refused_is_not_replaced() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(401, "{}"));
    let refused = problem(invoke(&mut engine, "me", ""));
    assert_eq!((refused.reason, refused.status), (Reason::Unauthenticated, Some(401)));
    let script =
        MockTransport::default().token("token-1").json(200, USER).json(401, "{}").token("token-2").json(401, "{}");
    let mut engine = Engine::new(script);
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(problem(invoke(&mut engine, "me", "")).reason, Reason::Unauthenticated);
    assert_eq!(engine.platform.unused(), 0);
}

#[test]
fn a_wrong_secret_is_sent_once_and_never_shown() {
    for status in [401, 404] {
        let mut engine = Engine::new(
            MockTransport::default().json(status, r#"{"message": "no: the-secret", "documentation_url": null}"#),
        );
        let failure = invoke(&mut engine, "me", "").unwrap_err();
        assert!(matches!(failure, Failure::Permanent(_)));
        let problem = failure.problem();
        assert_eq!(
            (problem.reason, problem.status, problem.request_sent),
            (Reason::Unauthenticated, Some(status), false)
        );
        assert!(problem.message.contains("client ID and client secret"), "{}", problem.message);
        assert!(!format!("{failure:?}").contains("the-secret"));
        assert_eq!(engine.platform.sent.len(), 1);
    }
}

#[test]
fn secrets_that_a_server_echoes_are_hidden() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(
        422,
        r#"{"message": "token-1", "errors": [{"field": "the-secret", "code": "token-1", "message": "x"}]}"#,
    ));
    let shown = format!("{:?}", invoke(&mut engine, "me", "").unwrap_err());
    assert!(!shown.contains("token-1") && !shown.contains("the-secret"), "{shown}");
}

#[test]
fn secrets_are_hidden_in_every_encoding() {
    let auth = AUTH.replace("the-secret", "the s&cret");
    // base64 of "the-id:the s&cret".
    let encoded = "the+s%26cret the%20s%26cret the s\\u0026cret dGhlLWlkOnRoZSBzJmNyZXQ=";
    let body = format!(r#"{{"message": "{encoded}", "errors": [{{"field": "the s&cret", "message": "{encoded}"}}]}}"#);
    for script in
        [MockTransport::default().json(404, &body), MockTransport::default().token("token-1").json(422, &body)]
    {
        let shown = format!("{:?}", Engine::new(script).invoke(&auth, Call::new("me", "")).unwrap_err());
        assert!(!["s&cret", "26cret", "20s", "dGhl"].iter().any(|part| shown.contains(part)), "{shown}");
    }
}

#[test]
fn passwords_in_an_input_are_hidden() {
    let input = r#"{"host": "h", "password": "hunter-22"}"#;
    let script = MockTransport::default().token("token-1").json(422, r#"{"message": "no: hunter%2D22"}"#);
    let shown = format!("{:?}", Engine::new(script).invoke(AUTH, Call::new("create_connection", input)).unwrap_err());
    assert!(shown.contains("no: …") && !shown.contains("hunter"), "{shown}");
}

#[test]
fn a_failed_login_says_that_the_call_was_not_sent() {
    let script = MockTransport::default().error(TransportErrorKind::Timeout);
    let failure = invoke(&mut Engine::new(script), "create_user", "{}").unwrap_err();
    assert!(matches!(&failure, Failure::Retryable(problem) if !problem.request_sent), "{failure:?}");
    let mut page =
        Engine::new(MockTransport::default().response(200, &[("content-type", "text/html")], b"<title>Log in</title>"));
    let problem = problem(invoke(&mut page, "me", ""));
    assert_eq!((problem.reason, problem.request_sent), (Reason::UnexpectedResponse, false));
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let mut engine =
        Engine::new(MockTransport::default().token("token-1").json(200, USER).token("token-2").json(200, USER));
    invoke(&mut engine, "me", "").unwrap();
    engine.platform.clock = Duration::from_secs(3600 - 59);
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(engine.platform.sent.last().unwrap().headers.get("authorization"), Some("token token-2"));
}

#[test]
fn the_token_of_one_auth_never_serves_another() {
    let other = AUTH.replace("the-secret", "another-secret");
    let script =
        MockTransport::default().token("token-1").json(200, USER).token("token-2").json(200, USER).json(200, USER);
    let mut engine = Engine::new(script);
    for (auth, token) in [(AUTH, "token token-1"), (&other, "token token-2"), (AUTH, "token token-1")] {
        engine.invoke(auth, Call::new("me", "")).unwrap();
        assert_eq!(engine.platform.sent.last().unwrap().headers.get("authorization"), Some(token));
    }
}

#[test]
fn an_access_token_needs_no_login_and_cannot_be_renewed() {
    let auth = r#"{"domain": "looker.example.com", "access_token": "given-token"}"#;
    let mut engine = Engine::new(MockTransport::default().json(200, USER).json(401, "{}"));
    engine.invoke(auth, Call::new("me", "")).unwrap();
    assert_eq!(engine.platform.sent[0].headers.get("authorization"), Some("token given-token"));
    assert_eq!(problem(engine.invoke(auth, Call::new("me", ""))).reason, Reason::Unauthenticated);
    assert_eq!(engine.platform.sent.len(), 2);
}

#[test]
fn a_new_token_has_the_same_user_and_workspace() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "a/7", "workspace": "dev"}"#);
    let session = r#"{"workspace_id":"dev"}"#;
    let script = MockTransport::default()
        .token("admin-1")
        .token("user-1")
        .json(200, session)
        .json(200, USER)
        // The user's token expired; the administrator's is still good.
        .json(401, "{}")
        .token("user-2")
        .json(200, session)
        .json(200, USER);
    let mut engine = Engine::new(script);
    engine.invoke(&auth, Call::new("me", "")).unwrap();
    engine.invoke(&auth, Call::new("me", "")).unwrap();
    let sent: Vec<_> = engine
        .platform
        .sent
        .iter()
        .map(|sent| {
            let line = sent.line.replace("https://looker.example.com/api/4.0", "");
            (line, sent.headers.get("authorization").unwrap_or_default())
        })
        .collect();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(line, token)| (line.as_str(), *token)).collect();
    assert_eq!(
        sent,
        [
            ("POST /login", ""),
            ("POST /login/a%2F7", "token admin-1"),
            ("PATCH /session", "token user-1"),
            ("GET /user", "token user-1"),
            ("GET /user", "token user-1"),
            ("POST /login/a%2F7", "token admin-1"),
            ("PATCH /session", "token user-2"),
            ("GET /user", "token user-2"),
        ]
    );
    assert_eq!(engine.platform.sent[2].body.as_deref(), Some(session));
}

#[test]
fn an_administrators_token_that_is_refused_is_replaced_too() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    let script = MockTransport::default()
        .token("admin-1")
        .token("user-1")
        .json(200, USER)
        .json(401, "{}")
        .json(401, "{}")
        .token("admin-2")
        .token("user-2")
        .json(200, USER);
    let mut engine = Engine::new(script);
    engine.invoke(&auth, Call::new("me", "")).unwrap();
    engine.invoke(&auth, Call::new("me", "")).unwrap();
    assert_eq!(engine.platform.unused(), 0);
}

#[test]
fn a_refused_run_as_names_the_user() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    let mut engine = Engine::new(MockTransport::default().token("admin-1").json(403, r#"{"message": "sudo"}"#));
    let problem = problem(engine.invoke(&auth, Call::new("me", "")));
    assert_eq!((problem.reason, problem.request_sent), (Reason::Forbidden, false));
    assert!(problem.message.contains("run as user 7"), "{}", problem.message);
}

#[test]
fn logging_out_forgets_the_token() {
    let script = MockTransport::default().token("token-1").response(204, &[], b"").token("token-2").json(200, USER);
    let mut engine = Engine::new(script);
    assert_eq!(invoke(&mut engine, "logout", "").unwrap().body, OutputBody::Nothing);
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(engine.platform.unused(), 0);
}

#[test]
fn the_operation_login_sends_no_token() {
    let mut engine = Engine::new(MockTransport::default().token("token-1"));
    assert!(matches!(invoke(&mut engine, "login", "").unwrap().body, OutputBody::Json(_)));
    assert_eq!(engine.platform.sent[0].headers.get("authorization"), None);
    assert_eq!(engine.platform.sent[0].body.as_deref(), Some("client_id=the-id&client_secret=the-secret"));
}

#[test]
fn the_operation_login_needs_credentials_from_somewhere() {
    let auth = r#"{"domain": "looker.example.com", "access_token": "given-token"}"#;
    let mut engine = Engine::new(MockTransport::default().token("token-1"));
    let refused = problem(engine.invoke(auth, Call::new("login", "")));
    assert_eq!((refused.reason, refused.request_sent), (Reason::InvalidAuth, false));
    assert_eq!(problem(engine.invoke(auth, Call::new("login", r#"{"client_id": "i"}"#))).reason, Reason::InvalidAuth);
    engine.invoke(auth, Call::new("login", r#"{"client_id": "i", "client_secret": "s"}"#)).unwrap();
    assert_eq!(engine.platform.sent[0].body.as_deref(), Some("client_id=i&client_secret=s"));
}

#[test]
fn nothing_is_sent_for_an_invalid_call() {
    let mut engine = Engine::new(MockTransport::default());
    let unknown = problem(invoke(&mut engine, "creat_user", ""));
    assert_eq!(unknown.reason, Reason::UnknownOperation);
    assert!(unknown.message.contains("Did you mean create_user"), "{}", unknown.message);
    assert_eq!(problem(invoke(&mut engine, "user", "{}")).reason, Reason::InvalidInput);
    assert_eq!(problem(engine.invoke("{}", Call::new("me", ""))).reason, Reason::InvalidAuth);
    assert_eq!(engine.platform.sent.len(), 0);
}

#[test]
fn check_auth_returns_the_user() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(200, USER));
    assert_eq!(engine.check_auth(AUTH).unwrap(), USER);
    assert!(engine.platform.sent[1].line.contains("/api/4.0/user?fields=id%2Cdisplay_name"));
}

#[test]
fn hosts_are_known_without_a_request() {
    let engine = Engine::new(MockTransport::default());
    assert_eq!(engine.hosts(AUTH).unwrap(), ["looker.example.com:443"]);
    assert_eq!(engine.platform.sent.len(), 0);
}

#[test]
fn an_output_can_be_read_in_pieces() {
    let csv = [("content-type", "text/csv; charset=utf-8"), ("content-length", "9")];
    let mut engine = Engine::new(MockTransport::default().token("token-1").response(200, &csv, b"a,b\n1,22\n"));
    let input = r#"{"query_id": "1", "result_format": "csv"}"#;
    let mut download = engine.open(AUTH, Call::new("run_query", input)).unwrap();
    assert_eq!((download.media_type(), download.size()), ("text/csv", Some(9)));
    let mut read = Vec::new();
    loop {
        let piece = engine.read(&mut download, 4).unwrap();
        assert!(piece.len() <= 4);
        if piece.is_empty() {
            break;
        }
        read.extend(piece);
    }
    assert_eq!(read, b"a,b\n1,22\n");
    assert!(engine.read(&mut download, 0).unwrap().is_empty());
}

#[test]
fn a_json_stream_returns_every_byte_that_was_read_ahead() {
    let rows = format!("[{}]", vec![r#"{"a":1}"#; 50_000].join(","));
    let json = [("content-type", "application/json")];
    let mut engine = Engine::new(MockTransport::default().token("token-1").response(200, &json, rows.as_bytes()));
    let mut download =
        engine.open(AUTH, Call::new("run_query", r#"{"query_id": "1", "result_format": "json"}"#)).unwrap();
    let mut read = Vec::new();
    loop {
        match engine.read(&mut download, 1000).unwrap() {
            piece if piece.is_empty() => break,
            piece => read.extend(piece),
        }
    }
    assert_eq!(read, rows.as_bytes());
}

#[test]
fn a_failed_query_is_found_before_its_stream_starts() {
    let mut engine =
        Engine::new(MockTransport::default().token("token-1").json(200, r#"[{"looker_error": "no such view"}]"#));
    let failure =
        engine.open(AUTH, Call::new("run_query", r#"{"query_id": "1", "result_format": "json"}"#)).unwrap_err();
    assert_eq!(failure.problem().reason, Reason::Rejected);
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(404, r#"{"message": "Not found"}"#));
    let failure =
        engine.open(AUTH, Call::new("run_query", r#"{"query_id": "1", "result_format": "json"}"#)).unwrap_err();
    assert_eq!(failure.problem().reason, Reason::NotFound);
}

/// Opens a query's result as a stream, and reads it to its end or its failure.
fn stream(operation: &str, input: &str, media_type: &str, body: &str) -> (Vec<u8>, Option<Problem>) {
    let headers = [("content-type", media_type)];
    let script = MockTransport::default().token("token-1").response(200, &headers, body.as_bytes());
    let mut engine = Engine::new(script);
    let mut read = Vec::new();
    let mut download = match engine.open(AUTH, Call::new(operation, input)) {
        Ok(download) => download,
        Err(failure) => return (read, Some(failure.problem().clone())),
    };
    loop {
        match engine.read(&mut download, 1000) {
            Ok(piece) if piece.is_empty() => return (read, None),
            Ok(piece) => read.extend(piece),
            Err(failure) => {
                assert!(engine.read(&mut download, 1000).unwrap().is_empty());
                return (read, Some(failure.problem().clone()));
            }
        }
    }
}

#[test]
fn a_stream_is_never_a_web_page() {
    let page = format!("<html><head>{}<title>Sign in the-secret</title>", "<meta>".repeat(1000));
    for media_type in ["text/html", "text/csv", "application/json", "image/png"] {
        for (operation, input) in [
            ("run_query", r#"{"query_id": "1", "result_format": "json"}"#),
            ("run_look", r#"{"look_id": "1", "result_format": "csv"}"#),
            ("query_task_results", r#"{"query_task_id": "1"}"#),
            ("render_task_results", r#"{"render_task_id": "1"}"#),
        ] {
            let (read, problem) = stream(operation, input, media_type, &page);
            let problem = problem.unwrap();
            assert!(read.is_empty());
            assert_eq!(problem.reason, Reason::UnexpectedResponse);
            assert!(problem.message.contains("a web page, not Looker's API (“Sign in …”)"), "{}", problem.message);
        }
    }
    let table = "<html><table></table></html>";
    let html = r#"{"query_id": "1", "result_format": "html"}"#;
    assert_eq!(stream("run_query", html, "text/html", table), (table.into(), None));
}

#[test]
fn a_stream_fails_at_a_row_that_reports_an_error() {
    let json = r#"{"query_id": "1", "result_format": "json"}"#;
    let rows = r#"{"orders.id":1},"#.repeat(20_000);
    let (read, problem) =
        stream("run_query", json, "application/json", &format!("[{rows}{{\"looker_error\":\"killed\"}}]"));
    assert!(read.len() > 100_000);
    assert_eq!(problem.unwrap().message, "The query failed: killed");
    // Errors beside the rows are known at the end.
    let rows = r#"{"orders.id":{"value":1}},"#.repeat(20_000);
    let fatal = format!(r#"{{"data":[{rows}{{}}],"errors":[{{"message":"killed","fatal":true}}]}}"#);
    let (read, problem) = stream("run_query", json, "application/json", &fatal);
    assert!(read.len() > 100_000);
    assert_eq!(problem.unwrap().message, "The query failed: killed");
    let several = format!(r#"{{"t1":{fatal},"t2":[]}}"#);
    let (_, problem) =
        stream("query_task_multi_results", r#"{"query_task_ids": ["t1"]}"#, "application/json", &several);
    assert!(problem.unwrap().message.starts_with("Query task t1 failed;"));
    let note = fatal.replace("true", "false");
    assert_eq!(stream("run_query", json, "application/json", &note), (note.clone().into(), None));
}

#[test]
fn a_stream_of_json_that_is_cut_off_or_followed_by_text_fails() {
    let json = r#"{"query_id": "1", "result_format": "json"}"#;
    let rows = r#"{"orders.id":1},"#.repeat(20_000);
    for body in [format!("[{rows}"), format!("[{rows}{{}}]\nQuery killed"), "[{\"a\":1}".to_owned(), "[] x".to_owned()]
    {
        let (_, problem) = stream("run_query", json, "application/json", &body);
        let problem = problem.unwrap();
        assert_eq!(problem.reason, Reason::UnexpectedResponse);
        assert!(problem.message.contains("JSON that is broken or cut off"), "{}", problem.message);
    }
}

#[test]
fn a_stream_of_nothing_fails() {
    for (format, media_type) in [("json", "application/json"), ("png", "image/png"), ("csv", ""), ("csv", "text/csv")] {
        let input = format!(r#"{{"query_id": "1", "result_format": "{format}"}}"#);
        let (_, problem) = stream("run_query", &input, media_type, "");
        assert_eq!(problem.unwrap().reason, Reason::UnexpectedResponse, "{format}");
    }
}

#[test]
fn a_stream_ends_after_a_failure() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").broken_body("[1,2"));
    let mut download =
        engine.open(AUTH, Call::new("run_query", r#"{"query_id": "1", "result_format": "json"}"#)).unwrap();
    assert_eq!(engine.read(&mut download, 100).unwrap(), b"[1,2");
    assert_eq!(engine.read(&mut download, 100).unwrap_err().problem().reason, Reason::Unreachable);
    assert!(engine.read(&mut download, 100).unwrap().is_empty());
}

#[test]
fn call_api_reaches_paths_outside_the_catalog() {
    let mut engine = Engine::new(MockTransport::default().token("token-1").json(200, USER).json(404, "{}"));
    let input = r#"{"method": "GET", "path": "/brand_new/5", "query": {"fields": ["a", "b"]}}"#;
    assert_eq!(invoke(&mut engine, "call_api", input).unwrap().body, OutputBody::Json(USER.into()));
    let sent = &engine.platform.sent[1];
    assert_eq!(sent.line, "GET https://looker.example.com/api/4.0/brand_new/5?fields=a%2Cb");
    assert_eq!(sent.headers.get("authorization"), Some("token token-1"));
    assert_eq!(problem(invoke(&mut engine, "call_api", input)).reason, Reason::NotFound);
    assert_eq!(problem(invoke(&mut engine, "call_api", "{}")).reason, Reason::InvalidInput);
    let description = describe("call_api").unwrap();
    assert_eq!(description.summary.effect, Effect::Delete);
    assert!(description.input_schema.contains("\"method\""));
    assert!(operations().any(|operation| operation.name == "call_api"));
}

const OAUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-app", "refresh_token": "refresh-1"}"#;

/// The answer to a refresh token, with another one.
fn refreshed(script: MockTransport, token: &str, refresh_token: &str) -> MockTransport {
    let answer = format!(r#"{{"access_token":"{token}","expires_in":3600,"refresh_token":{refresh_token}}}"#);
    script.json(200, &answer)
}

#[test]
fn a_replaced_refresh_token_is_used_from_then_on() {
    let script = refreshed(MockTransport::default(), "token-1", r#""refresh-2""#).json(200, USER);
    let script = refreshed(script.json(401, "{}"), "token-2", "null").json(200, USER);
    let mut engine = Engine::new(refreshed(script.json(401, "{}"), "token-3", r#""refresh-3""#).json(200, USER));
    for _ in 0..3 {
        engine.invoke(OAUTH, Call::new("me", "")).unwrap();
    }
    let refreshes: Vec<_> = engine.platform.sent.iter().filter(|sent| sent.line.contains("/token")).collect();
    let bodies: Vec<_> = refreshes.iter().filter_map(|sent| sent.body.as_deref()).collect();
    let body = |token: &str| format!("grant_type=refresh_token&client_id=the-app&refresh_token={token}");
    assert_eq!(bodies, [body("refresh-1"), body("refresh-2"), body("refresh-2")]);
    assert_eq!(refreshes[0].line, "POST https://looker.example.com/api/token");
    assert_eq!(refreshes[0].headers.get("authorization"), None);
}

#[test]
fn a_refused_refresh_token_requires_a_new_sign_in() {
    let answer = r#"{"error": "invalid_grant", "error_description": "refresh-1 is void"}"#;
    let failure =
        Engine::new(MockTransport::default().json(400, answer)).invoke(OAUTH, Call::new("me", "")).unwrap_err();
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.reason == Reason::Unauthenticated));
    assert!(failure.problem().message.contains("have the user sign in again"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("refresh-1"), "{failure:?}");
}

#[test]
fn a_session_serves_other_instances() {
    let auth = AUTH.replace('}', r#", "port": 19999, "run_as_user_id": "7", "workspace": "dev"}"#);
    let script =
        MockTransport::default().token("admin").token("user-1").json(200, "{}").token("user-2").json(200, "{}");
    let mut engine = Engine::new(script);
    let session = engine.sign_in(&auth).unwrap();
    assert_eq!((session.lifetime, &session.renewed_auth), (Some(Duration::from_secs(3540)), &None));
    // SentRequest again, it signs in again: the one who asks knows that the first token is of no use any more.
    assert!(engine.sign_in(&auth).unwrap().auth.contains("user-2"));
    assert_eq!(engine.platform.unused(), 0);

    let mut other = Engine::new(MockTransport::default().json(200, USER).json(401, "{}").response(204, &[], b""));
    other.invoke(&session.auth, Call::new("me", "")).unwrap();
    assert_eq!(other.platform.lines(), ["GET https://looker.example.com:19999/api/4.0/user"]);
    assert_eq!(other.platform.sent[0].headers.get("authorization"), Some("token user-1"));
    let ended = problem(other.invoke(&session.auth, Call::new("me", "")));
    assert_eq!((ended.reason, ended.request_sent), (Reason::Unauthenticated, true));
    other.sign_out(&session.auth).unwrap();
    assert_eq!(other.platform.sent[2].line, "DELETE https://looker.example.com:19999/api/4.0/logout");
}

#[test]
fn a_session_returns_the_renewed_auth() {
    let auth = OAUTH.replace('}', r#", "workspace": "dev"}"#);
    let script = refreshed(MockTransport::default(), "token-1", r#""refresh-2""#).json(200, "{}");
    let session = Engine::new(script).sign_in(&auth).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&session.renewed_auth.unwrap()).unwrap();
    let expected = auth.replace("refresh-1", "refresh-2");
    assert_eq!(kept, serde_json::from_str::<serde_json::Value>(&expected).unwrap());
    // The same refresh token once more is none to be kept.
    let script = refreshed(MockTransport::default(), "token-1", r#""refresh-1""#);
    assert_eq!(Engine::new(script).sign_in(OAUTH).unwrap().renewed_auth, None);
}

#[test]
fn signing_out_revokes_every_token_of_an_auth() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    // Nothing was got yet, so there is nothing to end.
    let mut engine = Engine::new(MockTransport::default());
    engine.sign_out(&auth).unwrap();
    assert!(engine.platform.sent.is_empty());

    let script =
        MockTransport::default().token("admin").token("user").json(200, USER).response(204, &[], b"").json(401, "{}");
    let mut engine = Engine::new(script);
    engine.invoke(&auth, Call::new("me", "")).unwrap();
    engine.sign_out(&auth).unwrap();
    let ended: Vec<_> = engine.platform.sent[3..].iter().filter_map(|sent| sent.headers.get("authorization")).collect();
    assert_eq!(ended, ["token admin", "token user"]);
    engine.sign_out(&auth).unwrap();
    assert_eq!(engine.platform.unused(), 0);

    let mut engine = Engine::new(MockTransport::default().token("token-1").json(200, USER).json(500, "{}"));
    engine.invoke(AUTH, Call::new("me", "")).unwrap();
    assert!(engine.sign_out(AUTH).unwrap_err().problem().message.starts_with("Signing out failed."));
}

#[test]
fn signing_out_goes_on_after_a_failure_and_can_be_repeated() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    let signed_in = || MockTransport::default().token("admin").token("user").json(200, USER);
    let both = ["token admin", "token user"];
    for (script, reason, left) in [
        (signed_in().json(500, "{}").response(204, &[], b""), Reason::RemoteError, &both[..1]),
        (signed_in().error(TransportErrorKind::Timeout).json(401, "{}"), Reason::Timeout, &both[..1]),
        (signed_in().json(403, "{}").json(500, "{}"), Reason::Forbidden, &both[..]),
    ] {
        let mut engine = Engine::new(script);
        engine.invoke(&auth, Call::new("me", "")).unwrap();
        let failure = engine.sign_out(&auth).unwrap_err();
        assert_eq!(failure.problem().reason, reason);
        assert!(failure.problem().message.starts_with("Signing out failed."), "{failure:?}");
        assert_eq!(revoked(&mut engine), both);
        // Signing out again tries only the tokens that could not be revoked.
        engine.platform = left.iter().fold(MockTransport::default(), |script, _| script.response(204, &[], b""));
        engine.sign_out(&auth).unwrap();
        engine.sign_out(&auth).unwrap();
        assert_eq!(revoked(&mut engine), left);
    }
}

/// The tokens that were sent to be revoked.
fn revoked(engine: &mut Engine<MockTransport>) -> Vec<String> {
    let logouts = engine.platform.sent.iter().filter(|sent| sent.line.starts_with("DELETE"));
    logouts.map(|sent| sent.headers.get("authorization").unwrap_or_default().to_owned()).collect()
}

#[test]
fn login_and_call_share_the_wait() {
    let headers = [("retry-after", "3")];
    let script = MockTransport::default().response(429, &headers, b"").token("token-1").response(429, &headers, b"");
    let mut engine = Engine::new(script.slow(Duration::from_secs(60)));
    let call = Call { max_wait: Some(Duration::from_secs(5)), ..Call::new("me", "") };
    let limited = problem(engine.invoke(AUTH, call));
    assert_eq!((limited.reason, limited.retry_after), (Reason::RateLimited, Some(Duration::from_secs(3))));
    assert_eq!(engine.platform.waits, [Duration::from_secs(3)]);
}

#[test]
fn with_no_wait_allowed_only_a_refused_token_is_replaced_and_the_call_sent_again() {
    let script = MockTransport::default().token("token-1").json(200, USER).json(401, "{}").token("token-2");
    let mut engine = Engine::new(script.json(200, USER).json(401, "{}").token("token-3").json(401, "{}"));
    let call = Call { max_wait: Some(Duration::ZERO), ..Call::new("me", "") };
    engine.invoke(AUTH, call).unwrap();
    engine.invoke(AUTH, call).unwrap();
    assert_eq!(problem(engine.invoke(AUTH, call)).reason, Reason::Unauthenticated);
    assert_eq!((engine.platform.unused(), engine.platform.waits.len()), (0, 0));
}

#[test]
fn with_no_wait_allowed_failures_are_returned_at_once() {
    let call = Call { max_wait: Some(Duration::ZERO), ..Call::new("me", "") };
    let signed_in = || MockTransport::default().token("token-1");
    for (script, reason, wait) in [
        (signed_in().error(TransportErrorKind::Broken), Reason::Unreachable, None),
        (signed_in().response(429, &[("retry-after", "7")], b""), Reason::RateLimited, Some(7)),
        (signed_in().json(502, "{}"), Reason::RemoteError, None),
    ] {
        let mut engine = Engine::new(script);
        let failure = engine.invoke(AUTH, call).unwrap_err();
        assert!(matches!(failure, Failure::Retryable(_)), "{failure:?}");
        assert_eq!((failure.problem().reason, failure.problem().retry_after), (reason, wait.map(Duration::from_secs)));
        assert_eq!((engine.platform.sent.len(), engine.platform.waits.len()), (2, 0));
    }
}

#[test]
fn a_result_that_is_not_ready_by_a_date_is_waited_for_no_longer_than_that() {
    let call = Call::new("query_task_results", r#"{"query_task_id": "1"}"#);
    // The mock's clock starts at the beginning of 2026.
    let headers = [("retry-after", "Thu, 01 Jan 2026 00:01:00 GMT"), ("content-type", "application/json")];
    let mut engine = Engine::new(MockTransport::default().token("token-1").response(202, &headers, b""));
    let waiting = problem(engine.invoke(AUTH, call));
    assert_eq!((waiting.reason, waiting.retry_after), (Reason::Timeout, Some(Duration::from_secs(60))));
    let mut engine = Engine::new(MockTransport::default().token("token-1").response(202, &headers, b""));
    let waiting = engine.open(AUTH, call).unwrap_err();
    assert_eq!(waiting.problem().retry_after, Some(Duration::from_secs(60)));
}

#[test]
fn the_list_has_all_operations_in_the_order_of_their_names() {
    let names: Vec<&str> = operations().map(|operation| operation.name).collect();
    assert_eq!(names.len(), OPERATIONS.len() + jobs::DEFINITIONS.len() + 1);
    assert!(names.is_sorted());
    assert!(operations().all(|operation| describe(operation.name).unwrap().summary.name == operation.name));
}

#[test]
fn the_digest_is_a_sha_256() {
    assert_eq!(catalog::DIGEST.len(), 64);
    assert!(catalog::DIGEST.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
}
