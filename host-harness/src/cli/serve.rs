//! `serve`: the step editor, in a browser.

use super::context::{self, PRACTICE};
use super::error::CliError;
use super::signals::Signals;
use super::{Shared, auth_file, terminal};
use connector_host::{Auth, Rule};
use host_harness::serve::{AuthOrigin, Auths, DEFAULT_PORT, Server, Settings};
use practice_looker::PracticeLooker;
use std::path::PathBuf;
use std::sync::Arc;

/// The name of an auth that was given without one, and of the one from the environment.
const UNNAMED: &str = "default";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Workflow file to open. It need not exist yet.
    #[arg(value_name = "WORKFLOW.yaml")]
    workflow: Option<PathBuf>,
    /// Port to listen on, at 127.0.0.1. 0 picks any free port.
    #[arg(long, default_value_t = DEFAULT_PORT, value_name = "PORT")]
    port: u16,
}

pub(super) async fn run(shared: &Shared, arguments: Arguments, signals: &mut Signals) -> Result<(), CliError> {
    // The practice Looker stops when it is dropped.
    let (server, _practice) = tokio::select! {
        started = start(shared, arguments) => started?,
        number = signals.next() => return Err(CliError::Interrupted(number)),
    };
    // The only line on standard output, so that a program can read it.
    terminal::print_line(&server.address())?;
    terminal::tell("open this address in a browser; it works once. Ctrl-C ends the server");
    let mut signal = None;
    server.run(async { signal = Some(signals.next().await) }).await;
    signal.map_or(Ok(()), |number| Err(CliError::Interrupted(number)))
}

/// A server that listens, and the practice Looker where the user asks for it.
async fn start(shared: &Shared, arguments: Arguments) -> Result<(Server, Option<PracticeLooker>), CliError> {
    let auths = Arc::new(Auths::new());
    let mut sources = Vec::new();
    for auth in &shared.auth {
        let name = auth.name.clone().unwrap_or_else(|| UNNAMED.to_owned());
        if sources.iter().any(|(known, _)| *known == name) {
            return Err(CliError::usage(format!("--auth: there are two auths `{name}`; name them: --auth NAME=@FILE")));
        }
        let text = auth.source.read_object("--auth").await?;
        let parsed = Auth::from_json(text).map_err(|error| CliError::usage(format!("--auth: {error}")))?;
        auths.put(&name, parsed, AuthOrigin::File);
        sources.push((name, auth.source.clone()));
    }
    let practice = context::practice(shared)?;
    let mut allowed = shared.allow_host.clone();
    let mut builder = context::builder(shared).await?.transport(context::transport(shared).await?);
    match &practice {
        Some(practice) => {
            if sources.iter().any(|(name, _)| name == PRACTICE) {
                let message = format!("--practice adds an auth `{PRACTICE}`; give yours another name");
                return Err(CliError::usage(message));
            }
            allowed.push(practice.base_url().parse::<Rule>().map_err(|error| CliError::Host(error.to_string()))?);
            let auth = context::practice_auth("{}", practice)?;
            let auth = Auth::from_json(auth).map_err(|error| CliError::Host(error.to_string()))?;
            auths.put(PRACTICE, auth, AuthOrigin::Practice);
        }
        None => {
            let variables = context::environment();
            if !variables.is_empty() && sources.is_empty() {
                let auth = Auth::from_json("{}").map_err(|error| CliError::Host(error.to_string()))?;
                auths.put(UNNAMED, auth, AuthOrigin::File);
            }
            builder = builder.environment(variables);
        }
    }
    let (known, json) = (Arc::clone(&auths), shared.json);
    let connector = builder
        .allow_requested_hosts(allowed)
        .on_renewed_auth(move |old, renewed| {
            for name in known.renew(old, renewed) {
                if let Some((_, source)) = sources.iter().find(|(known, _)| *known == name) {
                    auth_file::keep(source, renewed, json);
                }
            }
        })
        .build()
        .await?;
    let settings =
        Settings { connector, auths, practice: practice.is_some(), workflow: arguments.workflow, port: arguments.port };
    let server = Server::bind(settings).await.map_err(|error| CliError::usage(error.to_string()))?;
    Ok((server, practice))
}
