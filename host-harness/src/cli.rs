//! The command line.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0 when it is done, 1 after a
//! permanent failure, 2 for wrong usage, 75 after a failure that may pass (`EX_TEMPFAIL`).

mod auth_argument;
mod auth_file;
mod check;
mod context;
mod describe;
mod error;
mod invoke;
mod limits;
mod log;
mod operations;
mod run;
mod serve;
mod signals;
mod terminal;
mod text_source;
mod units;

use auth_argument::AuthArgument;
use clap::{Args, Parser, Subcommand};
use connector_host::Rule;
use error::CliError;
use signals::Signals;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

/// Run connectors and workflows in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "host-harness", version, arg_required_else_help = true)]
#[command(after_help = "Environment variables:\n  \
    HTTPS_PROXY  Proxy for HTTPS requests\n  \
    NO_PROXY     Hosts to connect to without the proxy")]
struct Arguments {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// What all commands understand.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shared options")]
struct Shared {
    /// Credentials: JSON, a file, or - for standard input. Default: the environment variables LOOKERSDK_BASE_URL,
    /// LOOKERSDK_CLIENT_ID and LOOKERSDK_CLIENT_SECRET.
    ///
    /// Prefer a file: other users of this machine can read command lines. For `run` and `serve`, repeat it as NAME=@FILE
    /// for the steps of a workflow that name an auth.
    #[arg(long, global = true, value_name = "[NAME=]JSON|@FILE|-", hide_default_value = true)]
    auth: Vec<AuthArgument>,
    /// Use a practice Looker, started for this command, in place of a real one.
    #[arg(long, global = true)]
    practice: bool,
    /// Component of the connector. Default: the built-in Looker connector.
    #[arg(long, global = true, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Allow only the hosts that these rules name: HOST, HOST:PORT, *.DOMAIN or http://HOST. Repeatable. Required for
    /// hosts with private or loopback addresses. Default: the host in the credentials, at public addresses.
    #[arg(long, global = true, value_name = "HOST[:PORT]")]
    allow_host: Vec<Rule>,
    /// Trust the certificate authorities in this PEM file too. Repeatable.
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Vec<PathBuf>,
    /// Print JSON for programs. A failure is one JSON object on standard error.
    #[arg(long, global = true)]
    json: bool,
    /// Log to standard error: error, warn, info, debug, trace, or a filter such as connector_host::egress=debug. The
    /// connector's own output is logged as guest=debug. Query values, headers and bodies are never logged.
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// Format of the log: text, or one JSON object per line.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", requires = "log")]
    log_format: log::Format,
    // Last, since the flags after it would come under its heading.
    #[command(flatten)]
    limits: limits::Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the connector and its sign-in form.
    Describe,
    /// List the operations, or show one with its inputs and output.
    Operations(operations::Arguments),
    /// Call one operation.
    Invoke(invoke::Arguments),
    /// Run a workflow step by step.
    Run(run::Arguments),
    /// Edit and run workflows in a browser.
    Serve(serve::Arguments),
    /// Test the connection: sign in and show the user.
    Check,
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(message) = log::start(arguments.shared.log.as_deref(), arguments.shared.log_format) {
        terminal::tell(format!("error: {message}"));
        return ExitCode::from(error::WRONG_USAGE);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::tell(format!("error: the threads could not be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let json = arguments.shared.json;
    let outcome = runtime.block_on(async {
        let mut signals = Signals::catch()?;
        let Arguments { shared, command } = arguments;
        let command: Pin<Box<dyn Future<Output = _>>> = match command {
            Command::Describe => Box::pin(describe::run(&shared)),
            Command::Operations(arguments) => Box::pin(operations::run(&shared, arguments)),
            Command::Invoke(arguments) => Box::pin(invoke::run(&shared, arguments)),
            Command::Run(arguments) => Box::pin(run::run(&shared, arguments)),
            // It ends its sessions when a signal comes.
            Command::Serve(arguments) => return serve::run(&shared, arguments, &mut signals).await,
            Command::Check => Box::pin(check::run(&shared)),
        };
        // A signal drops the command where it is, so that its temporary files are removed.
        tokio::select! {
            outcome = command => outcome,
            number = signals.next() => Err(CliError::Interrupted(number)),
        }
    });
    // Threads that resolve a name or read standard input are not waited for.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(json),
    }
}
