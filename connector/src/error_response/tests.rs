//! Every status and its message.

use super::*;
use crate::auth::Auth;
use crate::call_api;
use crate::input::Input;
use crate::operations::find;
use crate::retry_after::retry_after;
use crate::transport::Headers;
use redact::Redactor;

fn respond(operation: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
    respond_to(operation, "{}", status, headers, body)
}

fn respond_to(operation: &str, input: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
    let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
    let input = Input::parse(input).unwrap();
    let operation = if operation == call_api::NAME { &call_api::OPERATION } else { find(operation).unwrap() };
    let secrets = Redactor::default();
    let context = Context::call(&auth.address, &secrets, Called { operation, input: &input });
    failure(&received(status, headers, body), &context)
}

fn received(status: u16, headers: &[(&str, &str)], body: &str) -> Received<Vec<u8>> {
    let headers = Headers(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    let retry_after = retry_after(&headers, || Duration::ZERO);
    Received { status, headers, retry_after, body: body.as_bytes().to_vec() }
}

const IDEMPOTENT: &str = "user";
const NOT_IDEMPOTENT: &str = "create_user";

#[test]
fn every_status_has_its_reason() {
    use Reason::*;
    for (status, operation, reason, retryable) in [
        (302, IDEMPOTENT, UnexpectedResponse, false),
        (400, IDEMPOTENT, Rejected, false),
        (401, IDEMPOTENT, Unauthenticated, false),
        (403, IDEMPOTENT, Forbidden, false),
        (404, IDEMPOTENT, NotFound, false),
        (405, IDEMPOTENT, Rejected, false),
        (408, IDEMPOTENT, Timeout, true),
        (408, NOT_IDEMPOTENT, Timeout, false),
        (409, NOT_IDEMPOTENT, Conflict, false),
        (413, NOT_IDEMPOTENT, Rejected, false),
        (422, NOT_IDEMPOTENT, Rejected, false),
        (429, IDEMPOTENT, RateLimited, true),
        (429, NOT_IDEMPOTENT, RateLimited, true),
        (500, IDEMPOTENT, RemoteError, true),
        (500, NOT_IDEMPOTENT, RemoteError, false),
        (503, IDEMPOTENT, RemoteError, true),
        (503, NOT_IDEMPOTENT, RemoteError, false),
        (599, IDEMPOTENT, RemoteError, true),
    ] {
        let failure = respond(operation, status, &[], "");
        let problem = failure.problem();
        assert_eq!(
            (problem.reason, matches!(failure, Failure::Retryable(_))),
            (reason, retryable),
            "{status} {operation}"
        );
        assert_eq!((problem.status, problem.request_sent), (Some(status), true));
        assert!(problem.message.contains(&format!("({status})")), "{}", problem.message);
    }
}

#[test]
fn a_503_with_retry_after_is_rate_limited_if_the_operation_is_idempotent() {
    let failure = respond(IDEMPOTENT, 503, &[("retry-after", "90")], "");
    let problem = failure.problem();
    assert_eq!((problem.reason, problem.retry_after), (Reason::RateLimited, Some(Duration::from_secs(90))));
    assert!(problem.message.contains("Try again in 90 seconds"), "{}", problem.message);
    let failure = respond(NOT_IDEMPOTENT, 503, &[("retry-after", "90")], "");
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.reason == Reason::RemoteError));
    assert!(failure.problem().message.contains("check before you repeat it"));
}

#[test]
fn lookers_message_and_fields_are_passed_on() {
    let body = r#"{"message": "Validation Failed", "documentation_url": "https://docs.looker.com/422",
        "errors": [{"field": "email", "code": "invalid", "message": "is no address."}, {"field": "x", "code": "missing"}]}"#;
    let failure = respond(NOT_IDEMPOTENT, 422, &[], body);
    let problem = failure.problem();
    assert_eq!(
        problem.message,
        "Looker refuses the request (422): Validation Failed. email: is no address. x: missing."
    );
    assert_eq!(problem.documentation_url.as_deref(), Some("https://docs.looker.com/422"));
    assert_eq!(problem.fields.len(), 2);
}

#[test]
fn a_404_names_the_inputs_to_check() {
    let failure = respond(IDEMPOTENT, 404, &[], r#"{"message": "Not found"}"#);
    assert_eq!(
        failure.problem().message,
        "Looker finds nothing here (404): Not found. Check user_id, and that the user of the API key may see it."
    );
    assert!(respond("all_users", 404, &[], "").problem().message.contains("may not have the feature"));
}

#[test]
fn a_web_page_is_reduced_to_its_title() {
    let failure = respond(IDEMPOTENT, 502, &[("content-type", "text/html")], "<html><title>Bad gateway</title></html>");
    assert_eq!(failure.problem().message, "Looker failed (502): Bad gateway. Try again later.");
}

#[test]
fn fields_are_named_as_the_input_spells_them() {
    let body =
        r#"{"message": "Validation Failed", "errors": [{"field": "group_id", "code": "invalid"}, {"code": "x"}]}"#;
    let failure = respond("add_group_group", 422, &[], body);
    let fields: Vec<_> = failure.problem().fields.iter().map(|field| field.field.as_deref()).collect();
    assert_eq!(fields, [Some("body_group_id"), None]);
    assert!(failure.problem().message.contains("body_group_id: invalid."), "{failure:?}");
}

#[test]
fn a_404_names_every_id_in_the_input() {
    let advice = |operation: &str, input: &str| {
        respond_to(operation, input, 404, &[], r#"{"message": "Not found"}"#).problem().message.clone()
    };
    let moved =
        advice("create_dashboard_element", r#"{"dashboard_id": "5", "look_id": "7", "title": "x", "query_id": null}"#);
    assert!(moved.contains("Check dashboard_id, look_id, and"), "{moved}");
    let added = advice("add_group_user", r#"{"group_id": "1", "user_id": "2"}"#);
    assert!(added.contains("Check group_id, user_id, and"), "{added}");
    let roles = advice("set_user_roles", r#"{"user_id": "1", "body": ["2"]}"#);
    assert!(roles.contains("Check user_id, body, and"), "{roles}");
    let any = advice("call_api", r#"{"method": "GET", "path": "/x/5"}"#);
    assert!(any.contains("Check path, and"), "{any}");
}

#[test]
fn a_redirect_names_the_host_that_it_leads_to() {
    for (location, expected) in [
        ("https://login.example.com/sign-in?token=abc", "redirected to login.example.com (302)"),
        ("https://user:pass@Other.example.com:8443#x", "redirected to other.example.com:8443 (302)"),
        ("//cdn.example.com/x", "redirected to cdn.example.com (302)"),
        ("/login", "redirected to another page of the same host (302)"),
        ("https://\u{1b}[31m/", "redirected to another page of the same host (302)"),
    ] {
        let failure = respond(IDEMPOTENT, 302, &[("location", location)], "");
        let problem = failure.problem();
        assert_eq!(problem.reason, Reason::UnexpectedResponse);
        assert!(problem.message.contains(expected), "{}", problem.message);
        assert!(!problem.message.contains("token=") && !problem.message.contains("pass"), "{}", problem.message);
    }
}

#[test]
fn a_refusal_that_is_not_lookers_is_not_blamed_on_the_user() {
    for (status, body) in
        [(403, "<html><title>Access denied</title></html>"), (403, ""), (404, "no such app"), (401, "<html>")]
    {
        let failure = respond(IDEMPOTENT, status, &[], body);
        let message = &failure.problem().message;
        assert!(
            message.starts_with("Something before Looker's API refused the request to looker.example.com"),
            "{message}"
        );
    }
    let denied = respond(IDEMPOTENT, 403, &[], "<html><title>Access denied</title></html>");
    assert!(denied.problem().message.contains("(403): Access denied."), "{denied:?}");
}

#[test]
fn a_refused_login_says_why() {
    let auth = r#"{"domain": "looker.example.com", "client_id": "i", "client_secret": "the-secret"}"#;
    let auth = Auth::parse(auth, |_| None).unwrap();
    let secrets = Redactor::default();
    let context = Context::login(&auth.address, &secrets);
    let log_in = |status, body: &str| {
        let wrong = matches!(status, 401 | 404).then_some(("the client ID and client secret", "Check both."));
        let failure = login_failure(&received(status, &[], body), &context, wrong);
        assert!(!failure.problem().request_sent);
        (failure.problem().reason, failure.problem().message.clone())
    };
    for (status, body, reason, expected) in [
        (
            404,
            r#"{"message":"Not found"}"#,
            Reason::Unauthenticated,
            "does not accept the client ID and client secret (404): Not found.",
        ),
        (
            401,
            r#"{"message":"Requires authentication."}"#,
            Reason::Unauthenticated,
            "(401): Requires authentication. Check both.",
        ),
        (
            403,
            r#"{"message":"API login is disabled for this user"}"#,
            Reason::Forbidden,
            "API login is disabled for this user.",
        ),
        (400, r#"{"message":"client_id missing"}"#, Reason::Rejected, "client_id missing."),
        (
            404,
            "<html><title>App not found</title></html>",
            Reason::UnexpectedResponse,
            "Something before Looker's API refused the login at looker.example.com (404): App not found.",
        ),
        (404, "", Reason::UnexpectedResponse, "Something before Looker's API"),
        (403, "", Reason::UnexpectedResponse, "an allow list, a proxy or a firewall"),
        (403, "<html><title>Blocked by policy</title></html>", Reason::UnexpectedResponse, "Blocked by policy"),
        (401, "unauthorized by gateway", Reason::UnexpectedResponse, "unauthorized by gateway"),
    ] {
        let (seen, message) = log_in(status, body);
        assert_eq!(seen, reason, "{status} {body}");
        assert!(message.contains(expected), "{status} {body}: {message}");
        let blames = message.contains("client ID and client secret");
        assert_eq!(blames, reason == Reason::Unauthenticated, "{message}");
    }
}
