//! A workflow platform in small: runs workflows whose steps are operations of a connector.
//!
//! The library [`connector_host`] loads connectors and runs their operations. This crate adds workflows, the component
//! that is loaded by default, and the command line.

pub mod output;
pub mod workflow;

pub use workflow::Workflow;

/// The component that is loaded where nobody names another one: the Looker connector.
pub const DEFAULT_COMPONENT: &[u8] = include_bytes!(env!("EMBEDDED_COMPONENT"));
