//! Runs a workflow, step by step, in one sandbox: what the connector keeps between calls, a token say, serves all steps.

use super::{Step, Workflow, reference};
use crate::output::to_json;
use connector_host::Connector;
use connector_host::bindings::{Effect, Output};
use connector_host::failure::{Failure, FieldProblem, Problem, Reason};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// What the steps of a workflow gave: `{"steps": {id: output}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs(Value);

/// What happens while a workflow runs.
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
        /// What it gave.
        output: &'a Output,
        /// The same as JSON, as other steps see it.
        json: &'a Value,
        /// How long it took.
        time: Duration,
    },
    /// A step failed, and the workflow ends.
    Failed {
        /// The step.
        step: &'a Step,
        /// How long it took.
        time: Duration,
    },
}

/// A workflow that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step `{step}`: {failure}")]
pub struct RunError {
    /// The step that failed.
    pub step: String,
    /// Why.
    pub failure: Failure,
    /// The steps that had changed something by then.
    pub changed: Vec<String>,
    /// What the steps before gave.
    pub outputs: Outputs,
}

impl RunError {
    /// Whether the whole workflow may be run again: its failure is retryable, and no step has changed anything.
    pub fn is_retryable(&self) -> bool {
        self.failure.is_retryable() && self.changed.is_empty()
    }
}

impl Outputs {
    fn new() -> Self {
        Self(json!({"steps": {}}))
    }

    fn add(&mut self, step: &str, output: Value) {
        if let Some(Value::Object(steps)) = self.0.get_mut("steps") {
            steps.insert(step.to_owned(), output);
        }
    }

    /// The outputs as JSON, in the order of the steps.
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

/// Runs a workflow. `tell` is told what happens.
///
/// Before the first step, the connector is asked for every operation: a workflow with an unknown one does not begin.
///
/// # Errors
///
/// Fails with the first step that fails, or that refers to something which an earlier step did not give.
pub async fn run(
    connector: &Connector,
    auth: &str,
    workflow: &Workflow,
    mut tell: impl FnMut(Event<'_>),
) -> Result<Outputs, RunError> {
    let mut progress = Progress { outputs: Outputs::new(), changed: Vec::new() };
    let Some(first) = workflow.steps.first() else {
        return Ok(progress.outputs);
    };
    let mut sandbox = match connector.sandbox().await {
        Ok(sandbox) => sandbox,
        Err(failure) => return Err(progress.end(first, failure)),
    };
    let mut effects = Vec::new();
    for step in &workflow.steps {
        match sandbox.describe_operation(&step.operation).await {
            Ok(operation) => effects.push(operation.summary.effect),
            Err(failure) => return Err(progress.end(step, failure)),
        }
    }
    for (step, effect) in workflow.steps.iter().zip(effects) {
        let started = Instant::now();
        tell(Event::Started { step });
        let outcome = match resolved_input(step, &progress.outputs) {
            Ok(input) => sandbox.invoke(auth, &step.operation, &input).await,
            Err(failure) => Err(failure),
        };
        let (output, json) = match outcome.and_then(|output| to_json(&output).map(|json| (output, json))) {
            Ok(both) => both,
            Err(failure) => {
                tell(Event::Failed { step, time: started.elapsed() });
                return Err(progress.end(step, failure));
            }
        };
        if effect != Effect::Read {
            progress.changed.push(step.id.clone());
        }
        tell(Event::Finished { step, output: &output, json: &json, time: started.elapsed() });
        progress.outputs.add(&step.id, json);
    }
    Ok(progress.outputs)
}

/// How far a workflow has come.
struct Progress {
    outputs: Outputs,
    changed: Vec<String>,
}

impl Progress {
    fn end(self, step: &Step, failure: Failure) -> RunError {
        RunError { step: step.id.clone(), failure, changed: self.changed, outputs: self.outputs }
    }
}

/// A step's input as JSON, with what its references stand for.
fn resolved_input(step: &Step, outputs: &Outputs) -> Result<String, Failure> {
    let input: Map<String, Value> = reference::resolve(&step.input, outputs.as_json()).map_err(|(place, error)| {
        Failure::Permanent(Box::new(Problem {
            reason: Reason::InvalidInput,
            message: format!("`input{place}`: {error}"),
            status: None,
            retry_after_ms: None,
            resume: None,
            request_sent: false,
            fields: vec![FieldProblem {
                field: Some(place.trim_start_matches('.').to_owned()),
                code: "not_found".to_owned(),
                message: error.to_string(),
            }],
            documentation_url: None,
        }))
    })?;
    Ok(Value::Object(input).to_string())
}
