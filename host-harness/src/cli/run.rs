//! `run`: a workflow, step by step.

mod given;
mod show;
mod state;
mod summary;

use super::context::Context;
use super::error::CliError;
use super::text_source::TextSource;
use super::{Shared, context, terminal};
use connector_host::Connector;
use given::{Assignment, ElementOutput};
use host_harness::Workflow;
use host_harness::workflow::{CallKey, Descriptions, Draft, Given, Runner, check, check_auths, file, inputs};
use show::Show;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Workflow file.
    #[arg(value_name = "WORKFLOW.yaml")]
    workflow: PathBuf,
    /// Give an input of the workflow a value: text, JSON, or a file. A .csv file becomes a list of rows. Repeatable.
    #[arg(long, value_name = "NAME=VALUE|@FILE")]
    set: Vec<Assignment>,
    /// Give the inputs as one object: JSON, a JSON or YAML file, or - for standard input. --set comes before it.
    #[arg(long, value_name = "JSON|@FILE|-")]
    inputs: Option<TextSource>,
    /// Check the workflow against the connector's schemas, and stop there. Needs no auth.
    #[arg(long)]
    check: bool,
    /// Keep outputs in this file. After a failure or a kill, the same command goes on where the run stopped.
    ///
    /// The file has the outputs as they are, which may be secrets. Only you can read it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// A call that was cut off was carried out, and gave this output. Repeatable.
    #[arg(long, value_name = "STEP[INDEX]=JSON", requires = "state")]
    done: Vec<ElementOutput>,
    /// A call that was cut off was not carried out: send it again. Repeatable.
    #[arg(long, value_name = "STEP[INDEX]", requires = "state", value_parser = given::call_key)]
    repeat: Vec<CallKey>,
}

pub(super) async fn run(shared: &Shared, arguments: Arguments) -> Result<(), CliError> {
    if shared.practice && arguments.state.is_some() {
        return Err(CliError::usage(
            "--state: a practice Looker ends with its command, so that no run can go on; use it without --practice",
        ));
    }
    let path = &arguments.workflow;
    let text = file::read(path)?;
    let draft = Workflow::draft(&text);
    let given = given::values(&draft.workflow, &arguments.set, arguments.inputs.as_ref()).await;
    if arguments.check {
        let connector = context::offline(shared).await?;
        let (workflow, _) = checked(&connector, path, draft, None).await?;
        return report(shared, &workflow, given?);
    }
    let named = draft.workflow.steps.iter().filter_map(|step| step.auth.as_deref());
    let context = Context::start_with(shared, named).await?;
    let (workflow, descriptions) = checked(&context.connector, path, draft, Some(&context)).await?;
    let inputs = inputs::complete(&workflow, given?).map_err(|problems| CliError::usage(told(problems)))?;
    let mut runner = Runner::new(context.connector.clone(), descriptions).inputs(inputs.clone());
    if let Some(auth) = context.default_auth() {
        runner = runner.auth(auth.clone());
    }
    for (name, auth) in &context.named_auths {
        runner = runner.named_auth(name, auth.clone());
    }
    if let Some(file) = &arguments.state {
        let state = state::open(file, shared, &context, &text, &inputs, &workflow).await?;
        runner = runner.state(state::decide(state, arguments.done, arguments.repeat)?);
    }
    let mut show = Show::new(&workflow, shared.json);
    let outcome = runner.run(&workflow, |event| show.event(&event)).await;
    show.finish(outcome.is_ok());
    let printed = if shared.json {
        // Also after a failure: the steps before have given something, which may be needed to go on or to undo it.
        let outputs = outcome.as_ref().unwrap_or_else(|error| &error.outputs);
        terminal::print_line(&terminal::pretty(outputs.as_json()))
    } else {
        show.into_outcome()
    };
    outcome.map_err(|error| CliError::run(error, arguments.state.as_deref()))?;
    Ok(printed?)
}

/// The workflow and what the connector says about its operations. Every mistake is told at once.
async fn checked(
    connector: &Connector,
    path: &Path,
    draft: Draft,
    context: Option<&Context>,
) -> Result<(Workflow, Descriptions), CliError> {
    let Draft { workflow, mut problems } = draft;
    let mut descriptions = Descriptions::list(connector).await.map_err(CliError::failed)?;
    descriptions.load(connector, &workflow).await.map_err(CliError::failed)?;
    problems.extend(check(&workflow, &descriptions));
    if let Some(context) = context {
        let names = context.named_auths.keys().map(String::as_str);
        problems.extend(check_auths(&workflow, names, context.default_auth().is_some()));
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() {
        return Ok((workflow, descriptions));
    }
    Err(CliError::usage(told(problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect())))
}

/// Several errors: one a line, each marked as one.
fn told(problems: Vec<String>) -> String {
    problems.join("\nerror: ")
}

/// What `--check` says of a workflow without mistakes. Inputs are checked as far as they are given.
fn report(shared: &Shared, workflow: &Workflow, given: Vec<(String, Given)>) -> Result<(), CliError> {
    if !given.is_empty() {
        inputs::complete(workflow, given).map_err(|problems| CliError::usage(told(problems)))?;
    }
    let steps = workflow.steps.len();
    if shared.json {
        let ids: Vec<&str> = workflow.steps.iter().map(|step| step.id.as_str()).collect();
        return Ok(terminal::print_line(&terminal::pretty(&serde_json::json!({ "problems": [], "steps": ids })))?);
    }
    terminal::tell(format!("no mistake found in {steps} {}", if steps == 1 { "step" } else { "steps" }));
    Ok(())
}
