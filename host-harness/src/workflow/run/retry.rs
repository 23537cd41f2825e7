//! Repeats calls that failed for the moment.

use connector_host::{Auth, Call, Connector, Failure, Output};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// The wait before the second attempt. It doubles with each one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait between two attempts, where the failure does not ask for one.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// The longest wait that a failure may ask for. A longer one ends the attempts.
pub const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How often a call may go on from where it stopped without using up an attempt.
const CONTINUATIONS: u32 = 1000;

/// One call, and how often it may be sent.
pub(super) struct Attempts {
    pub(super) connector: Connector,
    pub(super) auth: Auth,
    pub(super) operation: String,
    pub(super) input: String,
    pub(super) attempts: u32,
    pub(super) index: Option<usize>,
    pub(super) waits: UnboundedSender<Wait>,
}

/// A call that failed for the moment and is repeated.
pub(super) struct Wait {
    pub(super) index: Option<usize>,
    pub(super) attempt: u32,
    pub(super) wait: Duration,
    pub(super) failure: Failure,
}

impl Attempts {
    /// Sends the call until it succeeds, fails for good, or has been sent as often as it may.
    ///
    /// A failure that says how to go on has got somewhere if that differs from what was sent. It does not use up an
    /// attempt: work in many parts takes as many calls as there are parts.
    pub(super) async fn run(self) -> Result<Output, Failure> {
        let mut input = self.input;
        let mut attempt = 1;
        let mut continuations = 0;
        loop {
            let outcome = self.connector.invoke(&self.auth, Call::new(&self.operation).input(input.as_str())).await;
            let failure = match outcome {
                Err(failure) if failure.is_retryable() && self.attempts > 1 => failure,
                outcome => return outcome,
            };
            let problem = failure.problem();
            let goes_on = problem.resume.as_ref().is_some_and(|resume| *resume != input);
            if goes_on && continuations < CONTINUATIONS {
                continuations += 1;
            } else if attempt >= self.attempts {
                return Err(failure);
            } else {
                attempt += 1;
            }
            let wait = match problem.retry_after_ms.map(Duration::from_millis) {
                Some(wait) if wait > LONGEST_WAIT => return Err(failure),
                Some(wait) => wait,
                None => back_off(attempt),
            };
            if let Some(resume) = problem.resume {
                input = resume;
            }
            // Nobody listens any more if the run has ended, and then this task has too.
            let _ = self.waits.send(Wait { index: self.index, attempt, wait, failure });
            tokio::time::sleep(wait).await;
        }
    }
}

/// The wait before an attempt: it doubles up to a limit, and is shortened by up to a half at random, so that calls that
/// failed together are not sent together.
fn back_off(attempt: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(2).min(16)));
    doubled.min(LONGEST_BACK_OFF).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_vary() {
        for (attempt, longest) in [(2, 1), (3, 2), (4, 4), (8, 60), (100, 60)] {
            let waits: Vec<Duration> = (0..100).map(|_| back_off(attempt)).collect();
            let longest = Duration::from_secs(longest);
            assert!(waits.iter().all(|wait| *wait <= longest && *wait >= longest / 2), "{attempt}: {waits:?}");
            assert!(waits.iter().max() > waits.iter().min());
        }
    }
}
