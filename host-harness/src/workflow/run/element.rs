//! What a call of a step needs, and what is known of it before it is sent.

use super::Run;
use crate::workflow::descriptions::Description;
use crate::workflow::file::Step;
use crate::workflow::state::Entry;
use connector_host::{Failure, Problem, Reason};
use serde_json::Value;

/// What is to be done for a step, or for one element of its `for_each`.
pub(super) enum Plan {
    /// Send this input.
    Send(String),
    /// `if` leaves it out.
    Skip,
    /// An earlier run has this output.
    Kept(Value),
    /// An earlier run left it out.
    KeptSkipped,
    /// An earlier run sent it, nobody knows what became of it, and it may not be repeated.
    Open(Failure),
}

impl Run {
    /// What is to be done for one call.
    pub(super) fn plan(
        &mut self,
        step: &Step,
        description: &Description,
        item: Option<(usize, &Value)>,
    ) -> Result<Plan, Failure> {
        let entry = self.state.as_mut().and_then(|state| state.take_entry(&step.id, item.map(|(index, _)| index)));
        let (resume, is_open) = match entry {
            Some(Entry::Done(output)) => return Ok(Plan::Kept(output)),
            Some(Entry::Skipped) => return Ok(Plan::KeptSkipped),
            Some(Entry::Started { resume }) => (resume, true),
            Some(Entry::Failed { resume }) => (resume, false),
            Some(Entry::Unknown) => (None, true),
            None => (None, false),
        };
        self.scope.set_item(item);
        let planned = self.planned(step, description, resume, is_open);
        self.scope.set_item(None);
        planned
    }

    fn planned(
        &self,
        step: &Step,
        description: &Description,
        resume: Option<String>,
        is_open: bool,
    ) -> Result<Plan, Failure> {
        if !is_open && !self.scope.holds(step.condition.as_ref())? {
            return Ok(Plan::Skip);
        }
        let input = match resume {
            Some(input) => input,
            None => Value::Object(self.scope.input(step)?).to_string(),
        };
        if is_open {
            let value = serde_json::from_str(&input).unwrap_or(Value::Null);
            if !description.is_idempotent(&value) {
                return Ok(Plan::Open(open_failure(&step.operation)));
            }
        }
        Ok(Plan::Send(input))
    }
}

fn open_failure(operation: &str) -> Failure {
    let message = format!(
        "an earlier run was cut off while it called `{operation}`, so the call may have been carried out; it is not \
         repeated, because `{operation}` is not idempotent: find out whether it was carried out, and decide"
    );
    let mut problem = Problem::new(Reason::ExecutionFailed, message);
    problem.request_sent = true;
    Failure::permanent(problem)
}
