//! What a list shows of an operation, whether that is one of Looker's, a job or `call_api`.

use crate::catalog::{Effect, Operation, Stability};

/// An operation as a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The name.
    pub name: &'static str,
    /// The title that people read: "Create user".
    pub title: &'static str,
    /// The heading under which a list shows it: "User".
    pub group: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// What it does to data, at most.
    pub effect: Effect,
    /// Whether carrying it out twice has the same effect as carrying it out once, whatever the input.
    pub idempotent: bool,
    /// How stable it is.
    pub stability: Stability,
}

impl From<&Operation> for Summary {
    fn from(operation: &Operation) -> Self {
        Self {
            name: operation.name,
            title: operation.title,
            group: operation.group,
            help: operation.help,
            effect: operation.effect,
            idempotent: operation.is_idempotent(),
            stability: operation.stability,
        }
    }
}
