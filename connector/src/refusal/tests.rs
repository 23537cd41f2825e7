//! Every status, and what is said of it.

use super::*;
use crate::auth::Auth;
use crate::engine::find;
use crate::transport::Headers;

fn refuse(operation: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
    let auth = Auth::parse(r#"{"domain": "looker.example.com", "access_token": "token"}"#, |_| None).unwrap();
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let received = Received { status, headers: Headers(headers), bytes: body.as_bytes().to_vec() };
    refusal(&received, Context::new(&auth.address, Duration::ZERO).of(find(operation).unwrap()))
}

const SAFE: &str = "user";
const UNSAFE: &str = "create_user";

#[test]
fn every_status_has_its_reason() {
    use Reason::*;
    for (status, operation, reason, retryable) in [
        (302, SAFE, UnexpectedResponse, false),
        (400, SAFE, Rejected, false),
        (401, SAFE, Unauthenticated, false),
        (403, SAFE, Forbidden, false),
        (404, SAFE, NotFound, false),
        (405, SAFE, Rejected, false),
        (408, SAFE, Timeout, true),
        (408, UNSAFE, Timeout, false),
        (409, UNSAFE, Conflict, false),
        (413, UNSAFE, Rejected, false),
        (422, UNSAFE, Rejected, false),
        (429, SAFE, RateLimited, true),
        (429, UNSAFE, RateLimited, true),
        (500, SAFE, RemoteError, true),
        (500, UNSAFE, RemoteError, false),
        (503, SAFE, RemoteError, true),
        (503, UNSAFE, RemoteError, false),
        (599, SAFE, RemoteError, true),
    ] {
        let failure = refuse(operation, status, &[], "");
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
fn a_service_that_asks_to_come_back_is_a_limit_where_the_call_is_safe() {
    let failure = refuse(SAFE, 503, &[("retry-after", "90")], "");
    let problem = failure.problem();
    assert_eq!((problem.reason, problem.retry_after), (Reason::RateLimited, Some(Duration::from_secs(90))));
    assert!(problem.message.contains("Try again in 90 seconds"), "{}", problem.message);
    let failure = refuse(UNSAFE, 503, &[("retry-after", "90")], "");
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.reason == Reason::RemoteError));
    assert!(failure.problem().message.contains("look before you repeat it"));
}

#[test]
fn looker_s_own_words_and_fields_are_handed_on() {
    let body = r#"{"message": "Validation Failed", "documentation_url": "https://docs.example.com/422",
        "errors": [{"field": "email", "code": "invalid", "message": "is no address."}, {"field": "x", "code": "missing"}]}"#;
    let failure = refuse(UNSAFE, 422, &[], body);
    let problem = failure.problem();
    assert_eq!(
        problem.message,
        "Looker refuses the request (422): Validation Failed. email: is no address. x: missing."
    );
    assert_eq!(problem.documentation_url.as_deref(), Some("https://docs.example.com/422"));
    assert_eq!(problem.fields.len(), 2);
}

#[test]
fn what_is_not_found_is_named() {
    let failure = refuse(SAFE, 404, &[], r#"{"message": "Not found"}"#);
    assert_eq!(
        failure.problem().message,
        "Looker finds nothing here (404): Not found. Check user_id, and that the user of the API key may see it."
    );
    assert!(refuse("all_users", 404, &[], "").problem().message.contains("may not have the feature"));
}

#[test]
fn a_proxys_page_is_read_for_its_title() {
    let failure = refuse(SAFE, 502, &[("content-type", "text/html")], "<html><title>Bad gateway</title></html>");
    assert_eq!(failure.problem().message, "Looker failed (502): Bad gateway. Try again later.");
}
