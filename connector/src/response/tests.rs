//! Successes of every kind.

use super::*;
use crate::auth::Auth;
use crate::engine::find;
use crate::retry_after::retry_after;
use std::time::Duration;

fn headers(headers: &[(&str, &str)]) -> Headers {
    Headers(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn respond(operation: &str, status: u16, head: &[(&str, &str)], body: &[u8]) -> Result<Output> {
    let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
    let headers = headers(head);
    let retry_after = retry_after(&headers, Duration::ZERO);
    let received = Received { status, headers, retry_after, body: body.to_vec() };
    output(find(operation).unwrap(), &Input::parse("{}").unwrap(), received, &auth.address)
}

fn of_type(operation: &str, media_type: &str, body: &[u8]) -> Result<OutputBody> {
    respond(operation, 200, &[("content-type", media_type)], body).map(|output| output.body)
}

fn reason(result: Result<impl std::fmt::Debug>) -> Reason {
    let failure = result.unwrap_err();
    assert!(matches!(failure, Failure::Permanent(_)), "{failure:?}");
    assert!(failure.problem().request_sent);
    failure.problem().reason
}

const JSON: &str = "application/json; charset=utf-8";

#[test]
fn json_is_passed_on_unchanged() {
    for document in ["{\"b\": 1.2300,\n \"a\": 12345678901234567890}", "[]", "null", "true", "\"x\"", " 1e400 "] {
        assert_eq!(of_type("me", JSON, document.as_bytes()).unwrap(), OutputBody::Json(document.into()));
    }
    // Without the mark that some servers begin with.
    assert_eq!(of_type("me", JSON, "\u{feff}{}".as_bytes()).unwrap(), OutputBody::Json("{}".into()));
    assert_eq!(respond("me", 200, &[], b"{}").unwrap().body, OutputBody::Json("{}".into()));
}

#[test]
fn broken_json_is_an_unexpected_response() {
    for body in [&b"{\"a\":"[..], b"{} x", b"<html>", b"{\"a\": \"\xff\"}", b"[1,]", b"nul"] {
        assert_eq!(reason(of_type("me", JSON, body)), Reason::UnexpectedResponse, "{body:?}");
    }
    let deep = "[".repeat(200_000);
    assert_eq!(reason(of_type("me", JSON, deep.as_bytes())), Reason::UnexpectedResponse);
    let page = of_type("me", "text/html", b"<title>Sign in</title>");
    assert_eq!(reason(page), Reason::UnexpectedResponse);
}

#[test]
fn a_response_without_content_is_nothing() {
    assert_eq!(respond("delete_user", 204, &[], b"").unwrap().body, OutputBody::Nothing);
    assert_eq!(of_type("me", JSON, b" \n").unwrap(), OutputBody::Nothing);
    assert_eq!(respond("render_task_results", 200, &[], b"").unwrap().body, OutputBody::Nothing);
    // A table without rows is a text without letters.
    assert_eq!(of_type("run_query", "text/csv", b"").unwrap(), OutputBody::Text(String::new()));
}

#[test]
fn text_is_text_and_everything_else_is_a_file() {
    for media_type in ["text/csv", "text/plain; charset=utf-8", "text/markdown", "text/html", "application/sql"] {
        assert_eq!(
            of_type("run_query", media_type, "ü".as_bytes()).unwrap(),
            OutputBody::Text("ü".into()),
            "{media_type}"
        );
    }
    assert_eq!(of_type("git_deploy_key", "text/plain", b"ssh-rsa").unwrap(), OutputBody::Text("ssh-rsa".into()));
    for media_type in ["image/png", "image/jpeg", "image/svg+xml", "application/pdf", "application/vnd.ms-excel"] {
        let expected = File { media_type: media_type.into(), name: None, bytes: b"\x00\xff".to_vec() };
        assert_eq!(of_type("run_query", media_type, b"\x00\xff").unwrap(), OutputBody::File(expected));
    }
    // Text in another encoding keeps its bytes.
    let expected = File { media_type: "text/csv".into(), name: None, bytes: b"\xfc".to_vec() };
    assert_eq!(of_type("run_query", "text/csv", b"\xfc").unwrap(), OutputBody::File(expected));
    let head = [("content-type", "image/png"), ("content-disposition", "attachment; filename=\"a.png\"")];
    let OutputBody::File(file) = respond("run_query", 200, &head, b"x").unwrap().body else { panic!() };
    assert_eq!(file.name.as_deref(), Some("a.png"));
}

#[test]
fn a_failed_query_is_a_failure_despite_its_status() {
    for body in [
        r#"[{"looker_error": "no such view"}]"#,
        " [ {\n \"looker_error\" : \"no such view\"} ]",
        r#"{"errors": [{"message": "no such view"}]}"#,
        r#"{"data": [], "errors": [{"message": "", "message_details": "no such view"}]}"#,
        r#"{"data": null, "errors": ["no such view"]}"#,
        r#"{"rows": [], "errors": [{"text": "no such view"}]}"#,
    ] {
        let failure = of_type("run_query", JSON, body.as_bytes()).unwrap_err();
        let problem = failure.problem();
        assert_eq!((problem.reason, problem.status), (Reason::Rejected, Some(200)), "{body}");
        assert_eq!(problem.message, "The query failed: no such view", "{body}");
    }
}

#[test]
fn rows_with_a_warning_are_rows() {
    for body in [
        r#"[{"a": 1}]"#,
        "[]",
        r#"[{"a": 1, "looker_error": "a column of that name"}]"#,
        r#"{"data": [{"a": 1}], "errors": [{"message": "not all rows"}]}"#,
        r#"{"data": [], "errors": []}"#,
        r#"{"errors": null}"#,
    ] {
        assert_eq!(of_type("run_query", JSON, body.as_bytes()).unwrap(), OutputBody::Json(body.into()));
    }
    // What is no query may well have errors to tell: that is its result.
    let validation = r#"{"errors": [{"message": "unknown field"}]}"#;
    assert_eq!(of_type("validate_project", JSON, validation.as_bytes()).unwrap(), OutputBody::Json(validation.into()));
}

#[test]
fn a_result_that_is_not_ready_is_retryable() {
    let head = [("content-type", "application/json"), ("retry-after", "40")];
    for operation in ["query_task_results", "render_task_results"] {
        let failure = respond(operation, 202, &head, b"").unwrap_err();
        assert!(matches!(&failure, Failure::Retryable(problem) if problem.reason == Reason::Timeout), "{failure:?}");
        assert_eq!(failure.problem().retry_after, Some(Duration::from_secs(40)));
    }
}

#[test]
fn the_next_page_is_a_complete_input() {
    let url = "https://elsewhere.example.com/api/4.0/users?fields=id&limit=2&offset=2&unknown=1";
    let link = format!("<https://x/?limit=2>; rel=\"first\",<{url}>; rel=\"next\", <https://x/?offset=8>; rel=last");
    let head = headers(&[("Link", &link)]);
    let next = |input: &str| link::next_input(find("all_users").unwrap(), &Input::parse(input).unwrap(), &head);
    assert_eq!(next(r#"{"limit": 2, "fields": "id"}"#).as_deref(), Some(r#"{"limit":2,"fields":"id","offset":2}"#));
    assert_eq!(next(r#"{"offset": "0", "limit": "2"}"#).as_deref(), Some(r#"{"offset":2,"limit":2,"fields":"id"}"#));
    // The same page again would never end.
    assert_eq!(next(r#"{"fields": "id", "limit": 2, "offset": 2}"#), None);
    for head in ["", "<x>; rel=prev", "<x", "<https://x/?limit=1>", "<https://x/nothing>; rel=next"] {
        let head = headers(&[("link", head)]);
        assert_eq!(link::next_input(find("all_users").unwrap(), &Input::parse("{}").unwrap(), &head), None);
    }
}
