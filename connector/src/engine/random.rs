//! The engine under random auths, operations, inputs and answers: it never panics, never waits for ever, and every failure
//! it gives is one that a person can read.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p looker-connector random` runs a million cases.

use super::*;
use crate::scripted::Scripted;
use crate::transport::TransportErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use random_calls::{Answer, SECRET, TOKEN, answer, auth, call};

/// What an outside gives that may be anything.
#[derive(Debug, Clone)]
enum Reply {
    Answer(Answer),
    Error(TransportErrorKind),
}

fn reply() -> impl Strategy<Value = Reply> {
    use TransportErrorKind::{Broken, Certificate, Denied, Garbled, NotConnected, Timeout, TooLarge};
    let error = select(vec![Broken, Certificate, Denied, Garbled, NotConnected, Timeout, TooLarge]);
    prop_oneof![6 => answer().prop_map(Reply::Answer), 1 => error.prop_map(Reply::Error)]
}

fn script(replies: Vec<Reply>) -> Scripted {
    replies.into_iter().fold(Scripted::default(), |script, reply| match reply {
        Reply::Answer(Answer { status, headers, body }) => {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            script.answer(status, &headers, &body)
        }
        Reply::Error(kind) => script.error(kind),
    })
}

/// The failure is in order: it says something, and nothing that is secret.
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
    fn nothing_makes_it_panic(auth in auth(), (operation, input) in call(), replies in vec(reply(), 16)) {
        let mut engine = Engine::new(script(replies));
        match engine.invoke(&auth, &operation, &input) {
            Err(failure) => check(&failure)?,
            Ok(Output { body: OutputBody::Json(document), next }) => {
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&document).is_ok());
                if let Some(next) = next {
                    prop_assert!(Input::parse(&next).is_ok(), "{next}");
                }
            }
            Ok(_) => {}
        }
        let waited: Duration = engine.platform.waits.iter().sum();
        prop_assert!(waited <= Duration::from_secs(30), "waited {waited:?}");
    }

    #[test]
    fn no_stream_makes_it_panic(auth in auth(), replies in vec(reply(), 16), most in 0..100usize) {
        let mut engine = Engine::new(script(replies));
        match engine.open(&auth, "run_query", r#"{"query_id": "1", "result_format": "json"}"#) {
            Err(failure) => check(&failure)?,
            Ok(mut download) => while let Ok(piece) = download.read(most) {
                if piece.is_empty() {
                    break;
                }
                prop_assert!(piece.len() <= most.max(1));
            },
        }
    }
}
