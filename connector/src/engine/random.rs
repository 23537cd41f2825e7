//! The engine with random auths, operations, inputs and responses: it never panics, never waits for long, and every
//! failure has a readable message without secrets.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p looker-connector random` runs a million cases.

use super::*;
use crate::failure::Failure;
use crate::mock_transport::MockTransport;
use crate::transport::TransportErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use random_calls::{Answer, SECRET, TOKEN, answer, auth, call};

/// A random result of a request.
#[derive(Debug, Clone)]
enum Reply {
    Response(Answer),
    Error(TransportErrorKind),
}

fn reply() -> impl Strategy<Value = Reply> {
    use TransportErrorKind::{Broken, Certificate, Denied, InvalidHttp, NotConnected, Timeout, TooLarge};
    let error = select(vec![Broken, Certificate, Denied, InvalidHttp, NotConnected, Timeout, TooLarge]);
    prop_oneof![6 => answer().prop_map(Reply::Response), 1 => error.prop_map(Reply::Error)]
}

fn script(replies: Vec<Reply>) -> MockTransport {
    replies.into_iter().fold(MockTransport::default(), |script, reply| match reply {
        Reply::Response(Answer { status, headers, body }) => {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            script.response(status, &headers, &body)
        }
        Reply::Error(kind) => script.error(kind),
    })
}

/// Checks that a failure has a message and shows no secret.
fn check(failure: &Failure) -> std::result::Result<(), TestCaseError> {
    let problem = failure.problem();
    prop_assert!(!problem.message.trim().is_empty());
    prop_assert!(!problem.message.contains(SECRET) && !problem.message.contains(TOKEN), "{}", problem.message);
    if let Failure::Retryable(problem) = failure {
        prop_assert!(
            !matches!(
                problem.reason,
                Reason::InvalidAuth | Reason::InvalidInput | Reason::UnknownOperation | Reason::Unauthenticated
            ),
            "{problem:?}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn calls_never_panic(auth in auth(), (operation, input) in call(), replies in vec(reply(), 16)) {
        // A job asks more often than the script has replies.
        let mut engine = Engine::new(script(replies).then_error(TransportErrorKind::Broken));
        match engine.invoke(&auth, Call::new(&operation, &input)) {
            Err(failure) => check(&failure)?,
            Ok(Output { body: OutputBody::Json(document), next }) => {
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&document).is_ok());
                if let Some(next) = next {
                    prop_assert!(Input::parse(&next).is_ok(), "{next}");
                }
            }
            Ok(_) => {}
        }
        let waited = engine.platform.waited();
        prop_assert!(waited <= Duration::from_secs(30), "waited {waited:?}");
    }

    #[test]
    fn streams_never_panic(auth in auth(), replies in vec(reply(), 16), max_bytes in 0..100usize) {
        let mut engine = Engine::new(script(replies));
        match engine.open(&auth, Call::new("run_query", r#"{"query_id": "1", "result_format": "json"}"#)) {
            Err(failure) => check(&failure)?,
            Ok(mut download) => while let Ok(piece) = engine.read(&mut download, max_bytes) {
                if piece.is_empty() {
                    break;
                }
                prop_assert!(piece.len() <= max_bytes.max(1));
            },
        }
    }
}
