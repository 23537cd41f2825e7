//! The helper that every job is written over.

use super::api::{Api, MAX_REQUESTS};
use super::state::State;
use super::steps::StepState;
use crate::auth::Workspace;
use crate::failure::{Failure, Problem, Reason, Result};
use crate::request::quote;
use crate::response::{Output, OutputBody};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// What a job returns.
pub enum Outcome {
    /// A JSON document, and the complete input for the next page.
    Json(String, Option<String>),
    /// The output of [`Job::pass_on`].
    PassedOn,
    /// Text that is made piece by piece while it is read, of this media type.
    Rows(&'static str, Box<dyn Rows>),
}

/// A text that many calls make.
pub trait Rows {
    /// Returns the next piece, whole lines; `None` at the end. May call operations like any job.
    fn next(&mut self, job: &mut Job) -> Result<Option<String>>;
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(document, next) => formatter.debug_tuple("Json").field(document).field(next).finish(),
            Self::PassedOn => formatter.write_str("PassedOn"),
            Self::Rows(media_type, _) => formatter.debug_tuple("Rows").field(media_type).finish(),
        }
    }
}

/// A call of a job, for the job's own code.
pub struct Job<'a> {
    pub(super) state: &'a mut State,
    pub(super) api: &'a mut dyn Api,
}

impl<'a> Job<'a> {
    /// A job that calls operations through `api`.
    pub fn new(state: &'a mut State, api: &'a mut dyn Api) -> Self {
        Self { state, api }
    }

    /// An input, converted as the schema says; the default if it was left out; [`Value::Null`] if there is none.
    pub fn input(&self, name: &str) -> &Value {
        self.state.values.get(name).unwrap_or(&Value::Null)
    }

    /// A text input without the spaces around it; `None` if it is absent or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.input(name).as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A boolean input; `false` if it is absent.
    pub fn flag(&self, name: &str) -> bool {
        self.input(name).as_bool().unwrap_or(false)
    }

    /// The texts in a list input.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let items = self.input(name).as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Carries out an operation that only reads, and returns its output.
    pub fn read(&mut self, operation: &str, input: &Value) -> Result<Value> {
        let document = self.read_text(operation, input)?;
        parsed(&document)
    }

    /// [`Job::read_text`] of a list, with the complete input for the next page where Looker links to one.
    pub fn read_page(&mut self, operation: &str, input: &Value) -> Result<(String, Option<String>)> {
        let output = self.output(operation, input).map_err(|failure| failure.about(&format!("{operation} failed.")))?;
        let next = output.next.clone();
        Ok((document(operation, output)?, next))
    }

    /// [`Job::read`], as Looker wrote it: numbers keep all digits. Text and JSON alike; empty if there was no content.
    pub fn read_text(&mut self, operation: &str, input: &Value) -> Result<String> {
        self.call(operation, input).map_err(|failure| failure.about(&format!("{operation} failed.")))
    }

    /// Carries out an operation that only reads one thing; `None` if Looker has no such thing, or does not show it.
    pub fn find(&mut self, operation: &str, input: &Value) -> Result<Option<Value>> {
        match self.read(operation, input) {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.problem().reason == Reason::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Carries out a step that changes something, and records it as done. `id` is what it is about; if it is `None`, the `id`
    /// in the output. A second run of the job must find out by itself whether the step was done, so that a step whose outcome
    /// is unknown fails as retryable.
    pub fn write(&mut self, step: &str, id: Option<&str>, operation: &str, input: &Value) -> Result<Value> {
        self.write_or_find(step, id, operation, input, |_| Ok(None))
    }

    /// [`Job::write`], which looks up whether the step was done if its response was lost. `look_up` returns what the step made;
    /// `None` if there is no such thing (yet). Nothing is sent again.
    pub fn write_or_find(
        &mut self,
        step: &str,
        id: Option<&str>,
        operation: &str,
        input: &Value,
        look_up: impl FnOnce(&mut Self) -> Result<Option<Value>>,
    ) -> Result<Value> {
        let value = match self.call(operation, input).and_then(|document| parsed(&document)) {
            Ok(value) => value,
            Err(failure) if failure.is_outcome_unknown() => {
                let found = look_up(self).ok().flatten();
                self.state.in_doubt = found.is_none();
                found.ok_or_else(|| failed_step(failure.into_retryable(), step, operation))?
            }
            Err(failure) => return Err(failed_step(failure, step, operation)),
        };
        let made = super::id(&value["id"]);
        self.record(step, StepState::Done, id.or(made.as_deref()));
        Ok(value)
    }

    /// Removes something, and records that as done; as held if there is no such thing (any more).
    pub fn remove(&mut self, step: &str, id: &str, operation: &str, input: &Value) -> Result<StepState> {
        let state = match self.call(operation, input) {
            Ok(_) => StepState::Done,
            Err(failure) if failure.problem().reason == Reason::NotFound => StepState::Held,
            Err(failure) => {
                self.state.in_doubt = failure.is_outcome_unknown();
                return Err(failed_step(failure, step, operation));
            }
        };
        self.record(step, state, Some(id));
        Ok(state)
    }

    /// Carries out a step that a second run of the job could not find and would do again, such as sending mail. If its
    /// outcome is unknown, the failure is permanent. Later failures are retryable only by [`Job::resume_with`].
    pub fn write_once(&mut self, step: &str, id: Option<&str>, operation: &str, input: &Value) -> Result<Value> {
        let document = self.call(operation, input).map_err(|failure| {
            let failure = if failure.is_outcome_unknown() {
                self.state.in_doubt = true;
                self.state.acted_once = true;
                failure.into_permanent()
            } else {
                failure
            };
            failed_step(failure, step, operation)
        })?;
        self.state.acted_once = true;
        let value = parsed(&document)?;
        let made = super::id(&value["id"]);
        self.record(step, StepState::Done, id.or(made.as_deref()));
        Ok(value)
    }

    /// Carries out an operation whose output becomes the job's own, unchanged, also where it is streamed.
    pub fn pass_on(&mut self, operation: &str, input: &Value) -> Result<Outcome> {
        self.room()?;
        let resume = (!self.state.resume.is_empty()).then(|| self.state.resume_input());
        let passed = self.api.pass_on(operation, &input.to_string(), resume);
        self.state.sent |= passed.as_ref().err().is_none_or(|failure| failure.problem().request_sent);
        passed.map_err(|failure| failure.about(&format!("{operation} failed.")))?;
        Ok(Outcome::PassedOn)
    }

    /// Records a step that needed no call of [`Job::write`].
    pub fn record(&mut self, step: &str, state: StepState, id: Option<&str>) {
        self.state.steps.add(step, state, id, None);
    }

    /// Records a step that was about several things.
    pub fn record_count(&mut self, step: &str, state: StepState, count: usize) {
        self.state.steps.add(step, state, None, Some(count as u64));
    }

    /// Adds a field to the input with which a retryable failure goes on.
    pub fn resume_with(&mut self, name: &str, value: impl Into<Value>) {
        self.state.resume.insert(name.to_owned(), value.into());
    }

    /// Takes a field of [`Job::resume_with`] back: a retryable failure goes on without it.
    pub fn forget_resume(&mut self, name: &str) {
        self.state.resume.remove(name);
        self.state.given.remove(name);
    }

    /// Sets an input for the rest of this call.
    pub fn set_value(&mut self, name: &str, value: Value) {
        self.state.values.insert(name.to_owned(), value);
    }

    /// The ids of the steps of that name which are in that state.
    pub fn ids_of(&self, step: &str, state: StepState) -> Vec<String> {
        self.state.steps.ids_of(step, state)
    }

    /// The input for the next page: this one with these fields.
    pub fn next_input(&self, fields: impl IntoIterator<Item = (&'static str, Value)>) -> String {
        let mut input = self.state.given.clone();
        input.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(input).to_string()
    }

    /// The output of a job with steps: `changed`, `steps`, and these fields.
    pub fn finished(&self, fields: &[(&str, Value)]) -> Outcome {
        let steps = &self.state.steps;
        let mut document = format!("{{\"changed\":{},\"steps\":{}", steps.changed(), steps.json());
        for (name, value) in fields {
            document.push_str(&format!(",{}:{value}", quote(name)));
        }
        document.push('}');
        Outcome::Json(document, None)
    }

    /// Fails if this call has sent as many requests as a job may. A call of an operation checks that by itself.
    ///
    /// # Errors
    ///
    /// A retryable failure that goes on by `resume`.
    pub fn room(&self) -> Result<()> {
        if self.requests_left() > 0 {
            return Ok(());
        }
        let message = format!(
            "{} has sent {MAX_REQUESTS} requests, the most for one call. Call again with the input in resume to go on.",
            self.state.definition.summary.name
        );
        let mut problem = Problem::new(Reason::Timeout, message);
        problem.request_sent = true;
        problem.retry_after = Some(Duration::ZERO);
        Err(problem.retryable())
    }

    /// How many more requests this call may send.
    pub fn requests_left(&self) -> u32 {
        MAX_REQUESTS.saturating_sub(self.api.requests())
    }

    /// The time since the beginning of 1970.
    pub fn wall_clock(&self) -> Duration {
        self.api.wall_clock()
    }

    /// Whether the output is streamed.
    pub fn streams(&self) -> bool {
        self.api.streams()
    }

    /// Does `work` in a session of its own, which is in `workspace` and ends afterwards.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidAuth`], before anything is sent, if the auth has no client secret; else as `work`.
    pub fn in_own_session<T>(&mut self, workspace: Workspace, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.api.enter_session(workspace)?;
        let outcome = work(self);
        self.api.leave_session();
        outcome
    }

    /// A failure of the job's own, which no repetition mends.
    pub fn fail(&self, reason: Reason, message: impl Into<String>) -> Failure {
        Problem::new(reason, message).permanent()
    }

    /// A failure of the job's own, about one input.
    pub fn fail_input(&self, field: &str, code: &str, reason: Reason, message: impl Into<String>) -> Failure {
        let message = message.into();
        let mut problem = Problem::new(reason, message.clone());
        problem.fields.push(crate::failure::FieldProblem {
            field: Some(field.to_owned()),
            code: code.to_owned(),
            message,
        });
        problem.permanent()
    }

    fn call(&mut self, operation: &str, input: &Value) -> Result<String> {
        self.output(operation, input).and_then(|output| document(operation, output))
    }

    fn output(&mut self, operation: &str, input: &Value) -> Result<Output> {
        self.room()?;
        let output = self.api.invoke(operation, &input.to_string());
        self.state.sent |= output.as_ref().err().is_none_or(|failure| failure.problem().request_sent);
        output
    }
}

/// The JSON or the text of an output; empty if there was no content.
fn document(operation: &str, output: Output) -> Result<String> {
    match output.body {
        OutputBody::Json(text) | OutputBody::Text(text) => Ok(text),
        OutputBody::Nothing => Ok(String::new()),
        OutputBody::File(file) => {
            let mut problem = Problem::new(
                Reason::UnexpectedResponse,
                format!("Looker returned {} for {operation}.", file.media_type),
            );
            problem.request_sent = true;
            Err(problem.permanent())
        }
    }
}

fn failed_step(failure: Failure, step: &str, operation: &str) -> Failure {
    failure.about(&format!("The step {step} ({operation}) failed."))
}

/// A document that was checked to be JSON, or text.
fn parsed(document: &str) -> Result<Value> {
    if document.is_empty() {
        return Ok(Value::Null);
    }
    // What is valid JSON but nested too deeply, or text, stays text.
    Ok(serde_json::from_str(document).unwrap_or_else(|_| Value::String(document.to_owned())))
}
