//! Waits for what runs in Looker.

use super::{Job, MAX_REQUESTS};
use crate::failure::{Failure, Problem, Reason, Result};
use std::time::Duration;

/// The first wait between two looks.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between two looks, unless Looker asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

impl Job<'_> {
    /// Looks until there is something: at once, then after 1 second, and after waits that grow by half up to 15 seconds. A
    /// `Retry-After` of Looker's wins. `what` completes the sentence "Looker is still …".
    ///
    /// # Errors
    ///
    /// The failure of a look; and if the call may wait or ask no longer, a retryable failure that goes on by `resume`.
    pub fn poll<T>(&mut self, what: &str, look: impl FnMut(&mut Self) -> Result<Option<T>>) -> Result<T> {
        self.poll_from(FIRST_WAIT, what, look)
    }

    /// [`Job::poll`] with another first wait. Waits grow from there up to 15 seconds, or stay if they are longer.
    pub fn poll_from<T>(
        &mut self,
        first: Duration,
        what: &str,
        mut look: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let mut wait = first;
        loop {
            let named = match look(self) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => None,
                // A result that is not ready (202).
                Err(Failure::Retryable(problem)) if problem.status == Some(202) => problem.retry_after,
                Err(failure) => return Err(failure),
            };
            let left = self.api.wait_left();
            let time = match named {
                Some(named) => named.max(FIRST_WAIT),
                // The last look comes when the time is over.
                None if wait > left && left >= FIRST_WAIT => left,
                None => wait,
            };
            if self.api.requests() >= MAX_REQUESTS || !self.api.wait(time) {
                let mut problem = Problem::new(
                    Reason::Timeout,
                    format!("Looker is still {what}. Call again later, with the input in resume."),
                );
                problem.retry_after = Some(time);
                problem.request_sent = true;
                return Err(problem.retryable());
            }
            wait = (wait * 3 / 2).min(LONGEST_WAIT.max(first));
        }
    }
}
