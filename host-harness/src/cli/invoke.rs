//! `invoke`: one call.

mod download;

use super::auth_argument::AuthArgument;
use super::context::Context;
use super::error::CliError;
use super::text_source::TextSource;
use super::{Shared, operations, terminal};
use connector_host::{Body, Call, ExecutionFailure, Failure, Output};
use host_harness::output::to_json;
use serde::de::IgnoredAny;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the operation.
    #[arg(value_name = "NAME")]
    name: String,
    /// Input: a JSON object, a file, or - for standard input. Default: {}.
    #[arg(long, value_name = "JSON|@FILE|-")]
    input: Option<TextSource>,
    /// Stream the output to this file. The file appears when it is complete.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    limits: download::Limits,
}

pub(super) async fn run(shared: &Shared, arguments: Arguments) -> Result<(), CliError> {
    let reads_standard_input = shared.auth.iter().any(AuthArgument::is_standard_input);
    if reads_standard_input && matches!(arguments.input, Some(TextSource::StandardInput)) {
        return Err(CliError::usage("--auth and --input cannot both be read from standard input"));
    }
    let input = match &arguments.input {
        Some(source) => source.read_object("--input").await?,
        None => "{}".to_owned(),
    };
    let context = Context::start(shared).await?;
    let call = Call::new(&arguments.name).input(input);
    if let Some(path) = &arguments.output {
        return download::run(&context, call, path, &arguments.limits, shared.json).await;
    }
    let output = match context.connector.invoke(context.auth()?, call).await {
        Ok(output) => output,
        Err(failure) => return Err(failed(&context, &arguments.name, failure).await),
    };
    if shared.json {
        terminal::print_line(&json(&output)?)?;
    } else {
        print(&output)?;
    }
    if let Some(next) = &output.next {
        let next = operations::document("next input", next)?;
        if shared.json {
            terminal::tell(serde_json::json!({ "next": next }));
        } else {
            terminal::tell(format!(
                "there is more; the next page is --input '{}'",
                next.to_string().replace('\'', r"'\''")
            ));
        }
    }
    Ok(())
}

/// A failure of an operation, whose effect tells whether it can have changed anything.
async fn failed(context: &Context, operation: &str, failure: Failure) -> CliError {
    let operation = context.connector.describe_operation(operation).await;
    CliError::failed_with(failure, operation.ok().map(|operation| operation.summary.effect))
}

/// The output as JSON. The digits and the order are those of the connector.
fn json(output: &Output) -> Result<String, CliError> {
    match &output.body {
        Body::Json(json) => match serde_json::from_str::<IgnoredAny>(json) {
            Ok(_) => Ok(json.clone()),
            Err(error) => {
                Err(CliError::failed(ExecutionFailure::Interface(format!("its output is not JSON: {error}")).into()))
            }
        },
        _ => Ok(to_json(output).map_err(CliError::failed)?.to_string()),
    }
}

fn print(output: &Output) -> Result<(), CliError> {
    let is_terminal = io::stdout().is_terminal();
    match &output.body {
        Body::Json(_) if is_terminal => {
            terminal::print_line(&terminal::pretty(&to_json(output).map_err(CliError::failed)?))?;
        }
        Body::Json(json) => terminal::print_line(json)?,
        Body::Text(text) if is_terminal => terminal::print_line(text.trim_end_matches('\n'))?,
        Body::Text(text) => terminal::print(text)?,
        Body::Nothing => terminal::tell("done; the operation returns no output"),
        Body::File(file) if is_terminal => {
            return Err(CliError::usage(format!(
                "the output is a file ({}, {} bytes), which a terminal cannot show; the operation was carried out; use \
                 --output FILE to write the file",
                file.media_type,
                file.bytes.len()
            )));
        }
        Body::File(file) => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&file.bytes)?;
            stdout.flush()?;
        }
    }
    Ok(())
}
