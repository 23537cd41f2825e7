//! Jobs: operations made of several operations, for what people want done in one step.
//!
//! A job is code, one file each, over one helper ([`Job`]) that carries out operations of the catalog with the same token,
//! wait budget and failures as any call. What a list, a form and a reference page show of it is the JSON file of the same
//! name; `build.rs` turns these files into [`DEFINITIONS`].
//!
//! Three rules hold for all jobs. A second run of the same input finds what the first one did and changes nothing. A
//! failure names the steps that were done. A job sends at most [`MAX_REQUESTS`] requests in one call and hands on the rest
//! by `resume` or `next`.

mod api;
mod branch;
mod build_pdt_and_wait;
mod content_query;
mod context;
mod deprovision_user;
mod export_content;
mod find_failed_schedules;
mod find_unused_content;
#[cfg(test)]
mod fixture;
mod import_content;
mod input;
mod list_everything;
mod look_query;
mod moment;
mod people;
mod poll;
mod provision_user;
mod query_definition;
mod query_task;
mod reassign_schedules;
mod refusals;
mod render_and_wait;
mod restart;
mod run_look_with_filters;
mod run_query_and_wait;
mod run_schedule_now;
mod search;
mod state;
mod steps;
mod system_activity;
mod transfer;
mod trash_content;
mod usage;
mod validate_and_deploy_project;
mod validate_content;

pub use api::{Api, MAX_REQUESTS};
pub use context::{Job, Outcome, Rows};
pub use input::values;
pub use state::State;
pub use steps::{StepState, Steps};

use crate::catalog::{Effect, Stability};
use crate::failure::Result;
use crate::summary::Summary;

/// The heading under which a list shows the jobs.
const GROUP: &str = "Jobs";

/// A job: what a platform needs to know of it, and its code.
#[derive(Debug)]
pub struct Definition {
    /// The job as a list shows it.
    pub summary: Summary,
    /// The JSON Schema of its input.
    pub input_schema: &'static str,
    /// The JSON Schema of its output.
    pub output_schema: &'static str,
    /// The media types that its output can have.
    pub media_types: &'static [&'static str],
    /// Carries it out.
    pub run: fn(&mut Job) -> Result<Outcome>,
}

// Written by `build.rs`: `DEFINITIONS: [Definition; N]`, sorted by name.
include!(concat!(env!("OUT_DIR"), "/jobs.rs"));

/// The job of that name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|job| job.summary.name == name)
}

/// An id as text. Older instances write ids as numbers.
pub fn id(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod content_tests;
