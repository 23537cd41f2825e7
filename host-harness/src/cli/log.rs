//! The log, on standard error.

use super::terminal::EscapedStandardError;
use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
}

/// Starts to log what passes the filter, if there is one.
pub(super) fn start(filter: Option<&str>, format: Format) -> Result<(), String> {
    let Some(filter) = filter else { return Ok(()) };
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("--log: {error}; give a level: error, warn, info, debug or trace"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(|| EscapedStandardError).with_ansi(false);
    let lines = match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry().with(lines).with(filter).with(filter_fn(is_fit_to_show)).init();
    Ok(())
}

/// Libraries trace what passes through them: wasmtime's bindings every URL and header with its token. What this crate
/// traces is chosen with care, so only that is shown at the finest level.
fn is_fit_to_show(what: &Metadata<'_>) -> bool {
    let own = what
        .target()
        .split("::")
        .next()
        .is_some_and(|name| matches!(name, "connector_host" | "host_harness" | "guest"));
    own || *what.level() <= Level::DEBUG
}
