//! Successes of every kind.

use super::*;
use crate::auth::Auth;
use crate::call_api;
use crate::input::Input;
use crate::operations::find;
use crate::retry_after::retry_after;
use crate::transport::Headers;
use redact::Redactor;
use std::time::Duration;

fn headers(headers: &[(&str, &str)]) -> Headers {
    Headers(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn respond(operation: &str, status: u16, head: &[(&str, &str)], body: &[u8]) -> Result<Output> {
    respond_to(operation, "{}", status, head, body)
}

fn respond_to(operation: &str, input: &str, status: u16, head: &[(&str, &str)], body: &[u8]) -> Result<Output> {
    let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
    let headers = headers(head);
    let retry_after = retry_after(&headers, || Duration::ZERO);
    let received = Received { status, headers, retry_after, body: body.to_vec() };
    let input = Input::parse(input).unwrap();
    let operation = if operation == call_api::NAME { &call_api::OPERATION } else { find(operation).unwrap() };
    let called = Called { operation, input: &input };
    let secrets = Redactor::default();
    output(received, called, &Context::call(&auth.address, &secrets, called))
}

/// The output of a query in a format.
fn run(format: &str, media_type: &str, body: &[u8]) -> Result<OutputBody> {
    let input = format!(r#"{{"query_id": "1", "result_format": "{format}"}}"#);
    respond_to("run_query", &input, 200, &[("content-type", media_type)], body).map(|output| output.body)
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
    assert_eq!(of_type("delete_user", JSON, b" \n").unwrap(), OutputBody::Nothing);
    // A text file can be empty.
    assert_eq!(of_type("git_deploy_key", "text/plain", b"").unwrap(), OutputBody::Text(String::new()));
}

#[test]
fn text_is_text_and_everything_else_is_a_file() {
    for media_type in ["text/csv", "text/plain; charset=utf-8", "text/markdown", "application/sql"] {
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

const SIGN_IN: &str = "<!DOCTYPE html>\n<html><head><title>Sign in \u{b7} Example</title></head><body><form method=\"post\">\
                       <input type=\"password\"></form></body></html>";

#[test]
fn a_web_page_is_never_the_result_of_a_query() {
    for media_type in ["text/html; charset=utf-8", "text/csv", "text/plain", "application/json", "image/png", ""] {
        for format in ["json", "json_detail", "csv", "txt", "md", "sql", "xlsx", "png"] {
            let failure = run(format, media_type, SIGN_IN.as_bytes()).unwrap_err();
            assert_eq!(failure.problem().reason, Reason::UnexpectedResponse, "{format} {media_type}");
            let message = &failure.problem().message;
            assert!(
                message.contains("a web page, not Looker's API (\u{201c}Sign in \u{b7} Example\u{201d})"),
                "{message}"
            );
        }
        for (operation, input) in [
            ("query_task_results", r#"{"query_task_id": "1"}"#),
            ("run_sql_query", r#"{"slug": "s", "result_format": "csv"}"#),
            ("run_look", r#"{"look_id": "1", "result_format": "json"}"#),
            ("call_api", r#"{"method": "GET", "path": "/queries/5/run/csv"}"#),
            ("call_api", r#"{"method": "GET", "path": "/users/5"}"#),
            ("git_deploy_key", "{}"),
            ("user", "{}"),
        ] {
            let result = respond_to(operation, input, 200, &[("content-type", media_type)], SIGN_IN.as_bytes());
            assert_eq!(reason(result), Reason::UnexpectedResponse, "{operation} {media_type}");
        }
    }
}

#[test]
fn a_call_that_asks_for_html_gets_it() {
    let table = "<!DOCTYPE html><html><title>Orders</title><table><tr><td>1</td></tr></table></html>";
    assert_eq!(run("html", "text/html", table.as_bytes()).unwrap(), OutputBody::Text(table.into()));
    assert_eq!(reason(run("html", "text/html", SIGN_IN.as_bytes())), Reason::UnexpectedResponse);
    // The format of a task's result is not known, so its content decides.
    let head = [("content-type", "text/html")];
    let output = respond("query_task_results", 200, &head, table.as_bytes()).unwrap();
    assert_eq!(output.body, OutputBody::Text(table.into()));
}

#[test]
fn the_result_format_decides_what_is_accepted() {
    for (format, media_type, body) in [
        ("csv", JSON, "[{\"a\":1}]"),
        ("csv", "image/png", "x"),
        ("json", "text/csv", "a,b\n1,2\n"),
        ("json", "image/png", "x"),
        ("png", "text/plain", "x"),
        ("xlsx", JSON, "{}"),
        ("html", JSON, "{}"),
    ] {
        assert_eq!(
            reason(run(format, media_type, body.as_bytes())),
            Reason::UnexpectedResponse,
            "{format} {media_type}"
        );
    }
    // Types that say less than the format are accepted.
    assert_eq!(run("json", "text/plain", b"[]").unwrap(), OutputBody::Json("[]".into()));
    assert_eq!(run("csv", "", b"a,b").unwrap(), OutputBody::Text("a,b".into()));
    assert!(matches!(run("xlsx", "application/octet-stream", b"PK").unwrap(), OutputBody::File(_)));
    // A failed query is reported as JSON whatever the format.
    let failure = run("csv", JSON, br#"[{"looker_error": "no such view"}]"#).unwrap_err();
    assert_eq!(failure.problem().message, "The query failed: no such view");
}

/// Shapes of failed results as Looker sends them.
#[test]
fn failed_results_are_recognized_in_every_shape() {
    let shapes = [
        (r#"[{"looker_error":"no such view"}]"#, "no such view"),
        (r#"[{"orders.id":1},{"orders.id":2},{"looker_error":"no such view"}]"#, "no such view"),
        (r#"[{"looker_error":"no such view"},{"orders.id":1}]"#, "no such view"),
        (r#"{"metadata":{"fields":{}},"rows":[{"looker_error":"no such view"}]}"#, "no such view"),
        (
            r#"{"metadata":{"fields":{}},"rows":[{"orders.id":{"value":1}},{"looker_error":"no such view"}]}"#,
            "no such view",
        ),
        (
            r#"{"errors":[{"message":"no such view","message_details":"in orders","fatal":true,"level":"error"}],"data":[]}"#,
            "no such view\nin orders",
        ),
        (r#"{"errors":"no such view"}"#, "no such view"),
        (r#"{"error":"no such view"}"#, "no such view"),
        (r#"{"data":[{"orders.id":{"value":1}}],"error":"no such view"}"#, "no such view"),
        (
            r#"{"errors":[{"message":"You are in development mode.","fatal":false},{"message":"no such view","fatal":true}],"data":[]}"#,
            "no such view",
        ),
        (r#"{"data":[{"orders.id":1}],"errors":[{"message":"no such view","fatal":true}]}"#, "no such view"),
        (r#"{"errors":[{"message":"a note","fatal":false}],"error":"no such view","data":[]}"#, "no such view"),
    ];
    for (body, expected) in shapes {
        let calls = [
            ("run_query", r#"{"query_id": "1", "result_format": "json"}"#),
            ("run_look", r#"{"look_id": "1", "result_format": "json_detail"}"#),
            ("run_sql_query", r#"{"slug": "s", "result_format": "json"}"#),
            ("query_task_results", r#"{"query_task_id": "1"}"#),
            ("run_sql_interface_query", r#"{"query_id": 1, "result_format": "json_bi"}"#),
            ("call_api", r#"{"method": "GET", "path": "/query_tasks/1/results"}"#),
            ("call_api", r#"{"method": "GET", "path": "/queries/1/run/json"}"#),
        ];
        for (operation, input) in calls {
            let failure =
                respond_to(operation, input, 200, &[("content-type", JSON)], body.as_bytes()).expect_err(body);
            let problem = failure.problem();
            assert_eq!((problem.reason, problem.status), (Reason::Rejected, Some(200)), "{operation} {body}");
            assert_eq!(problem.message, format!("The query failed: {expected}"), "{operation} {body}");
        }
    }
}

#[test]
fn notes_are_no_failure() {
    for body in [
        r#"{"errors":[{"message":"You are in development mode.","fatal":false}],"data":[{"orders.id":1}]}"#,
        r#"{"errors":[{"message":"You are in development mode.","fatal":false}],"data":[]}"#,
        r#"{"errors":[],"error":null,"data":[]}"#,
        r#"{"error":"","rows":[{"orders.id":1}]}"#,
    ] {
        assert_eq!(of_type("run_query", JSON, body.as_bytes()).unwrap(), OutputBody::Json(body.into()));
    }
}

#[test]
fn one_failed_result_of_several_is_named() {
    let body = r#"{"t1":[{"a":1}],"t2":[{"looker_error":"no such view"}]}"#;
    let failure = of_type("query_task_multi_results", JSON, body.as_bytes()).unwrap_err();
    let message = &failure.problem().message;
    assert!(message.starts_with("Query task t2 failed;") && message.ends_with("no such view"), "{message}");
    let good = r#"{"t1":[{"a":1}],"t2":[]}"#;
    assert_eq!(of_type("query_task_multi_results", JSON, good.as_bytes()).unwrap(), OutputBody::Json(good.into()));
}

#[test]
fn an_operation_that_returns_something_never_returns_nothing() {
    for (operation, status, media_type) in [
        ("user", 200, JSON),
        ("user", 204, ""),
        ("user", 200, ""),
        ("run_query", 200, JSON),
        ("run_query", 200, "image/png"),
        ("run_query", 200, "text/csv"),
        ("query_task_results", 200, "text/csv"),
        ("render_task_results", 200, "application/pdf"),
        ("create_user", 200, JSON),
    ] {
        let result = respond(
            operation,
            status,
            &[("content-type", media_type)],
            b" ".get(..usize::from(media_type == JSON)).unwrap(),
        );
        let failure = result.unwrap_err();
        assert_eq!(failure.problem().reason, Reason::UnexpectedResponse);
        assert!(failure.problem().message.contains(&format!("returned nothing for {operation}")), "{failure:?}");
    }
    assert_eq!(respond("call_api", 200, &[], b"").unwrap().body, OutputBody::Nothing);
}

#[test]
fn encoded_content_is_refused_by_name() {
    for encoding in ["gzip", "identity, br", "ZSTD"] {
        let head = [("content-type", JSON), ("content-encoding", encoding)];
        let failure = respond("user", 200, &head, b"\x1f\x8b").unwrap_err();
        assert_eq!(failure.problem().reason, Reason::UnexpectedResponse);
        let name = encoding.rsplit(' ').next().unwrap();
        assert!(failure.problem().message.contains(name), "{failure:?}");
    }
    assert!(respond("user", 200, &[("content-type", JSON), ("content-encoding", "identity")], b"{}").is_ok());
}

#[test]
fn a_page_is_a_page_whatever_comes_before_it() {
    let page = "<html><head><title>Sign in to Acme</title></head><body><form></form></body></html>";
    let prolog = "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">\n";
    for before in ["", prolog, "\u{feff}", "<!-- proxy 7 -->\n", "\u{feff}\r\n<!-- a --><!-- b -->", "<!DOCTYPE html>"]
    {
        for (format, media_type) in [
            ("json", JSON),
            ("json", "text/html"),
            ("json_detail", "application/xhtml+xml"),
            ("csv", "text/csv"),
            ("csv", "text/html;charset=iso-8859-1"),
            ("txt", "text/plain"),
            ("md", "application/octet-stream"),
            ("sql", ""),
        ] {
            let failure = run(format, media_type, format!("{before}{page}").as_bytes()).unwrap_err();
            let message = &failure.problem().message;
            assert_eq!(failure.problem().reason, Reason::UnexpectedResponse, "{before}, {format}, {media_type}");
            assert!(message.contains("Sign in to Acme"), "{before}, {format}, {media_type}: {message}");
        }
    }
}

#[test]
fn compressed_content_is_no_text() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x8b\x8e\x05\0\x29\xbb\x4c\x0d\x02\0\0\0";
    for (format, media_type) in [("json", JSON), ("csv", "text/csv"), ("txt", "text/plain"), ("html", "text/html")] {
        let failure = run(format, media_type, gzip).unwrap_err();
        assert!(failure.problem().message.contains("gzip"), "{format}: {failure:?}");
    }
    // A file can be compressed.
    assert!(run("xlsx", "application/octet-stream", gzip).is_ok());
}

#[test]
fn a_failed_query_is_found_in_every_variant_of_json() {
    let error = "no such table: orders";
    let rows = r#"[{"orders.id": 1}, {"looker_error": "no such table: orders"}]"#;
    for format in ["json", "json_detail", "json_fe", "json_bi", "json_detail_lite_stream", "json_label", "inline_json"]
    {
        for body in [
            rows.to_owned(),
            format!(r#"{{"data": {rows}}}"#),
            format!(r#"{{"fields": {{}}, "rows": {rows}}}"#),
            format!(r#"{{"metadata": {{"fields": []}}, "rows": {rows}}}"#),
            r#"{"looker_error": "no such table: orders"}"#.to_owned(),
            r#"{"error": "no such table: orders"}"#.to_owned(),
            r#"{"error": {"message": "no such table: orders"}}"#.to_owned(),
            r#"{"errors": ["no such table: orders"], "data": []}"#.to_owned(),
            r#"{"errors": {"message": "no such table: orders"}, "data": []}"#.to_owned(),
            r#"{"errors": [[{"message": "no such table: orders"}]], "rows": []}"#.to_owned(),
            r#"{"data": [], "errors": [{"message_details": "no such table: orders", "fatal": true}]}"#.to_owned(),
        ] {
            let failure = run(format, JSON, body.as_bytes()).unwrap_err();
            let problem = failure.problem();
            let words = format!("{} {:?}", problem.message, problem.fields);
            assert_eq!(problem.reason, Reason::Rejected, "{format}: {body}: {failure:?}");
            assert!(words.contains(error), "{format}: {body}: {words}");
        }
    }
}

#[test]
fn a_result_that_looks_like_a_failure_stays_a_result() {
    for body in [
        r#"[{"orders.looker_error": "x"}]"#,
        r#"[{"orders.note": "looker_error"}]"#,
        r#"{"data": [{"orders.errors": {"value": ["x"]}}], "errors": []}"#,
        r#"{"data": [], "errors": null, "error": ""}"#,
        "[]",
        "[{}]",
    ] {
        assert_eq!(run("json", JSON, body.as_bytes()).unwrap(), OutputBody::Json(body.to_owned()), "{body}");
    }
}
