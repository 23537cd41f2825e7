//! Every status and its message.

use super::*;
use crate::auth::Auth;
use crate::engine::find;
use crate::retry_after::retry_after;
use crate::transport::Headers;

fn respond(operation: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
    let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let headers = Headers(headers);
    let retry_after = retry_after(&headers, Duration::ZERO);
    let received = Received { status, headers, retry_after, body: body.as_bytes().to_vec() };
    failure(&received, Context::new(&auth.address).of(find(operation).unwrap()))
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
    let body = r#"{"message": "Validation Failed", "documentation_url": "https://docs.example.com/422",
        "errors": [{"field": "email", "code": "invalid", "message": "is no address."}, {"field": "x", "code": "missing"}]}"#;
    let failure = respond(NOT_IDEMPOTENT, 422, &[], body);
    let problem = failure.problem();
    assert_eq!(
        problem.message,
        "Looker refuses the request (422): Validation Failed. email: is no address. x: missing."
    );
    assert_eq!(problem.documentation_url.as_deref(), Some("https://docs.example.com/422"));
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
