//! Runs workflows.

mod element;
mod retry;
mod step;

use super::descriptions::Descriptions;
use super::event::{Elements, Event, StepOutput, Why};
use super::file::{Step, Workflow};
use super::inputs::Inputs;
use super::scope::{Outputs, Scope};
use super::state::{CallKey, State};
use connector_host::{Auth, Connector, Effect, Failure, Problem, Reason};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;
use step::StepRun;

pub use retry::LONGEST_WAIT;

/// Which steps a run carries out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Select {
    /// All steps.
    #[default]
    All,
    /// The steps up to this one, itself included.
    Until(String),
    /// This step alone. What it refers to comes from the outputs that the run is given.
    Only(String),
}

/// Runs a workflow against a connector. Each call has a sandbox of its own.
///
/// Dropping the future of [`Runner::run`] ends the run and every call that is under way.
///
/// ```no_run
/// # async fn example(connector: connector_host::Connector, auth: connector_host::Auth) -> Result<(), Box<dyn std::error::Error>> {
/// use host_harness::workflow::{Descriptions, Event, Runner, Workflow};
///
/// let workflow = Workflow::from_file("workflow.yaml".as_ref())?;
/// let mut descriptions = Descriptions::list(&connector).await?;
/// descriptions.load(&connector, &workflow).await?;
/// let outputs = Runner::new(connector, descriptions)
///     .auth(auth)
///     .run(&workflow, |event| {
///         if let Event::Finished { step, .. } = event {
///             eprintln!("{} is done", step.id);
///         }
///     })
///     .await?;
/// println!("{}", outputs.as_json());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Runner {
    connector: Connector,
    descriptions: Descriptions,
    default_auth: Option<Auth>,
    auths: BTreeMap<String, Auth>,
    inputs: Inputs,
    given: BTreeMap<String, Value>,
    select: Select,
    state: Option<State>,
    max_concurrency: usize,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step `{step}`: {failure}")]
#[non_exhaustive]
pub struct RunError {
    /// The step that failed.
    pub step: String,
    /// Why it failed. For a step with `for_each`, the first of its failures.
    pub failure: Failure,
    /// For a step with `for_each`: how far it came.
    pub elements: Option<Elements>,
    /// What the failed step's operation does to data. `None` if that is unknown.
    pub effect: Option<Effect>,
    /// The steps that changed data, the failed one included if some of its elements did.
    pub changed: Vec<String>,
    /// The calls whose outcome is unknown and that may not be repeated. A run with a state file goes on when somebody has
    /// decided about each: [`State::decide_done`], [`State::decide_repeat`].
    pub open_calls: Vec<CallKey>,
    /// The outputs of the finished steps.
    pub outputs: Outputs,
    /// Whether the run has a state file, so that the next one goes on where this one stopped.
    pub has_state: bool,
}

impl RunError {
    /// Whether it is safe to run the same again: the failure is retryable, and either a state file knows what has been
    /// done, or no step has changed data.
    pub fn is_retryable(&self) -> bool {
        self.failure.is_retryable() && (self.has_state || self.changed.is_empty())
    }
}

/// Whether a failure leaves open what became of the request.
pub fn may_have_acted(failure: &Failure) -> bool {
    let problem = failure.problem();
    let is_open = matches!(
        problem.reason,
        Reason::Timeout
            | Reason::Unreachable
            | Reason::RemoteError
            | Reason::UnexpectedResponse
            | Reason::ExecutionFailed
    );
    is_open && problem.request_sent && !failure.is_retryable()
}

impl Runner {
    /// Creates a runner. The descriptions must have been loaded for the workflow.
    pub fn new(connector: Connector, descriptions: Descriptions) -> Self {
        Self {
            connector,
            descriptions,
            default_auth: None,
            auths: BTreeMap::new(),
            inputs: Inputs::new(),
            given: BTreeMap::new(),
            select: Select::All,
            state: None,
            max_concurrency: usize::MAX,
        }
    }

    /// Sets the auth of steps that name none.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.default_auth = Some(auth);
        self
    }

    /// Adds an auth that steps can name.
    pub fn named_auth(mut self, name: impl Into<String>, auth: Auth) -> Self {
        self.auths.insert(name.into(), auth);
        self
    }

    /// Sets the inputs, as [`inputs::complete`](super::inputs::complete) gives them.
    pub fn inputs(mut self, inputs: Inputs) -> Self {
        self.inputs = inputs;
        self
    }

    /// Gives the output of a step. The step is not carried out, except with [`Select::Only`].
    pub fn output(mut self, step: impl Into<String>, output: Value) -> Self {
        self.given.insert(step.into(), output);
        self
    }

    /// Selects the steps to carry out. All, if this is not called.
    pub fn select(mut self, select: Select) -> Self {
        self.select = select;
        self
    }

    /// Keeps outputs in a state file, and goes on from what is in it.
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// Limits how many elements of a `for_each` run side by side, whatever the workflow says. At least one does.
    pub fn max_concurrency(mut self, calls: usize) -> Self {
        self.max_concurrency = calls.max(1);
        self
    }

    /// Runs the workflow step by step, and calls `tell` with its progress.
    ///
    /// A step with `for_each` stops at the first failure: no new element begins, those under way end, and then the run
    /// fails. With a state file, the next run goes on with the rest.
    ///
    /// # Errors
    ///
    /// Returns the failure of the first step that fails. A reference that finds nothing is a failure too.
    pub async fn run(self, workflow: &Workflow, mut tell: impl FnMut(Event<'_>)) -> Result<Outputs, RunError> {
        let mut run = Run {
            connector: self.connector,
            descriptions: self.descriptions,
            default_auth: self.default_auth,
            auths: self.auths,
            scope: Scope::new(self.inputs),
            state: self.state,
            max_concurrency: self.max_concurrency,
            changed: Vec::new(),
        };
        let selected: Vec<&Step> = match &self.select {
            Select::All => workflow.steps.iter().collect(),
            Select::Until(last) => {
                let end = workflow.steps.iter().position(|step| step.id == *last).map_or(0, |last| last + 1);
                workflow.steps[..end].iter().collect()
            }
            Select::Only(only) => workflow.steps.iter().filter(|step| step.id == *only).collect(),
        };
        let is_selected = |id: &str| selected.iter().any(|step| step.id == id);
        let is_only = matches!(self.select, Select::Only(_));
        if let Select::Until(id) | Select::Only(id) = &self.select
            && selected.is_empty()
        {
            let failure = Problem::new(Reason::InvalidInput, format!("the workflow has no step `{id}`"));
            return Err(run.end(id, None, Failed::new(Failure::permanent(failure))));
        }
        // In the order of the steps, so that the outputs are too.
        for step in &workflow.steps {
            let is_run = is_selected(&step.id);
            if let Some(output) = self.given.get(&step.id).filter(|_| !(is_run && is_only)) {
                if let Err(failure) = run.scope.count(output) {
                    return Err(run.end(&step.id, None, Failed::new(failure)));
                }
                run.scope.keep(&step.id, output.clone());
                if is_run {
                    tell(Event::Skipped { step, why: Why::Given });
                }
                continue;
            }
            if is_run {
                let position = selected.iter().position(|other| other.id == step.id).map_or(0, |index| index + 1);
                tell(Event::Started { step, position, total: selected.len() });
                run.step(step, &mut tell).await?;
            }
        }
        if let Some(state) = &mut run.state
            && let Err(error) = state.sync()
        {
            let last = selected.last().map_or("", |step| step.id.as_str());
            return Err(run.end(last, None, Failed::new(state_failure(&error))));
        }
        Ok(run.scope.into_outputs())
    }
}

/// A run under way.
struct Run {
    connector: Connector,
    descriptions: Descriptions,
    default_auth: Option<Auth>,
    auths: BTreeMap<String, Auth>,
    scope: Scope,
    state: Option<State>,
    max_concurrency: usize,
    changed: Vec<String>,
}

/// A step that failed.
struct Failed {
    failure: Failure,
    elements: Option<Elements>,
    open_calls: Vec<CallKey>,
    changed_data: bool,
}

impl Failed {
    fn new(failure: Failure) -> Self {
        Self { failure, elements: None, open_calls: Vec::new(), changed_data: false }
    }
}

impl Run {
    /// Carries out a step, and keeps its output.
    async fn step(&mut self, step: &Step, tell: &mut impl FnMut(Event<'_>)) -> Result<(), RunError> {
        let started = Instant::now();
        let effect = self.descriptions.summary(&step.operation).map(|summary| summary.effect);
        let outcome = match StepRun::new(self, step) {
            Ok(run) => run.run(tell).await,
            Err(failure) => Err(Failed::new(failure)),
        };
        let time = started.elapsed();
        match outcome {
            Ok(done) => {
                if done.changed_data {
                    self.changed.push(step.id.clone());
                }
                self.scope.keep(&step.id, done.json);
                match done.why {
                    Some(why) => tell(Event::Skipped { step, why }),
                    None => {
                        let output = StepOutput {
                            json: self.scope.output(&step.id),
                            body: done.output.as_ref().map(|output| &output.body),
                            next: done.output.as_ref().and_then(|output| output.next.as_deref()),
                            counts: done.counts,
                        };
                        tell(Event::Finished { step, output, time });
                    }
                }
                Ok(())
            }
            Err(failed) => {
                if failed.changed_data {
                    self.changed.push(step.id.clone());
                }
                if let Some(state) = &mut self.state {
                    // Best effort: the process itself can still read what was written.
                    let _ = state.sync();
                }
                tell(Event::Failed {
                    step,
                    time,
                    failure: &failed.failure,
                    changed: &self.changed,
                    elements: failed.elements.as_ref(),
                });
                Err(self.end(&step.id, effect, failed))
            }
        }
    }

    fn end(&mut self, step: &str, effect: Option<Effect>, failed: Failed) -> RunError {
        let scope = std::mem::replace(&mut self.scope, Scope::new(Inputs::new()));
        RunError {
            step: step.to_owned(),
            failure: failed.failure,
            elements: failed.elements,
            effect,
            changed: std::mem::take(&mut self.changed),
            open_calls: failed.open_calls,
            outputs: scope.into_outputs(),
            has_state: self.state.is_some(),
        }
    }
}

fn state_failure(error: &super::state::StateError) -> Failure {
    Failure::permanent(Problem::new(Reason::ExecutionFailed, error.to_string()))
}
