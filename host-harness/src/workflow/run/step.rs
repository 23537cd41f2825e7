//! Carries out one step: its call, or the calls for all elements of its `for_each`.

use super::element::Plan;
use super::retry::{Attempts, Wait};
use super::{Failed, Run, may_have_acted, state_failure};
use crate::output::to_json;
use crate::workflow::descriptions::Description;
use crate::workflow::event::{Counts, Elements, Event, Why};
use crate::workflow::file::Step;
use crate::workflow::state::CallKey;
use connector_host::{Auth, ExecutionFailure, Failure, Output, Problem, Reason};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// The most failures of a `for_each` that are kept.
const FAILURES: usize = 10;

/// A step that was carried out.
pub(super) struct Done {
    pub(super) json: Value,
    /// For a step without `for_each` that was called.
    pub(super) output: Option<Output>,
    /// For a step with `for_each`.
    pub(super) counts: Option<Counts>,
    /// Why the step was not carried out.
    pub(super) why: Option<Why>,
    pub(super) changed_data: bool,
}

/// A step under way.
pub(super) struct StepRun<'a> {
    run: &'a mut Run,
    step: &'a Step,
    description: Arc<Description>,
    auth: Auth,
    /// The elements of `for_each`. `None` for a step without it.
    items: Option<Vec<Value>>,
    /// The outputs of the calls.
    outputs: Vec<Value>,
    /// The output of the only call.
    output: Option<Output>,
    counts: Counts,
    failures: Vec<(usize, Failure)>,
    open_calls: Vec<CallKey>,
    changed_data: bool,
    calls: JoinSet<(Option<usize>, Result<Output, Failure>)>,
    waits: UnboundedSender<Wait>,
    waiting: UnboundedReceiver<Wait>,
}

impl<'a> StepRun<'a> {
    /// Finds what the step needs.
    pub(super) fn new(run: &'a mut Run, step: &'a Step) -> Result<Self, Failure> {
        let description = run.descriptions.get(&step.operation).cloned().ok_or_else(|| {
            let message = format!("there is no operation `{}`", step.operation);
            Failure::permanent(Problem::new(Reason::UnknownOperation, message))
        })?;
        let auth = match &step.auth {
            Some(name) => run.auths.get(name),
            None => run.default_auth.as_ref(),
        };
        let auth = auth.cloned().ok_or_else(|| {
            let message = match &step.auth {
                Some(name) => format!("there is no auth `{name}`"),
                None => "there is no auth for steps that name none".to_owned(),
            };
            Failure::permanent(Problem::new(Reason::InvalidAuth, message))
        })?;
        let items = step.for_each.as_ref().map(|for_each| run.scope.list(for_each)).transpose()?;
        let calls = items.as_ref().map_or(1, Vec::len);
        let (waits, waiting) = unbounded_channel();
        Ok(Self {
            run,
            step,
            description,
            auth,
            items,
            outputs: vec![Value::Null; calls],
            output: None,
            counts: Counts { left: calls, ..Counts::default() },
            failures: Vec::new(),
            open_calls: Vec::new(),
            changed_data: false,
            calls: JoinSet::new(),
            waits,
            waiting,
        })
    }

    /// Carries it out.
    pub(super) async fn run(mut self, tell: &mut impl FnMut(Event<'_>)) -> Result<Done, Failed> {
        self.find_open_calls();
        let at_once = self.step.at_once.min(self.run.max_concurrency);
        let mut next = 0;
        loop {
            let mut sends = Vec::new();
            while self.failures.is_empty() && next < self.outputs.len() && self.calls.len() + sends.len() < at_once {
                sends.extend(self.prepare(next));
                next += 1;
            }
            self.send(sends);
            if self.items.is_some() && (self.counts != Counts::default()) {
                tell(Event::Progress { step: self.step, counts: self.counts });
            }
            if self.calls.is_empty() {
                // Nothing is under way: everything has ended, or a failure stopped the rest.
                if next >= self.outputs.len() || !self.failures.is_empty() {
                    break;
                }
                continue;
            }
            self.progress(tell).await;
        }
        self.finish()
    }

    /// Before anything is sent: the calls of earlier runs that somebody has to decide about.
    fn find_open_calls(&mut self) {
        let Some(state) = &self.run.state else { return };
        let indices: Vec<Option<usize>> =
            state.open_calls().filter(|key| key.step == self.step.id).map(|key| key.index).collect();
        for index in indices {
            let item = match (&self.items, index) {
                (Some(items), Some(index)) => match items.get(index) {
                    Some(item) => Some((index, item)),
                    None => continue,
                },
                (None, None) => None,
                _ => continue,
            };
            match self.run.plan(self.step, &self.description, item) {
                Ok(Plan::Open(failure)) => {
                    self.open_calls.push(CallKey { step: self.step.id.clone(), index });
                    self.fail(index, failure);
                }
                Ok(_) => {}
                Err(failure) => self.fail(index, failure),
            }
        }
    }

    /// Decides what to do for a call. Returns the input to send.
    fn prepare(&mut self, number: usize) -> Option<(Option<usize>, String)> {
        let item = self.items.as_ref().and_then(|items| items.get(number)).map(|item| (number, item));
        let index = item.map(|(index, _)| index);
        match self.run.plan(self.step, &self.description, item) {
            Ok(Plan::Send(input)) => return Some((index, input)),
            Ok(Plan::Skip) => {
                let key = self.key(index);
                let recorded = self.run.state.as_mut().map_or(Ok(()), |state| state.skipped(key));
                if let Err(error) = recorded {
                    self.fail(index, state_failure(&error));
                    return None;
                }
                self.counts.skipped += 1;
                self.counts.left -= 1;
            }
            Ok(Plan::KeptSkipped) => {
                self.counts.skipped += 1;
                self.counts.left -= 1;
            }
            Ok(Plan::Kept(output)) => {
                self.counts.kept += 1;
                self.counts.left -= 1;
                self.keep(index, output);
            }
            Ok(Plan::Open(failure)) | Err(failure) => self.fail(index, failure),
        }
        None
    }

    /// Sends calls, after their start is recorded.
    fn send(&mut self, sends: Vec<(Option<usize>, String)>) {
        let keys: Vec<CallKey> = sends.iter().map(|(index, _)| self.key(*index)).collect();
        if let Some(state) = &mut self.run.state
            && let Err(error) = state.start(keys)
        {
            let failure = state_failure(&error);
            for (index, _) in sends {
                self.fail(index, failure.clone());
            }
            return;
        }
        for (index, input) in sends {
            let attempts = Attempts {
                connector: self.run.connector.clone(),
                auth: self.auth.clone(),
                operation: self.step.operation.clone(),
                input,
                attempts: self.step.attempts,
                index,
                waits: self.waits.clone(),
            };
            self.calls.spawn(async move { (index, attempts.run().await) });
        }
    }

    /// Waits for the next thing that happens.
    async fn progress(&mut self, tell: &mut impl FnMut(Event<'_>)) {
        tokio::select! {
            // What a call waited for is told before what it gave.
            biased;
            Some(wait) = self.waiting.recv() => {
                if let (Some(state), Some(input)) = (&mut self.run.state, wait.failure.problem().resume) {
                    let key = CallKey { step: self.step.id.clone(), index: wait.index };
                    // Only a shorter way is lost: what is repeated is idempotent, or told.
                    let _ = state.resume(key, input);
                }
                let Wait { index, attempt, wait, failure } = &wait;
                tell(Event::Waiting { step: self.step, index: *index, attempt: *attempt, wait: *wait, failure });
            }
            Some(ended) = self.calls.join_next() => match ended {
                Ok((index, outcome)) => self.ended(index, outcome),
                Err(error) => {
                    let failure = ExecutionFailure::Crash { message: error.to_string(), request_sent: true };
                    self.fail(None, failure.into());
                }
            },
        }
    }

    /// Keeps what a call gave.
    fn ended(&mut self, index: Option<usize>, outcome: Result<Output, Failure>) {
        let outcome = outcome.and_then(|output| to_json(&output).map(|json| (output, json)));
        let key = self.key(index);
        match outcome {
            Ok((output, json)) => {
                let recorded = match &mut self.run.state {
                    Some(state) => state.done(key, json.clone()),
                    None => Ok(()),
                };
                self.counts.done += 1;
                self.counts.left -= 1;
                if self.items.is_none() {
                    self.output = Some(output);
                }
                self.keep(index, json);
                if let Err(error) = recorded {
                    self.failures.push((index.unwrap_or(0), state_failure(&error)));
                }
            }
            Err(failure) => {
                let unknown = self.is_unknown(&failure);
                let resume = if failure.is_retryable() { failure.problem().resume } else { None };
                if let Some(state) = &mut self.run.state {
                    // If this is lost, the call counts as cut off, which is safe.
                    let _ = state.failed(key.clone(), unknown, resume);
                    if unknown {
                        self.open_calls.push(key);
                    }
                }
                self.changed_data |= unknown;
                self.fail(index, failure);
            }
        }
    }

    /// Whether nobody knows what became of a call, and it may not be repeated.
    fn is_unknown(&self, failure: &Failure) -> bool {
        may_have_acted(failure) && self.description.changes_data() && !self.description.summary.idempotent
    }

    fn keep(&mut self, index: Option<usize>, json: Value) {
        // A job that finds everything as it should be says so.
        let held = json.get("changed") == Some(&Value::Bool(false));
        self.changed_data |= self.description.changes_data() && !held;
        let counted = self.run.scope.count(&json);
        self.outputs[index.unwrap_or(0)] = json;
        if let Err(failure) = counted {
            self.failures.push((index.unwrap_or(0), failure));
        }
    }

    fn fail(&mut self, index: Option<usize>, failure: Failure) {
        self.counts.failed += 1;
        self.counts.left = self.counts.left.saturating_sub(1);
        self.failures.push((index.unwrap_or(0), failure));
    }

    fn key(&self, index: Option<usize>) -> CallKey {
        CallKey { step: self.step.id.clone(), index }
    }

    fn finish(mut self) -> Result<Done, Failed> {
        let is_list = self.items.is_some();
        let Some((_, failure)) = self.failures.first().cloned() else {
            let only = |count: usize| !is_list && count == 1;
            let why = match self.counts {
                counts if only(counts.skipped) => Some(Why::Condition),
                counts if only(counts.kept) => Some(Why::Kept),
                _ => None,
            };
            let json = match is_list {
                true => Value::Array(self.outputs),
                false => self.outputs.pop().unwrap_or(Value::Null),
            };
            let counts = is_list.then_some(self.counts);
            return Ok(Done { json, output: self.output, counts, why, changed_data: self.changed_data });
        };
        self.failures.truncate(FAILURES);
        let elements = is_list.then_some(Elements { counts: self.counts, failures: self.failures });
        Err(Failed { failure, elements, open_calls: self.open_calls, changed_data: self.changed_data })
    }
}
