//! Workflows: operations carried out one after the other, each with what the earlier ones gave.

pub mod check;
pub mod descriptions;
pub mod event;
pub mod file;
pub mod inputs;
pub mod jsonpath;
mod node;
pub mod problem;
pub mod reference;
pub mod run;
pub mod scope;
pub mod state;

pub use check::{check, check_auths, check_text};
pub use descriptions::{Description, Descriptions};
pub use event::{Counts, Elements, Event, StepOutput, Why};
pub use file::{Declaration, Draft, Step, Workflow, WorkflowError};
pub use inputs::{Given, Inputs};
pub use problem::{Position, Problem};
pub use reference::{Reference, ReferenceError, Root};
pub use run::{RunError, Runner, Select, may_have_acted};
pub use scope::Outputs;
pub use state::{Binding, CallKey, State, StateError};
