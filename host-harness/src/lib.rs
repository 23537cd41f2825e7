//! A small workflow platform: runs workflows whose steps are operations of a connector.
//!
//! The library [`connector_host`] loads connectors and runs their operations. This crate adds workflows, the Looker
//! connector as the default component, and the command line.

pub mod advice;
pub mod description;
pub mod file_access;
pub mod output;
pub mod serve;
pub mod workflow;

pub use workflow::Workflow;

/// The default component: the Looker connector.
pub const DEFAULT_COMPONENT: &[u8] = include_bytes!(env!("EMBEDDED_COMPONENT"));
