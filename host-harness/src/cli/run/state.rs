//! The state file of a run.

use super::super::Shared;
use super::super::context::{Context, identity};
use super::super::error::CliError;
use super::given::ElementOutput;
use connector_host::Auth;
use host_harness::workflow::{Binding, CallKey, Inputs, State};
use host_harness::{DEFAULT_COMPONENT, Workflow};
use std::path::Path;

/// Opens the file of `--state`, bound to what this run consists of.
pub(super) async fn open(
    file: &Path,
    shared: &Shared,
    context: &Context,
    text: &str,
    inputs: &Inputs,
    workflow: &Workflow,
) -> Result<State, CliError> {
    let component = match &shared.component {
        Some(path) => std::fs::read(path).map_err(|error| CliError::usage(format!("--component: {error}")))?,
        None => DEFAULT_COMPONENT.to_vec(),
    };
    let inputs = serde_json::Value::Object(inputs.clone()).to_string();
    let mut binding =
        Binding::new().part("the workflow", text).part("the inputs", inputs).part("the component", component);
    // Only the auths that steps use: another one makes no other run.
    let mut names: Vec<Option<&str>> = workflow.steps.iter().map(|step| step.auth.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (part, auth): (String, Option<&Auth>) = match name {
            Some(name) => (format!("the auth `{name}`"), context.named_auths.get(name)),
            None => ("the auth".to_owned(), context.default_auth()),
        };
        if let Some(auth) = auth {
            binding = binding.part(part, identity(&context.connector, auth).await?);
        }
    }
    Ok(State::open(file, &binding)?)
}

/// Writes down what was decided about calls that were cut off.
pub(super) fn decide(mut state: State, done: Vec<ElementOutput>, repeat: Vec<CallKey>) -> Result<State, CliError> {
    for ElementOutput { key, output } in done {
        state.decide_done(key, output)?;
    }
    for key in repeat {
        state.decide_repeat(key)?;
    }
    Ok(state)
}
