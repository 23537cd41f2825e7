//! `operations`: the list, or one operation with its inputs.

mod form;

use super::error::CliError;
use super::{Shared, context, terminal};
use connector_host::{Connector, Effect, Operation, OperationSummary, Stability};
use host_harness::description;
use serde_json::Value;
use std::fmt::Write as _;

pub(super) use form::fields;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Operation to show. Default: list all.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// List only operations whose name, title, group or description contains all of these words.
    #[arg(long, value_name = "WORD", conflicts_with = "name")]
    search: Option<String>,
    /// With --json: include input schema, output schema and media types of each operation.
    #[arg(long)]
    schemas: bool,
}

pub(super) async fn run(shared: &Shared, arguments: Arguments) -> Result<(), CliError> {
    // Clap does not see a flag of the whole program that stands before the command.
    if arguments.schemas && !shared.json {
        return Err(CliError::usage("--schemas needs --json"));
    }
    let connector = context::offline(shared).await?;
    if let Some(name) = arguments.name {
        let operation = connector.describe_operation(&name).await.map_err(CliError::failed)?;
        return show(shared, &operation);
    }
    let mut operations = connector.list_operations().await.map_err(CliError::failed)?;
    let words = arguments.search.unwrap_or_default().to_lowercase();
    operations.retain(|operation| matches(operation, &words));
    if shared.json {
        let list = if arguments.schemas {
            details(&connector, &operations).await?
        } else {
            operations.iter().map(description::summary).collect()
        };
        return Ok(terminal::print_line(&terminal::pretty(&Value::Array(list)))?);
    }
    if operations.is_empty() {
        terminal::tell(format!("no operation matches `{words}`"));
    }
    Ok(terminal::print(&list(&operations))?)
}

fn matches(operation: &OperationSummary, words: &str) -> bool {
    let OperationSummary { name, title, group, description, .. } = operation;
    let text = format!("{name}\n{title}\n{group}\n{description}").to_lowercase();
    words.split_whitespace().all(|word| text.contains(word))
}

/// The list: by group, in the connector's order, names and titles aligned.
fn list(operations: &[OperationSummary]) -> String {
    let widest = |text: fn(&OperationSummary) -> &str| operations.iter().map(|one| text(one).chars().count()).max();
    let names = widest(|operation| &operation.name).unwrap_or(0);
    let titles = widest(|operation| &operation.title).unwrap_or(0);
    let mut groups: Vec<(&str, Vec<&OperationSummary>)> = Vec::new();
    for operation in operations {
        match groups.iter_mut().find(|(group, _)| *group == operation.group) {
            Some((_, members)) => members.push(operation),
            None => groups.push((&operation.group, vec![operation])),
        }
    }
    let mut text = String::new();
    for (index, (group, members)) in groups.iter().enumerate() {
        let _ = writeln!(text, "{}{group}", if index == 0 { "" } else { "\n" });
        for operation in members {
            let OperationSummary { name, title, .. } = operation;
            let line = format!("  {name:names$}  {title:titles$}  {}", special(operation).join(", "));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// What is not plain about an operation: plain ones read, and are stable.
fn special(operation: &OperationSummary) -> Vec<&'static str> {
    let effect = (operation.effect != Effect::Read).then(|| description::effect(operation.effect));
    let stability = (operation.stability != Stability::Stable).then(|| description::stability(operation.stability));
    effect.into_iter().chain(stability).collect()
}

/// Every operation with its schemas, as JSON. One sandbox describes them all.
async fn details(connector: &Connector, operations: &[OperationSummary]) -> Result<Vec<Value>, CliError> {
    let mut sandbox = connector.sandbox().await.map_err(CliError::failed)?;
    let mut details = Vec::with_capacity(operations.len());
    for summary in operations {
        let operation = sandbox.describe_operation(&summary.name).await.map_err(CliError::failed)?;
        details.push(description::operation(&operation).map_err(CliError::failed)?);
    }
    Ok(details)
}

fn show(shared: &Shared, operation: &Operation) -> Result<(), CliError> {
    if shared.json {
        return Ok(terminal::print_line(&terminal::pretty(
            &description::operation(operation).map_err(CliError::failed)?,
        ))?);
    }
    let input = document("input-schema", &operation.input_schema)?;
    let output = document("output-schema", &operation.output_schema)?;
    let about = &operation.summary;
    let mut text = String::new();
    let effect = description::effect(about.effect);
    let stability = description::stability(about.stability);
    let idempotent = if about.idempotent { "idempotent" } else { "not idempotent" };
    let _ = writeln!(text, "{}: {} ({}; {effect}, {idempotent}, {stability})", about.name, about.title, about.group);
    if !about.description.is_empty() {
        let _ = writeln!(text, "{}", about.description);
    }
    let _ = writeln!(text, "\nInputs");
    text.push_str(&fields(&input));
    let media_types =
        if operation.media_types.is_empty() { "nothing".to_owned() } else { operation.media_types.join(", ") };
    let _ = writeln!(text, "\nOutput\n  {media_types}{}", form::type_after_colon(&output));
    Ok(terminal::print(&text)?)
}

/// A JSON document of the connector's.
pub(super) fn document(name: &str, text: &str) -> Result<Value, CliError> {
    description::document(name, text).map_err(CliError::failed)
}
