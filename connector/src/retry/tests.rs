//! What is sent again, and what is not.

use super::*;
use crate::auth::{Address, Auth};
use crate::catalog::Method;
use crate::failure::Failure;
use crate::mock_transport::MockTransport;
use crate::request::Parts;

const IDEMPOTENT: RetryPolicy = RetryPolicy { idempotent: true, poll: false };
const NOT_IDEMPOTENT: RetryPolicy = RetryPolicy { idempotent: false, poll: false };
const POLL: RetryPolicy = RetryPolicy { idempotent: true, poll: true };

fn address() -> Address {
    let auth = r#"{"domain": "looker.example.com", "access_token": "token"}"#;
    Auth::parse(auth, |_| None).unwrap().address
}

fn run(platform: &mut MockTransport, policy: RetryPolicy) -> Result<Received<Vec<u8>>> {
    run_with(platform, policy, &mut WaitBudget::new(None))
}

fn run_with(platform: &mut MockTransport, policy: RetryPolicy, budget: &mut WaitBudget) -> Result<Received<Vec<u8>>> {
    let parts = Parts::own(Method::Get, "/user", None);
    send(platform, budget, policy, Request { parts: &parts, address: &address(), token: None })
}

/// The final status, the number of requests, and the seconds waited in all.
fn outcome(mut platform: MockTransport, policy: RetryPolicy) -> (u16, usize, f64) {
    let received = run(&mut platform, policy).unwrap();
    (received.status, platform.sent.len(), platform.waited().as_secs_f64())
}

fn status(status: u16) -> MockTransport {
    MockTransport::default().json(status, "{}")
}

#[test]
fn a_success_is_not_repeated() {
    assert_eq!(outcome(status(200), IDEMPOTENT), (200, 1, 0.0));
}

#[test]
fn any_request_is_repeated_after_429() {
    for policy in [IDEMPOTENT, NOT_IDEMPOTENT] {
        let platform = MockTransport::default().response(429, &[("retry-after", "3")], b"").json(200, "{}");
        assert_eq!(outcome(platform, policy), (200, 2, 3.0));
    }
}

#[test]
fn retry_after_can_be_a_date() {
    // The mock's clock starts at the beginning of 2026.
    let headers = [("Retry-After", "Thu, 01 Jan 2026 00:00:07 GMT")];
    assert_eq!(
        outcome(MockTransport::default().response(429, &headers, b"").json(200, "{}"), IDEMPOTENT),
        (200, 2, 7.0)
    );
}

#[test]
fn backoff_doubles_and_attempts_are_limited() {
    let platform = (0..9).fold(MockTransport::default(), |platform, _| platform.json(429, "{}"));
    let (status, sent, waited) = outcome(platform, NOT_IDEMPOTENT);
    assert_eq!((status, sent), (429, 5));
    // Half of 0.2, 0.4, 0.8 and 1.6 seconds: the mock's random numbers shorten each wait as much as possible.
    assert!((waited - 1.5).abs() < 1e-9, "{waited}");
}

#[test]
fn a_wait_beyond_the_budget_is_left_to_the_caller() {
    let platform = MockTransport::default().response(429, &[("retry-after", "31")], b"").json(200, "{}");
    assert_eq!(outcome(platform, IDEMPOTENT), (429, 1, 0.0));
    // Each fits; together they do not.
    let headers = [("retry-after", "20")];
    let platform = MockTransport::default().response(429, &headers, b"").response(429, &headers, b"").json(200, "{}");
    assert_eq!(outcome(platform, IDEMPOTENT), (429, 2, 20.0));
}

#[test]
fn a_request_that_is_not_idempotent_is_never_repeated_after_it_may_have_acted() {
    for code in [500, 502, 503, 504] {
        let platform = MockTransport::default().response(code, &[("retry-after", "1")], b"").json(200, "{}");
        assert_eq!(outcome(platform, NOT_IDEMPOTENT), (code, 1, 0.0));
    }
    let mut platform = MockTransport::default().error(TransportErrorKind::Broken).json(200, "{}");
    let failure = run(&mut platform, NOT_IDEMPOTENT).unwrap_err();
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.request_sent), "{failure:?}");
    assert_eq!(platform.sent.len(), 1);
    let mut platform = MockTransport::default().broken_body("{\"a\":").json(200, "{}");
    assert!(matches!(run(&mut platform, NOT_IDEMPOTENT), Err(Failure::Permanent(_))));
    assert_eq!(platform.sent.len(), 1);
}

#[test]
fn an_idempotent_request_is_repeated_after_a_gateway_error() {
    for code in [502, 503, 504] {
        let (code, sent, _) = outcome(status(code).json(200, "{}"), IDEMPOTENT);
        assert_eq!((code, sent), (200, 2));
    }
    // An error of Looker's own is not temporary.
    assert_eq!(outcome(status(500), IDEMPOTENT), (500, 1, 0.0));
}

#[test]
fn an_idempotent_request_is_repeated_after_a_broken_connection() {
    assert_eq!(outcome(MockTransport::default().error(TransportErrorKind::Broken).json(200, "{}"), IDEMPOTENT).1, 2);
    assert_eq!(outcome(MockTransport::default().broken_body("{").json(200, "{}"), IDEMPOTENT).1, 2);
}

#[test]
fn every_transport_error_has_its_reason_and_says_whether_to_retry() {
    use TransportErrorKind as Kind;
    for (kind, idempotent, reason, retryable, sent) in [
        (Kind::NotConnected, false, Reason::Unreachable, true, false),
        (Kind::Certificate, true, Reason::Unreachable, false, false),
        (Kind::Denied, true, Reason::Unreachable, false, false),
        (Kind::Timeout, true, Reason::Timeout, true, true),
        (Kind::Timeout, false, Reason::Timeout, false, true),
        (Kind::InvalidHttp, true, Reason::UnexpectedResponse, true, true),
        (Kind::InvalidHttp, false, Reason::UnexpectedResponse, false, true),
        (Kind::TooLarge, true, Reason::UnexpectedResponse, false, true),
    ] {
        let mut platform = MockTransport::default().error(kind);
        let failure = run(&mut platform, RetryPolicy { idempotent, poll: false }).unwrap_err();
        let problem = failure.problem();
        assert_eq!((problem.reason, problem.request_sent), (reason, sent), "{kind:?}");
        assert_eq!(matches!(failure, Failure::Retryable(_)), retryable, "{kind:?}");
        assert_eq!(platform.sent.len(), 1, "{kind:?}");
        assert!(problem.message.contains("looker.example.com"), "{}", problem.message);
    }
}

#[test]
fn a_202_is_polled_only_with_retry_after() {
    let headers = [("retry-after", "2")];
    assert_eq!(outcome(MockTransport::default().response(202, &headers, b"").json(200, "{}"), POLL), (200, 2, 2.0));
    assert_eq!(outcome(status(202), POLL), (202, 1, 0.0));
    assert_eq!(outcome(MockTransport::default().response(202, &headers, b""), NOT_IDEMPOTENT), (202, 1, 0.0));
}

#[test]
fn only_the_beginning_of_an_error_is_read() {
    let page = "x".repeat(10 * ERROR_BYTES);
    let received = run(&mut MockTransport::default().response(500, &[], page.as_bytes()), IDEMPOTENT).unwrap();
    assert!(received.body.len() <= CHUNK);
    let large = "x".repeat(3 * CHUNK);
    let received = run(&mut MockTransport::default().response(200, &[], large.as_bytes()), IDEMPOTENT).unwrap();
    assert_eq!(received.body.len(), large.len());
}

#[test]
fn pieces_of_any_size_are_joined_in_order() {
    for size in [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1] {
        let whole: Vec<u8> = (0..3 * CHUNK).map(|index| (index % 251) as u8).collect();
        let mut pieces = Pieces::default();
        whole.chunks(size).for_each(|piece| pieces.add(piece.to_vec()).unwrap());
        assert_eq!(pieces.len(), whole.len(), "{size}");
        assert!(pieces.join().unwrap() == whole, "{size}");
    }
}

#[test]
fn time_under_way_does_not_count_as_waiting() {
    let headers = [("retry-after", "20")];
    let platform = MockTransport::default().response(429, &headers, b"").json(200, "{}");
    // Each request takes longer than the whole budget.
    assert_eq!(outcome(platform.slow(Duration::from_secs(600)), NOT_IDEMPOTENT), (200, 2, 20.0));
    let broken = MockTransport::default().error(TransportErrorKind::Broken).json(200, "{}");
    assert_eq!(outcome(broken.slow(Duration::from_secs(600)), IDEMPOTENT).1, 2);
}

#[test]
fn waits_of_one_call_share_its_budget() {
    let mut budget = WaitBudget::new(Some(Duration::from_secs(5)));
    let headers = [("retry-after", "3")];
    let mut platform =
        MockTransport::default().response(429, &headers, b"").json(200, "{}").response(429, &headers, b"");
    assert_eq!(run_with(&mut platform, IDEMPOTENT, &mut budget).unwrap().status, 200);
    let refused = run_with(&mut platform, IDEMPOTENT, &mut budget).unwrap();
    assert_eq!((refused.status, refused.retry_after), (429, Some(Duration::from_secs(3))));
    assert_eq!(platform.waited(), Duration::from_secs(3));
}

#[test]
fn with_no_wait_allowed_nothing_is_sent_again() {
    let mut none = WaitBudget::new(Some(Duration::ZERO));
    for (status, policy) in [(429, NOT_IDEMPOTENT), (503, IDEMPOTENT), (502, IDEMPOTENT), (202, POLL)] {
        for wait in ["0", "3", "Thu, 01 Jan 2015 00:00:00 GMT"] {
            let mut platform = MockTransport::default().response(status, &[("retry-after", wait)], b"");
            let received = run_with(&mut platform, policy, &mut none).unwrap();
            assert_eq!((received.status, platform.sent.len(), platform.waits.len()), (status, 1, 0));
            assert!(received.retry_after.is_some());
        }
    }
    for mut platform in
        [MockTransport::default().error(TransportErrorKind::Broken), MockTransport::default().broken_body("{")]
    {
        let failure = run_with(&mut platform, IDEMPOTENT, &mut none).unwrap_err();
        assert!(matches!(&failure, Failure::Retryable(problem) if problem.request_sent), "{failure:?}");
        assert_eq!((platform.sent.len(), platform.waits.len()), (1, 0));
    }
}

#[test]
fn a_larger_budget_allows_more_polls() {
    let mut platform = MockTransport::default();
    for _ in 0..20 {
        platform = platform.response(202, &[("retry-after", "5")], b"");
    }
    let mut platform = platform.json(200, "{}");
    let received = run_with(&mut platform, POLL, &mut WaitBudget::new(Some(Duration::from_secs(100)))).unwrap();
    assert_eq!((received.status, platform.waited()), (200, Duration::from_secs(100)));
}

#[test]
fn polls_and_retries_never_come_in_a_burst() {
    for (status, policy, expected) in [(202, POLL, 30), (429, NOT_IDEMPOTENT, 4), (503, IDEMPOTENT, 4)] {
        let now = [("retry-after", "0")];
        let mut platform = (0..50).fold(MockTransport::default(), |platform, _| platform.response(status, &now, b""));
        assert_eq!(run(&mut platform, policy).unwrap().status, status);
        assert_eq!(platform.waits.len(), expected, "{status}");
        assert!(platform.waits.iter().all(|wait| !wait.is_zero()), "{status}");
    }
}
