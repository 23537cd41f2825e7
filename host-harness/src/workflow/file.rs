//! The workflow file.
//!
//! ```yaml
//! name: Provision the new hires
//! inputs:                                 # what a run is given: a JSON Schema each
//!   people: { type: array }
//! steps:
//!   - id: each
//!     for_each: "$.inputs.people"         # once per element, at most `at_once` side by side
//!     at_once: 8
//!     if: "$.item.active"                 # true, false or null
//!     operation: create_user
//!     input: { last_name: "$.item.name" }
//!     retry: { attempts: 5 }              # temporary failures only
//!     auth: production                    # the name of an auth that the run is given
//! ```
//!
//! The file is YAML 1.2: `no` and `on` are text, and so are numbers that begin with a zero (`007`). Integers of up to
//! 64 bits are exact. Other numbers have the precision of floating point; longer ones need quotation marks.
//!
//! Reading a file finds every mistake that can be found without a connector: unknown keys, wrong kinds of values, and
//! references to what cannot be there. [`check`](super::check()) finds the others.

mod declaration;
mod reader;

use super::check::scope;
use super::node::{Node, Positions};
use super::problem::{Position, Problem};
use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;

pub use declaration::Declaration;

/// The most elements of a `for_each` that may run side by side.
pub const AT_ONCE: usize = 64;

/// The most attempts of a step.
pub const ATTEMPTS: u32 = 100;

/// The largest workflow file, in bytes. Files that people write have some kilobytes; data belongs into inputs.
pub const FILE_BYTES: usize = 1024 * 1024;

/// The most steps of a workflow. `for_each` repeats a step for each element of a list.
pub const STEPS: usize = 1_000;

/// A workflow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workflow {
    /// The display name.
    pub name: String,
    /// What a run is given.
    pub inputs: Vec<Declaration>,
    /// The steps in order, at least one.
    pub steps: Vec<Step>,
}

/// One step of a workflow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// The name by which other steps refer to its output. It is unique within the workflow.
    pub id: String,
    /// The operation that it carries out.
    pub operation: String,
    /// The operation's input, with its references.
    pub input: Map<String, Value>,
    /// The list for whose elements the step is carried out: a list, or a reference that gives one.
    pub for_each: Option<Value>,
    /// How many elements run side by side, from 1 to [`AT_ONCE`].
    pub at_once: usize,
    /// Whether the step is carried out: true, false, or a reference that gives one of them, null or nothing.
    pub condition: Option<Value>,
    /// How many times a call may be sent in all, from 1 to [`ATTEMPTS`]: only temporary failures are repeated.
    pub attempts: u32,
    /// The name of the auth. `None` for the default one.
    pub auth: Option<String>,
    /// Where its parts stand in the file.
    pub(super) positions: Positions,
}

/// A workflow as far as it could be read, and every mistake that was found on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The workflow without the parts that could not be read.
    pub workflow: Workflow,
    /// The mistakes, in the order of the file.
    pub problems: Vec<Problem>,
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
    /// It has mistakes.
    #[error("{}", Lines(.0))]
    Invalid(Vec<Problem>),
}

/// Problems, one a line.
struct Lines<'a>(&'a [Problem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            write!(formatter, "{}{problem}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Workflow {
    /// Reads a workflow file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, and the errors of [`Workflow::parse`].
    pub fn from_file(path: &Path) -> Result<Self, WorkflowError> {
        Self::parse(&read(path)?)
    }

    /// Reads a workflow.
    ///
    /// # Errors
    ///
    /// Returns every mistake that can be found without a connector: see [`Workflow::draft`].
    pub fn parse(yaml: &str) -> Result<Self, WorkflowError> {
        let draft = Self::draft(yaml);
        if draft.problems.is_empty() { Ok(draft.workflow) } else { Err(WorkflowError::Invalid(draft.problems)) }
    }

    /// Reads a workflow as far as possible, with every mistake that can be found without a connector: text that is not
    /// YAML, unknown and missing keys, values of the wrong kind, two steps with the same ID, and references that are
    /// invalid or name what cannot be there.
    pub fn draft(yaml: &str) -> Draft {
        let mut problems = Vec::new();
        if yaml.len() > FILE_BYTES {
            let message = format!(
                "the file has {} bytes, more than {FILE_BYTES}; give data as inputs (`--set NAME=@FILE`) instead",
                yaml.len()
            );
            let problems = vec![Problem::new(Position { line: 1, column: 0 }, "", message)];
            return Draft { workflow: Self::default(), problems };
        }
        let workflow = match Node::parse(yaml) {
            Ok(node) => reader::workflow(&node, &mut problems),
            Err(problem) => {
                problems.push(problem);
                Self::default()
            }
        };
        scope::check(&workflow, &mut problems);
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Draft { workflow, problems }
    }

    /// The declaration of an input.
    pub fn input(&self, name: &str) -> Option<&Declaration> {
        self.inputs.iter().find(|declaration| declaration.name == name)
    }
}

/// Reads the text of a workflow file.
///
/// # Errors
///
/// Returns an error if the file cannot be read.
pub fn read(path: &Path) -> Result<String, WorkflowError> {
    std::fs::read_to_string(path).map_err(|error| WorkflowError::Read { path: path.display().to_string(), error })
}

impl Step {
    /// Where a part of the step stands, or the smallest part around it that is known.
    pub(super) fn position(&self, place: &str) -> Position {
        let mut place = place;
        loop {
            if let Some(position) = self.positions.get(place) {
                return *position;
            }
            match place.rfind(['.', '[']) {
                Some(end) => place = &place[..end],
                None => return self.positions.get("").copied().unwrap_or_default(),
            }
        }
    }

    /// A problem with a part of the step.
    pub(super) fn problem(&self, place: &str, message: impl Into<String>) -> Problem {
        Problem::new(self.position(place), place, message).in_step(&self.id)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
