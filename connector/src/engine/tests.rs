//! Whole calls, from auth, operation and input to output or failure.

use super::*;
use crate::scripted::Scripted;
use crate::transport::TransportErrorKind;
use std::time::Duration;

const AUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-id", "client_secret": "the-secret"}"#;
const USER: &str = r#"{"id":"5","n":1.10}"#;

fn invoke(engine: &mut Engine<Scripted>, operation: &str, input: &str) -> Result<Output> {
    engine.invoke(AUTH, operation, input)
}

fn problem(result: Result<Output>) -> Problem {
    result.unwrap_err().problem().clone()
}

#[test]
fn logs_in_once_and_signs_every_call() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(200, USER).json(200, "[]"));
    assert_eq!(invoke(&mut engine, "me", "").unwrap().body, OutputBody::Json(USER.into()));
    invoke(&mut engine, "all_users", "{}").unwrap();
    let base = "https://looker.example.com/api/4.0";
    assert_eq!(
        engine.platform.lines(),
        [format!("POST {base}/login"), format!("GET {base}/user"), format!("GET {base}/users")]
    );
    let [login, me, _] = &engine.platform.asked[..] else { panic!() };
    assert_eq!(login.body.as_deref(), Some("client_id=the-id&client_secret=the-secret"));
    assert_eq!(login.headers.get("content-type"), Some("application/x-www-form-urlencoded"));
    // An engine that puts the secret in place of a placeholder changes the length.
    assert_eq!((login.headers.get("content-length"), login.headers.get("authorization")), (None, None));
    assert_eq!(me.headers.get("authorization"), Some("token token-1"));
    assert!(me.headers.get("user-agent").unwrap().starts_with("looker-connector/"));
    assert!(me.headers.get("x-looker-appid").is_some());
}

#[test]
fn a_body_tells_its_length_and_a_missing_one_too() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(200, USER).answer(204, &[], b""));
    invoke(&mut engine, "create_user", r#"{"first_name": "Ada"}"#).unwrap();
    assert_eq!(invoke(&mut engine, "delete_user", r#"{"user_id": 5}"#).unwrap().body, OutputBody::Nothing);
    let lengths: Vec<_> = engine.platform.asked.iter().map(|asked| asked.headers.get("content-length")).collect();
    assert_eq!(lengths, [None, Some("20"), Some("0")]);
}

#[test]
fn a_token_that_is_refused_is_renewed_once() {
    let script = Scripted::default().token("token-1").json(200, USER).json(401, "{}").token("token-2").json(200, USER);
    let mut engine = Engine::new(script);
    invoke(&mut engine, "me", "").unwrap();
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(engine.platform.asked.last().unwrap().headers.get("authorization"), Some("token token-2"));
    assert_eq!(engine.platform.left(), 0);
}

#[test]
fn a_new_token_that_is_refused_is_not_renewed_in_circles() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(401, "{}"));
    let refused = problem(invoke(&mut engine, "me", ""));
    assert_eq!((refused.reason, refused.status), (Reason::Unauthenticated, Some(401)));
    let script = Scripted::default().token("token-1").json(200, USER).json(401, "{}").token("token-2").json(401, "{}");
    let mut engine = Engine::new(script);
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(problem(invoke(&mut engine, "me", "")).reason, Reason::Unauthenticated);
    assert_eq!(engine.platform.left(), 0);
}

#[test]
fn a_wrong_secret_is_tried_once_and_never_shown() {
    for status in [401, 403, 404] {
        let mut engine = Engine::new(
            Scripted::default().json(status, r#"{"message": "no: the-secret", "documentation_url": null}"#),
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
        assert_eq!(engine.platform.asked.len(), 1);
    }
}

#[test]
fn what_a_server_echoes_of_the_token_is_hidden() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(
        422,
        r#"{"message": "token-1", "errors": [{"field": "the-secret", "code": "token-1", "message": "x"}]}"#,
    ));
    let shown = format!("{:?}", invoke(&mut engine, "me", "").unwrap_err());
    assert!(!shown.contains("token-1") && !shown.contains("the-secret"), "{shown}");
}

#[test]
fn a_failed_login_says_that_the_call_was_not_sent() {
    let script = Scripted::default().error(TransportErrorKind::Timeout);
    let failure = invoke(&mut Engine::new(script), "create_user", "{}").unwrap_err();
    assert!(matches!(&failure, Failure::Retryable(problem) if !problem.request_sent), "{failure:?}");
    let mut page =
        Engine::new(Scripted::default().answer(200, &[("content-type", "text/html")], b"<title>Log in</title>"));
    let problem = problem(invoke(&mut page, "me", ""));
    assert_eq!((problem.reason, problem.request_sent), (Reason::UnexpectedResponse, false));
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(200, USER).token("token-2").json(200, USER));
    invoke(&mut engine, "me", "").unwrap();
    engine.platform.clock = Duration::from_secs(3600 - 59);
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(engine.platform.asked.last().unwrap().headers.get("authorization"), Some("token token-2"));
}

#[test]
fn tokens_of_one_auth_never_serve_another() {
    let other = AUTH.replace("the-secret", "another-secret");
    let script = Scripted::default().token("token-1").json(200, USER).token("token-2").json(200, USER).json(200, USER);
    let mut engine = Engine::new(script);
    for (auth, token) in [(AUTH, "token token-1"), (&other, "token token-2"), (AUTH, "token token-1")] {
        engine.invoke(auth, "me", "").unwrap();
        assert_eq!(engine.platform.asked.last().unwrap().headers.get("authorization"), Some(token));
    }
}

#[test]
fn an_access_token_needs_no_login_and_cannot_be_renewed() {
    let auth = r#"{"domain": "looker.example.com", "access_token": "given-token"}"#;
    let mut engine = Engine::new(Scripted::default().json(200, USER).json(401, "{}"));
    engine.invoke(auth, "me", "").unwrap();
    assert_eq!(engine.platform.asked[0].headers.get("authorization"), Some("token given-token"));
    assert_eq!(problem(engine.invoke(auth, "me", "")).reason, Reason::Unauthenticated);
    assert_eq!(engine.platform.asked.len(), 2);
}

#[test]
fn user_and_workspace_hold_across_renewals() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "a/7", "workspace": "dev"}"#);
    let session = r#"{"workspace_id":"dev"}"#;
    let script = Scripted::default()
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
    engine.invoke(&auth, "me", "").unwrap();
    engine.invoke(&auth, "me", "").unwrap();
    let asked: Vec<_> = engine
        .platform
        .asked
        .iter()
        .map(|asked| {
            let line = asked.line.replace("https://looker.example.com/api/4.0", "");
            (line, asked.headers.get("authorization").unwrap_or_default())
        })
        .collect();
    let asked: Vec<(&str, &str)> = asked.iter().map(|(line, token)| (line.as_str(), *token)).collect();
    assert_eq!(
        asked,
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
    assert_eq!(engine.platform.asked[2].body.as_deref(), Some(session));
}

#[test]
fn an_administrators_token_that_is_refused_is_renewed_too() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    let script = Scripted::default()
        .token("admin-1")
        .token("user-1")
        .json(200, USER)
        .json(401, "{}")
        .json(401, "{}")
        .token("admin-2")
        .token("user-2")
        .json(200, USER);
    let mut engine = Engine::new(script);
    engine.invoke(&auth, "me", "").unwrap();
    engine.invoke(&auth, "me", "").unwrap();
    assert_eq!(engine.platform.left(), 0);
}

#[test]
fn a_user_as_whom_one_may_not_run_is_named() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    let mut engine = Engine::new(Scripted::default().token("admin-1").json(403, r#"{"message": "sudo"}"#));
    let problem = problem(engine.invoke(&auth, "me", ""));
    assert_eq!((problem.reason, problem.request_sent), (Reason::Forbidden, false));
    assert!(problem.message.contains("run as user 7"), "{}", problem.message);
}

#[test]
fn logging_out_forgets_the_token() {
    let script = Scripted::default().token("token-1").answer(204, &[], b"").token("token-2").json(200, USER);
    let mut engine = Engine::new(script);
    assert_eq!(invoke(&mut engine, "logout", "").unwrap().body, OutputBody::Nothing);
    invoke(&mut engine, "me", "").unwrap();
    assert_eq!(engine.platform.left(), 0);
}

#[test]
fn the_operation_login_sends_no_token() {
    let mut engine = Engine::new(Scripted::default().token("token-1"));
    assert!(matches!(invoke(&mut engine, "login", "").unwrap().body, OutputBody::Json(_)));
    assert_eq!(engine.platform.asked[0].headers.get("authorization"), None);
    assert_eq!(engine.platform.asked[0].body.as_deref(), Some("client_id=the-id&client_secret=the-secret"));
}

#[test]
fn the_operation_login_needs_credentials_from_somewhere() {
    let auth = r#"{"domain": "looker.example.com", "access_token": "given-token"}"#;
    let mut engine = Engine::new(Scripted::default().token("token-1"));
    let refused = problem(engine.invoke(auth, "login", ""));
    assert_eq!((refused.reason, refused.request_sent), (Reason::InvalidAuth, false));
    assert_eq!(problem(engine.invoke(auth, "login", r#"{"client_id": "i"}"#)).reason, Reason::InvalidAuth);
    engine.invoke(auth, "login", r#"{"client_id": "i", "client_secret": "s"}"#).unwrap();
    assert_eq!(engine.platform.asked[0].body.as_deref(), Some("client_id=i&client_secret=s"));
}

#[test]
fn nothing_is_sent_for_a_call_that_cannot_be_right() {
    let mut engine = Engine::new(Scripted::default());
    let unknown = problem(invoke(&mut engine, "creat_user", ""));
    assert_eq!(unknown.reason, Reason::UnknownOperation);
    assert!(unknown.message.contains("Did you mean create_user"), "{}", unknown.message);
    assert_eq!(problem(invoke(&mut engine, "user", "{}")).reason, Reason::InvalidInput);
    assert_eq!(problem(engine.invoke("{}", "me", "")).reason, Reason::InvalidAuth);
    assert_eq!(engine.platform.asked.len(), 0);
}

#[test]
fn the_connection_can_be_tested() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(200, USER));
    assert_eq!(engine.check_auth(AUTH).unwrap(), USER);
    assert!(engine.platform.asked[1].line.contains("/api/4.0/user?fields=id%2Cdisplay_name"));
}

#[test]
fn hosts_are_named_without_asking() {
    let engine = Engine::new(Scripted::default());
    assert_eq!(engine.hosts(AUTH).unwrap(), ["looker.example.com:443"]);
    assert_eq!(engine.platform.asked.len(), 0);
}

#[test]
fn an_output_can_be_read_in_pieces() {
    let csv = [("content-type", "text/csv; charset=utf-8"), ("content-length", "9")];
    let mut engine = Engine::new(Scripted::default().token("token-1").answer(200, &csv, b"a,b\n1,22\n"));
    let input = r#"{"query_id": "1", "result_format": "csv"}"#;
    let mut download = engine.open(AUTH, "run_query", input).unwrap();
    assert_eq!((download.media_type(), download.size()), ("text/csv", Some(9)));
    let mut read = Vec::new();
    loop {
        let piece = download.read(4).unwrap();
        assert!(piece.len() <= 4);
        if piece.is_empty() {
            break;
        }
        read.extend(piece);
    }
    assert_eq!(read, b"a,b\n1,22\n");
    assert!(download.read(0).unwrap().is_empty());
}

#[test]
fn a_stream_of_json_gives_every_byte_after_it_was_looked_at() {
    let rows = format!("[{}]", vec![r#"{"a":1}"#; 50_000].join(","));
    let json = [("content-type", "application/json")];
    let mut engine = Engine::new(Scripted::default().token("token-1").answer(200, &json, rows.as_bytes()));
    let mut download = engine.open(AUTH, "run_query", r#"{"query_id": "1", "result_format": "json"}"#).unwrap();
    let mut read = Vec::new();
    loop {
        match download.read(1000).unwrap() {
            piece if piece.is_empty() => break,
            piece => read.extend(piece),
        }
    }
    assert_eq!(read, rows.as_bytes());
}

#[test]
fn a_failed_query_is_found_before_its_stream_begins() {
    let mut engine =
        Engine::new(Scripted::default().token("token-1").json(200, r#"[{"looker_error": "no such view"}]"#));
    let failure = engine.open(AUTH, "run_query", r#"{"query_id": "1", "result_format": "json"}"#).unwrap_err();
    assert_eq!(failure.problem().reason, Reason::Rejected);
    let mut engine = Engine::new(Scripted::default().token("token-1").json(404, r#"{"message": "Not found"}"#));
    let failure = engine.open(AUTH, "run_query", r#"{"query_id": "1", "result_format": "json"}"#).unwrap_err();
    assert_eq!(failure.problem().reason, Reason::NotFound);
}

#[test]
fn a_stream_that_breaks_is_over() {
    let mut engine = Engine::new(Scripted::default().token("token-1").broken_body("[1,2"));
    let mut download = engine.open(AUTH, "run_query", r#"{"query_id": "1", "result_format": "json"}"#).unwrap();
    assert_eq!(download.read(100).unwrap(), b"[1,2");
    assert_eq!(download.read(100).unwrap_err().problem().reason, Reason::Unreachable);
    assert!(download.read(100).unwrap().is_empty());
}

#[test]
fn what_the_catalog_does_not_have_can_be_called_too() {
    let mut engine = Engine::new(Scripted::default().token("token-1").json(200, USER).json(404, "{}"));
    let input = r#"{"method": "GET", "path": "/brand_new/5", "query": {"fields": ["a", "b"]}}"#;
    assert_eq!(invoke(&mut engine, "call_api", input).unwrap().body, OutputBody::Json(USER.into()));
    let asked = &engine.platform.asked[1];
    assert_eq!(asked.line, "GET https://looker.example.com/api/4.0/brand_new/5?fields=a%2Cb");
    assert_eq!(asked.headers.get("authorization"), Some("token token-1"));
    assert_eq!(problem(invoke(&mut engine, "call_api", input)).reason, Reason::NotFound);
    assert_eq!(problem(invoke(&mut engine, "call_api", "{}")).reason, Reason::InvalidInput);
    let description = describe("call_api").unwrap();
    assert_eq!(description.operation.effect, Effect::Write);
    assert!(description.input_schema.contains("\"method\""));
    assert!(operations().iter().all(|operation| operation.name != "call_api"));
}

const OAUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-app", "refresh_token": "refresh-1"}"#;

/// The answer to a refresh token, with another one.
fn refreshed(script: Scripted, token: &str, refresh_token: &str) -> Scripted {
    let answer = format!(r#"{{"access_token":"{token}","expires_in":3600,"refresh_token":{refresh_token}}}"#);
    script.json(200, &answer)
}

#[test]
fn a_refresh_token_becomes_a_token_and_the_next_one_is_used_then() {
    let script = refreshed(Scripted::default(), "token-1", r#""refresh-2""#).json(200, USER);
    let script = refreshed(script.json(401, "{}"), "token-2", "null").json(200, USER);
    let mut engine = Engine::new(refreshed(script.json(401, "{}"), "token-3", r#""refresh-3""#).json(200, USER));
    for _ in 0..3 {
        engine.invoke(OAUTH, "me", "").unwrap();
    }
    let refreshes: Vec<_> = engine.platform.asked.iter().filter(|asked| asked.line.contains("/token")).collect();
    let bodies: Vec<_> = refreshes.iter().filter_map(|asked| asked.body.as_deref()).collect();
    let body = |token: &str| format!("grant_type=refresh_token&client_id=the-app&refresh_token={token}");
    assert_eq!(bodies, [body("refresh-1"), body("refresh-2"), body("refresh-2")]);
    assert_eq!(refreshes[0].line, "POST https://looker.example.com/api/token");
    assert_eq!(refreshes[0].headers.get("authorization"), None);
}

#[test]
fn a_refresh_token_that_is_refused_needs_the_user() {
    let answer = r#"{"error": "invalid_grant", "error_description": "refresh-1 is void"}"#;
    let failure = Engine::new(Scripted::default().json(400, answer)).invoke(OAUTH, "me", "").unwrap_err();
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.reason == Reason::Unauthenticated));
    assert!(failure.problem().message.contains("sign in to looker.example.com again"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("refresh-1"), "{failure:?}");
}

#[test]
fn a_session_serves_other_instances() {
    let auth = AUTH.replace('}', r#", "port": 19999, "run_as_user_id": "7", "workspace": "dev"}"#);
    let script = Scripted::default().token("admin").token("user-1").json(200, "{}").token("user-2").json(200, "{}");
    let mut engine = Engine::new(script);
    let session = engine.sign_in(&auth).unwrap();
    assert_eq!((session.lasts, &session.renewed_auth), (Some(Duration::from_secs(3540)), &None));
    // Asked again, it signs in again: the one who asks knows that the first token is of no use any more.
    assert!(engine.sign_in(&auth).unwrap().auth.contains("user-2"));
    assert_eq!(engine.platform.left(), 0);

    let mut other = Engine::new(Scripted::default().json(200, USER).json(401, "{}").answer(204, &[], b""));
    other.invoke(&session.auth, "me", "").unwrap();
    assert_eq!(other.platform.lines(), ["GET https://looker.example.com:19999/api/4.0/user"]);
    assert_eq!(other.platform.asked[0].headers.get("authorization"), Some("token user-1"));
    let ended = problem(other.invoke(&session.auth, "me", ""));
    assert_eq!((ended.reason, ended.request_sent), (Reason::Unauthenticated, true));
    other.sign_out(&session.auth).unwrap();
    assert_eq!(other.platform.asked[2].line, "DELETE https://looker.example.com:19999/api/4.0/logout");
}

#[test]
fn a_session_tells_the_auth_that_is_to_be_kept() {
    let auth = OAUTH.replace('}', r#", "workspace": "dev"}"#);
    let script = refreshed(Scripted::default(), "token-1", r#""refresh-2""#).json(200, "{}");
    let session = Engine::new(script).sign_in(&auth).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&session.renewed_auth.unwrap()).unwrap();
    let expected = auth.replace("refresh-1", "refresh-2");
    assert_eq!(kept, serde_json::from_str::<serde_json::Value>(&expected).unwrap());
    // The same refresh token once more is none to be kept.
    let script = refreshed(Scripted::default(), "token-1", r#""refresh-1""#);
    assert_eq!(Engine::new(script).sign_in(OAUTH).unwrap().renewed_auth, None);
}

#[test]
fn signing_out_ends_what_was_got_for_an_auth() {
    let auth = AUTH.replace('}', r#", "run_as_user_id": "7"}"#);
    // Nothing was got yet, so there is nothing to end.
    let mut engine = Engine::new(Scripted::default());
    engine.sign_out(&auth).unwrap();
    assert!(engine.platform.asked.is_empty());

    let script = Scripted::default().token("admin").token("user").json(200, USER).answer(204, &[], b"").json(401, "{}");
    let mut engine = Engine::new(script);
    engine.invoke(&auth, "me", "").unwrap();
    engine.sign_out(&auth).unwrap();
    let ended: Vec<_> =
        engine.platform.asked[3..].iter().filter_map(|asked| asked.headers.get("authorization")).collect();
    assert_eq!(ended, ["token admin", "token user"]);
    engine.sign_out(&auth).unwrap();
    assert_eq!(engine.platform.left(), 0);

    let mut engine = Engine::new(Scripted::default().token("token-1").json(200, USER).json(500, "{}"));
    engine.invoke(AUTH, "me", "").unwrap();
    assert!(engine.sign_out(AUTH).unwrap_err().problem().message.starts_with("Signing out failed."));
}
