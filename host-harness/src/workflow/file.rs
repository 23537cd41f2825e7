//! The workflow file.
//!
//! ```yaml
//! name: Add a user
//! trigger: manual          # optional: the only trigger that there is
//! steps:
//!   - id: looker-1
//!     operation: all_users
//!   - id: looker-2
//!     operation: create_user
//!     input: { first_name: Ada, last_name: Lovelace }
//!   - id: looker-3
//!     operation: user
//!     input: { user_id: "$.steps.looker-2.id" }
//! ```
//!
//! The file is YAML 1.2: `no` and `on` are texts, and so are numbers that begin with a zero (`007`). Whole numbers of up
//! to 64 bits are exact, others have the precision of floating-point numbers; more digits need quotation marks. What a
//! reference can be found wrong with before anything runs is found when the file is read.

use super::reference::{self, Reference};
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::path::Path;

/// The first whole number from which on floating-point numbers skip some: 2 to the power of 53.
const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;

/// A workflow that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// What people call it.
    pub name: String,
    /// What it does, in order: at least one step.
    pub steps: Vec<Step>,
}

/// One step of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name by which other steps refer to its output. No other step of the workflow has it.
    pub id: String,
    /// The operation that it carries out.
    pub operation: String,
    /// The operation's input, with its references.
    pub input: Map<String, Value>,
}

/// A workflow file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// It could not be read.
    #[error("{path} could not be read: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is not the YAML of a workflow.
    #[error("{0}")]
    Yaml(String),
    /// It is, but makes no sense.
    #[error("line {line}, {place}: {problem}")]
    Invalid {
        /// The line, counted from one.
        line: u64,
        /// The part of the file: "step `looker-2`, `input.user_id`".
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkflowYaml {
    name: String,
    #[serde(default, rename = "trigger")]
    _trigger: Trigger,
    steps: Spanned<Vec<StepYaml>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Trigger {
    #[default]
    Manual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepYaml {
    id: Spanned<String>,
    operation: Spanned<String>,
    #[serde(default)]
    input: Option<Map<String, Value>>,
}

impl Workflow {
    /// Reads a workflow file.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be read, and as [`Workflow::parse`].
    pub fn from_file(path: &Path) -> Result<Self, WorkflowError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| WorkflowError::Read { path: path.display().to_string(), error })?;
        Self::parse(&text)
    }

    /// Reads a workflow.
    ///
    /// # Errors
    ///
    /// Fails where the text is not the YAML of a workflow, two steps share an id, a reference is malformed, or one names
    /// a step that does not come before. Each error names the place.
    pub fn parse(yaml: &str) -> Result<Self, WorkflowError> {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
        };
        let file: WorkflowYaml = serde_saphyr::from_str_with_options(yaml, options)
            .map_err(|error| WorkflowError::Yaml(error.to_string()))?;
        if file.steps.value.is_empty() {
            return Err(WorkflowError::Invalid {
                line: file.steps.referenced.line(),
                place: "`steps`".to_owned(),
                problem: "there is no step; give at least one, with `id` and `operation`".to_owned(),
            });
        }
        let mut steps: Vec<Step> = Vec::new();
        let ids: Vec<String> = file.steps.value.iter().map(|step| step.id.value.clone()).collect();
        for step in file.steps.value {
            let line = step.id.referenced.line();
            check_names(&step, &steps)?;
            let step =
                Step { id: step.id.value, operation: step.operation.value, input: step.input.unwrap_or_default() };
            reference::for_each(&step.input, &mut |place, value| {
                let problem = match value {
                    Value::String(text) if reference::is_reference(text) => {
                        check_reference(text, &step.id, &steps, &ids)
                    }
                    Value::Number(number) => check_number(number),
                    _ => Ok(()),
                };
                problem.map_err(|problem| WorkflowError::Invalid {
                    line,
                    place: format!("step `{}`, `input{place}`", step.id),
                    problem,
                })
            })?;
            steps.push(step);
        }
        Ok(Self { name: file.name, steps })
    }
}

fn check_names(step: &StepYaml, earlier: &[Step]) -> Result<(), WorkflowError> {
    let id = &step.id.value;
    let (line, problem) = if id.trim().is_empty() {
        (step.id.referenced.line(), "`id` is empty; give the step a name, such as `looker-1`".to_owned())
    } else if earlier.iter().any(|other| other.id == *id) {
        (step.id.referenced.line(), "another step has this `id` already; give each its own".to_owned())
    } else if step.operation.value.trim().is_empty() {
        (step.operation.referenced.line(), "`operation` is empty; name an operation of the connector".to_owned())
    } else {
        return Ok(());
    };
    Err(WorkflowError::Invalid { line, place: format!("step `{id}`"), problem })
}

/// YAML's numbers are 64-bit integers and floating-point numbers. An integer that is too large for the former would come
/// out of the latter with other digits.
fn check_number(number: &Number) -> Result<(), String> {
    let is_whole = |number: f64| number.abs() >= FIRST_INEXACT;
    if number.is_i64() || number.is_u64() || !number.as_f64().is_some_and(is_whole) {
        return Ok(());
    }
    Err("this number has more digits than YAML's numbers keep; put it in quotation marks".to_owned())
}

/// What can be said of a reference before anything ran.
fn check_reference(text: &str, step: &str, earlier: &[Step], all: &[String]) -> Result<(), String> {
    let reference = Reference::parse(text).map_err(|error| error.to_string())?;
    match reference.step() {
        Some(named) if earlier.iter().any(|step| step.id == named) => Ok(()),
        Some(named) if named == step => {
            Err(format!("`{text}` refers to step `{named}`, which is this very step: it has no output yet"))
        }
        Some(named) if all.iter().any(|id| id == named) => {
            Err(format!("`{text}` refers to step `{named}`, which runs later: it has no output yet"))
        }
        Some(named) => {
            let known: Vec<String> = earlier.iter().map(|step| format!("`{}`", step.id)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(format!("`{text}` refers to step `{named}`, which does not exist; steps before this one: {known}"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
