//! Declarations of what a run is given.

use super::super::problem::Position;
use serde_json::Value;

/// One input of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// The JSON Schema (draft 2020-12) of its value.
    pub schema: Value,
    /// Where it stands in the file.
    pub(in super::super) at: Position,
}

impl Declaration {
    /// The value that it has if a run is given none. Without it, every run has to be given a value.
    pub fn default(&self) -> Option<&Value> {
        self.schema.get("default")
    }
}
