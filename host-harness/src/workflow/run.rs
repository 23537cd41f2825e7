//! Runs a workflow, step by step, in one sandbox: what the connector keeps between calls, a token say, serves all
//! steps.

use super::jsonpath::size;
use super::{Step, Workflow, reference};
use crate::output::to_json;
use connector_host::{Auth, Call, Connector, Effect, Failure, FieldProblem, Output, Problem, Reason};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// The memory that the outputs of a run may take together, in bytes. One output has at most 32 MiB of JSON.
pub const OUTPUT_BYTES: u64 = 256 << 20;

/// What the steps of a workflow gave: `{"steps": {id: output}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    document: Value,
    bytes: u64,
}

/// Progress of a workflow.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step begins.
    Started {
        /// The step.
        step: &'a Step,
    },
    /// A step is done.
    Finished {
        /// The step.
        step: &'a Step,
        /// Its output.
        output: &'a Output,
        /// The output as JSON, as references see it.
        json: &'a Value,
        /// How long it took.
        time: Duration,
    },
    /// A step failed, and the run ends.
    Failed {
        /// The step.
        step: &'a Step,
        /// How long it took.
        time: Duration,
    },
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step `{step}`: {failure}")]
pub struct RunError {
    /// The step that failed.
    pub step: String,
    /// Why it failed.
    pub failure: Failure,
    /// What the failed step's operation does to data. `None` if the run failed before that was known.
    pub effect: Option<Effect>,
    /// The finished steps that changed data.
    pub changed: Vec<String>,
    /// The outputs of the finished steps.
    pub outputs: Outputs,
}

impl RunError {
    /// Whether it is safe to run the whole workflow again: the failure is retryable, and no step has changed data.
    pub fn is_retryable(&self) -> bool {
        self.failure.is_retryable() && self.changed.is_empty()
    }
}

impl Outputs {
    fn new() -> Self {
        Self { document: json!({"steps": {}}), bytes: 0 }
    }

    /// Keeps the output of a step.
    fn add(&mut self, step: &str, output: Value) -> Result<(), Failure> {
        self.bytes += size(&output);
        if self.bytes > OUTPUT_BYTES {
            let limit = OUTPUT_BYTES >> 20;
            let message = format!(
                "the outputs of a run may take {limit} MiB, and those up to this step take more; the step was carried out; \
                 request fewer fields or rows"
            );
            let mut problem = Problem::new(Reason::ExecutionFailed, message);
            problem.request_sent = true;
            return Err(Failure::permanent(problem));
        }
        if let Some(Value::Object(steps)) = self.document.get_mut("steps") {
            steps.insert(step.to_owned(), output);
        }
        Ok(())
    }

    /// The outputs as JSON, in the order of the steps.
    pub fn as_json(&self) -> &Value {
        &self.document
    }
}

/// Runs a workflow step by step, and calls `tell` with its progress.
///
/// All operations are looked up before the first step, so a workflow with an unknown operation does not start.
///
/// # Errors
///
/// Returns the failure of the first step that fails. A reference that finds nothing is a failure too.
pub async fn run(
    connector: &Connector,
    auth: &Auth,
    workflow: &Workflow,
    mut tell: impl FnMut(Event<'_>),
) -> Result<Outputs, RunError> {
    let mut progress = Progress { outputs: Outputs::new(), changed: Vec::new() };
    let Some(first) = workflow.steps.first() else {
        return Ok(progress.outputs);
    };
    let mut sandbox = match connector.sandbox().await {
        Ok(sandbox) => sandbox,
        Err(failure) => return Err(progress.end(first, None, failure)),
    };
    let mut effects = Vec::new();
    for step in &workflow.steps {
        match sandbox.describe_operation(&step.operation).await {
            Ok(operation) => effects.push(operation.summary.effect),
            Err(failure) => return Err(progress.end(step, None, failure)),
        }
    }
    for (step, effect) in workflow.steps.iter().zip(effects) {
        let started = Instant::now();
        tell(Event::Started { step });
        let outcome = match resolved_input(step, &progress.outputs) {
            Ok(input) => sandbox.invoke(auth, Call::new(&step.operation).input(input)).await,
            Err(failure) => Err(failure),
        };
        let (output, json) = match outcome.and_then(|output| to_json(&output).map(|json| (output, json))) {
            Ok(both) => both,
            Err(failure) => {
                tell(Event::Failed { step, time: started.elapsed() });
                return Err(progress.end(step, Some(effect), failure));
            }
        };
        if effect != Effect::Read {
            progress.changed.push(step.id.clone());
        }
        tell(Event::Finished { step, output: &output, json: &json, time: started.elapsed() });
        if let Err(failure) = progress.outputs.add(&step.id, json) {
            return Err(progress.end(step, Some(effect), failure));
        }
    }
    Ok(progress.outputs)
}

/// How far a workflow has come.
struct Progress {
    outputs: Outputs,
    changed: Vec<String>,
}

impl Progress {
    fn end(self, step: &Step, effect: Option<Effect>, failure: Failure) -> RunError {
        RunError { step: step.id.clone(), failure, effect, changed: self.changed, outputs: self.outputs }
    }
}

/// A step's input as JSON, with what its references stand for.
fn resolved_input(step: &Step, outputs: &Outputs) -> Result<String, Failure> {
    let input: Map<String, Value> = reference::resolve(&step.input, outputs.as_json()).map_err(|(place, error)| {
        let mut field = FieldProblem::new("not_found", error.to_string());
        field.field = Some(place.trim_start_matches('.').to_owned());
        let mut problem = Problem::new(Reason::InvalidInput, format!("`input{place}`: {error}"));
        problem.fields = vec![field];
        Failure::permanent(problem)
    })?;
    Ok(Value::Object(input).to_string())
}
