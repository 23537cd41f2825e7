//! What a call of a job knows of itself, and how its failures are told.

use super::steps::Steps;
use super::{Definition, input};
use crate::catalog::Effect;
use crate::failure::{Failure, Reason, Result};
use crate::input::Input;
use serde_json::{Map, Value};

/// One call of a job: its input, and what became of it so far.
#[derive(Debug)]
pub struct State {
    pub(super) definition: &'static Definition,
    pub(super) values: Map<String, Value>,
    pub(super) given: Map<String, Value>,
    pub(super) steps: Steps,
    pub(super) resume: Map<String, Value>,
    /// Whether a request may have reached Looker.
    pub(super) sent: bool,
    /// Whether something was done that a second run would do again.
    pub(super) acted_once: bool,
    /// Whether it is not known if the last step was done.
    pub(super) in_doubt: bool,
}

impl State {
    /// The state of a new call.
    ///
    /// # Errors
    ///
    /// One failure that names every input that is wrong.
    pub fn new(definition: &'static Definition, input: &Input) -> Result<Self> {
        let values = input::values(definition, input)?;
        let given = input.fields().filter(|(_, value)| value.get() != "null");
        let given = given.filter_map(|(name, value)| Some((name.to_owned(), serde_json::from_str(value.get()).ok()?)));
        Ok(Self {
            definition,
            steps: Steps::read(values.get("steps")),
            given: given.collect(),
            values,
            resume: Map::new(),
            sent: false,
            acted_once: false,
            in_doubt: false,
        })
    }

    /// Turns a failure within the job into the failure of the job: names the steps that were done, and adds the input that
    /// goes on.
    pub fn finish(&self, failure: Failure) -> Failure {
        let retryable = matches!(failure, Failure::Retryable(_));
        let mut problem = failure.problem().clone();
        problem.request_sent |= self.sent;
        let name = self.definition.summary.name;
        let done = self.steps.done();
        if !done.is_empty() {
            problem.message = format!("{} {name} stopped there; done before: {done}.", problem.message);
        } else if self.sent && !self.in_doubt && self.definition.summary.effect != Effect::Read {
            problem.message.push_str(" Nothing was changed.");
        }
        let goes_on = !self.resume.is_empty() || !self.steps.is_empty();
        let resume = goes_on.then(|| self.resume_input());
        if problem.reason == Reason::Unauthenticated && self.acted_once {
            // To a host, it would mean that nothing was carried out, and that it should sign in and start again.
            problem.reason = Reason::RemoteError;
            problem.resume = resume;
            return if self.resume.is_empty() { problem.permanent() } else { problem.retryable() };
        }
        if !retryable || (self.acted_once && self.resume.is_empty()) {
            return problem.permanent();
        }
        problem.resume = resume;
        problem.retryable()
    }

    /// The whole input that goes on where this call is.
    pub(super) fn resume_input(&self) -> String {
        let mut input = self.given.clone();
        input.extend(self.resume.clone());
        if !self.steps.is_empty() {
            input.insert("steps".to_owned(), self.steps.value());
        }
        Value::Object(input).to_string()
    }
}
