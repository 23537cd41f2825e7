//! Workflows: operations carried out one after the other, each with what the earlier ones gave.

pub mod file;
pub mod jsonpath;
pub mod reference;
pub mod run;

pub use file::{Step, Workflow, WorkflowError};
pub use reference::{Reference, ReferenceError};
pub use run::{Event, Outputs, RunError, run};
