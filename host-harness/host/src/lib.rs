//! Runs connector components in sandboxes.
//!
//! A connector is a WebAssembly component of the world `workflow:connector/workflow-connector` (`wit/connector.wit`).
//! This library loads one, decides what it may reach, supplies HTTP, and limits what it uses.

pub mod bindings;
pub mod component;
pub mod egress;
pub mod failure;
pub mod host;
pub mod limits;
mod lock;
pub mod sandbox;
mod wasi_http;

pub use component::{Cache, Component, LoadError};
pub use egress::policy::{Policy, Rule};
pub use failure::{ExecutionFailure, Failure, Problem, Reason};
pub use host::Host;
pub use limits::Limits;
pub use sandbox::{Connector, Download, Sandbox, Session};
/// The type of what must not be seen, and the way to see it all the same.
pub use secrecy::{ExposeSecret, SecretString};
