//! What is tried again, and what is not.

use super::*;
use crate::auth::{Address, Auth};
use crate::catalog::Method;
use crate::failure::Failure;
use crate::request::Call;
use crate::scripted::Scripted;

const SAFE: Repeat = Repeat { safe: true, poll: false };
const UNSAFE: Repeat = Repeat { safe: false, poll: false };
const POLL: Repeat = Repeat { safe: true, poll: true };

fn address() -> Address {
    let auth = r#"{"domain": "looker.example.com", "access_token": "token"}"#;
    Auth::parse(auth, |_| None).unwrap().address
}

fn run(platform: &mut Scripted, repeat: Repeat) -> Result<Received> {
    let budget = Budget::new(platform);
    let call = Call::own(Method::Get, "/user", None);
    exchange(platform, &budget, repeat, Request { call: &call, address: &address(), token: None })
}

/// The status that comes out, how often was asked, and the seconds that were waited in all.
fn outcome(mut platform: Scripted, repeat: Repeat) -> (u16, usize, f64) {
    let received = run(&mut platform, repeat).unwrap();
    let waited: Duration = platform.waits.iter().sum();
    (received.status, platform.asked.len(), waited.as_secs_f64())
}

fn status(status: u16) -> Scripted {
    Scripted::default().json(status, "{}")
}

#[test]
fn a_success_is_asked_for_once() {
    assert_eq!(outcome(status(200), SAFE), (200, 1, 0.0));
}

#[test]
fn what_was_refused_before_it_acted_is_tried_again_whatever_it_is() {
    for repeat in [SAFE, UNSAFE] {
        let platform = Scripted::default().answer(429, &[("retry-after", "3")], b"").json(200, "{}");
        assert_eq!(outcome(platform, repeat), (200, 2, 3.0));
    }
}

#[test]
fn a_date_to_come_back_is_understood() {
    // The script's clock begins with 2026.
    let headers = [("Retry-After", "Thu, 01 Jan 2026 00:00:07 GMT")];
    assert_eq!(outcome(Scripted::default().answer(429, &headers, b"").json(200, "{}"), SAFE), (200, 2, 7.0));
}

#[test]
fn waits_grow_where_none_is_named_and_end() {
    let platform = (0..9).fold(Scripted::default(), |platform, _| platform.json(429, "{}"));
    let (status, asked, waited) = outcome(platform, UNSAFE);
    assert_eq!((status, asked), (429, 5));
    // Half of 0.2, 0.4, 0.8 and 1.6 seconds: chance here leaves out as much as it can.
    assert!((waited - 1.5).abs() < 1e-9, "{waited}");
}

#[test]
fn a_wait_beyond_the_budget_is_left_to_the_caller() {
    let platform = Scripted::default().answer(429, &[("retry-after", "31")], b"").json(200, "{}");
    assert_eq!(outcome(platform, SAFE), (429, 1, 0.0));
    // Each fits; together they do not.
    let headers = [("retry-after", "20")];
    let platform = Scripted::default().answer(429, &headers, b"").answer(429, &headers, b"").json(200, "{}");
    assert_eq!(outcome(platform, SAFE), (429, 2, 20.0));
}

#[test]
fn what_may_have_acted_is_never_repeated() {
    for code in [500, 502, 503, 504] {
        let platform = Scripted::default().answer(code, &[("retry-after", "1")], b"").json(200, "{}");
        assert_eq!(outcome(platform, UNSAFE), (code, 1, 0.0));
    }
    let mut platform = Scripted::default().error(TransportErrorKind::Broken).json(200, "{}");
    let failure = run(&mut platform, UNSAFE).unwrap_err();
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.request_sent), "{failure:?}");
    assert_eq!(platform.asked.len(), 1);
    let mut platform = Scripted::default().broken_body("{\"a\":").json(200, "{}");
    assert!(matches!(run(&mut platform, UNSAFE), Err(Failure::Permanent(_))));
    assert_eq!(platform.asked.len(), 1);
}

#[test]
fn a_gateway_that_fails_is_asked_again_where_that_is_safe() {
    for code in [502, 503, 504] {
        let (code, asked, _) = outcome(status(code).json(200, "{}"), SAFE);
        assert_eq!((code, asked), (200, 2));
    }
    // Looker itself failing is no passing state.
    assert_eq!(outcome(status(500), SAFE), (500, 1, 0.0));
}

#[test]
fn a_broken_connection_is_tried_again_where_that_is_safe() {
    assert_eq!(outcome(Scripted::default().error(TransportErrorKind::Broken).json(200, "{}"), SAFE).1, 2);
    assert_eq!(outcome(Scripted::default().broken_body("{").json(200, "{}"), SAFE).1, 2);
}

#[test]
fn errors_below_http_say_whether_to_come_back() {
    use TransportErrorKind as Kind;
    for (kind, safe, reason, retryable, sent) in [
        (Kind::NotConnected, false, Reason::Unreachable, true, false),
        (Kind::Certificate, true, Reason::Unreachable, false, false),
        (Kind::Denied, true, Reason::Unreachable, false, false),
        (Kind::Timeout, true, Reason::Timeout, true, true),
        (Kind::Timeout, false, Reason::Timeout, false, true),
        (Kind::Garbled, true, Reason::UnexpectedResponse, true, true),
        (Kind::Garbled, false, Reason::UnexpectedResponse, false, true),
        (Kind::TooLarge, true, Reason::UnexpectedResponse, false, true),
    ] {
        let mut platform = Scripted::default().error(kind);
        let failure = run(&mut platform, Repeat { safe, poll: false }).unwrap_err();
        let problem = failure.problem();
        assert_eq!((problem.reason, problem.request_sent), (reason, sent), "{kind:?}");
        assert_eq!(matches!(failure, Failure::Retryable(_)), retryable, "{kind:?}");
        assert_eq!(platform.asked.len(), 1, "{kind:?}");
        assert!(problem.message.contains("looker.example.com"), "{}", problem.message);
    }
}

#[test]
fn a_result_that_is_not_there_yet_is_waited_for_only_when_told_how_long() {
    let headers = [("retry-after", "2")];
    assert_eq!(outcome(Scripted::default().answer(202, &headers, b"").json(200, "{}"), POLL), (200, 2, 2.0));
    assert_eq!(outcome(status(202), POLL), (202, 1, 0.0));
    assert_eq!(outcome(Scripted::default().answer(202, &headers, b""), UNSAFE), (202, 1, 0.0));
}

#[test]
fn of_an_error_only_the_beginning_is_read() {
    let page = "x".repeat(10 * REFUSAL_BYTES);
    let received = run(&mut Scripted::default().answer(500, &[], page.as_bytes()), SAFE).unwrap();
    assert!(received.bytes.len() <= CHUNK);
    let large = "x".repeat(3 * CHUNK);
    let received = run(&mut Scripted::default().answer(200, &[], large.as_bytes()), SAFE).unwrap();
    assert_eq!(received.bytes.len(), large.len());
}

#[test]
fn pieces_of_any_size_are_joined_in_their_order() {
    for size in [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1] {
        let whole: Vec<u8> = (0..3 * CHUNK).map(|index| (index % 251) as u8).collect();
        let mut pieces = Pieces::default();
        whole.chunks(size).for_each(|piece| pieces.add(piece.to_vec()).unwrap());
        assert_eq!(pieces.len(), whole.len(), "{size}");
        assert!(pieces.join().unwrap() == whole, "{size}");
    }
}
