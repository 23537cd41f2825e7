//! `invoke`: one call.

mod download;

use super::error::CliError;
use super::session::Session;
use super::text_source::TextSource;
use super::{Shared, terminal};
use connector_host::bindings::{Body, Output};
use host_harness::output::to_json;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The operation to carry out.
    #[arg(value_name = "NAME")]
    name: String,
    /// Its input: a JSON object, a file of one, or `-` for standard input. Default: {}.
    #[arg(long, value_name = "JSON|@FILE|-")]
    input: Option<TextSource>,
    /// Write the output to this file, piece by piece. The file appears when it is complete.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(shared: &Shared, arguments: Arguments) -> Result<(), CliError> {
    let both_read_standard_input =
        matches!((&shared.auth, &arguments.input), (Some(TextSource::StandardInput), Some(TextSource::StandardInput)));
    if both_read_standard_input {
        return Err(CliError::usage("--auth and --input cannot both be read from standard input"));
    }
    let input = match &arguments.input {
        Some(source) => source.read_object("--input").await?,
        None => "{}".to_owned(),
    };
    let session = Session::start(shared).await?;
    if let Some(path) = &arguments.output {
        return download::run(&session, &arguments.name, &input, path, shared.json).await;
    }
    let output = session.connector.invoke(&session.auth, &arguments.name, &input).await;
    let output = output.map_err(|failure| CliError::failed(&session.connector, failure))?;
    if shared.json {
        print_json(&session, &output)?;
    } else {
        print(&session, &output)?;
    }
    if let Some(next) = &output.next {
        if shared.json {
            eprintln!("{{\"next\":{next}}}");
        } else {
            eprintln!("there is more; the next page is --input '{}'", terminal::plain(next).replace('\'', r"'\''"));
        }
    }
    Ok(())
}

fn print_json(session: &Session, output: &Output) -> Result<(), CliError> {
    let json = match &output.body {
        // As it came: not a digit of it changes.
        Body::Json(json) => json.clone(),
        _ => to_json(output).map_err(|failure| CliError::failed(&session.connector, failure))?.to_string(),
    };
    Ok(terminal::print_line(&json)?)
}

fn print(session: &Session, output: &Output) -> Result<(), CliError> {
    let is_terminal = io::stdout().is_terminal();
    match &output.body {
        Body::Json(_) if is_terminal => {
            let json = to_json(output).map_err(|failure| CliError::failed(&session.connector, failure))?;
            terminal::print_line(&terminal::pretty(&json))?;
        }
        Body::Json(json) => terminal::print_line(json)?,
        Body::Text(text) if is_terminal => terminal::print_line(terminal::plain(text).trim_end_matches('\n'))?,
        Body::Text(text) => terminal::print(text)?,
        Body::Nothing => eprintln!("done; the operation gives no output"),
        Body::File(file) if is_terminal => {
            return Err(CliError::usage(format!(
                "the output is a file ({}, {} bytes), which a terminal cannot show; the operation was carried out; write \
                 the file with --output FILE",
                terminal::plain(&file.media_type),
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
