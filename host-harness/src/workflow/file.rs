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
//! The file is YAML 1.2: `no` and `on` are text, and so are numbers that begin with a zero (`007`). Integers of up to
//! 64 bits are exact. Other numbers have the precision of floating point; longer ones need quotation marks. References
//! are checked when the file is read, as far as this is possible before a step runs.

use super::reference::{self, Reference};
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::path::Path;

/// The first whole number from which on floating-point numbers skip some: 2 to the power of 53.
const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;

/// A workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// The display name.
    pub name: String,
    /// The steps in order, at least one.
    pub steps: Vec<Step>,
}

/// One step of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name by which other steps refer to its output. It is unique within the workflow.
    pub id: String,
    /// The operation that it carries out.
    pub operation: String,
    /// The operation's input, with its references.
    pub input: Map<String, Value>,
}

/// Why a workflow file cannot be used.
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
    /// It is not valid YAML, or has keys that workflows do not have.
    #[error("{0}")]
    Yaml(String),
    /// A part of it is invalid.
    #[error("line {line}, {place}: {problem}")]
    Invalid {
        /// The line, starting at 1.
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
    /// Returns an error if the file cannot be read, and the errors of [`Workflow::parse`].
    pub fn from_file(path: &Path) -> Result<Self, WorkflowError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| WorkflowError::Read { path: path.display().to_string(), error })?;
        Self::parse(&text)
    }

    /// Reads a workflow.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not the YAML of a workflow, if two steps have the same ID, if a reference is
    /// invalid, or if a reference names a step that does not come earlier. Each error names the place.
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
                problem: "there is no step; add at least one, with `id` and `operation`".to_owned(),
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
        (step.id.referenced.line(), "another step already has this `id`; every step needs its own".to_owned())
    } else if step.operation.value.trim().is_empty() {
        (step.operation.referenced.line(), "`operation` is empty; name an operation of the connector".to_owned())
    } else {
        return Ok(());
    };
    Err(WorkflowError::Invalid { line, place: format!("step `{id}`"), problem })
}

/// Refuses integers that YAML would silently round: they are too large for 64 bits and would become floating point.
fn check_number(number: &Number) -> Result<(), String> {
    let is_whole = |number: f64| number.abs() >= FIRST_INEXACT;
    if number.is_i64() || number.is_u64() || !number.as_f64().is_some_and(is_whole) {
        return Ok(());
    }
    Err("this number has more digits than a YAML number can keep; put it in quotation marks".to_owned())
}

/// Checks a reference as far as this is possible before a step runs.
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
