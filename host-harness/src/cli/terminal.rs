//! What people see.

use connector_host::bindings::{Effect, Stability};
use serde_json::Value;
use std::io::{self, Write};

/// Text from elsewhere without the control characters that could move a terminal's cursor or colour it.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}

/// Writes to standard output.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes a line to standard output.
pub(super) fn print_line(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

/// JSON for people.
pub(super) fn pretty(json: &Value) -> String {
    format!("{json:#}")
}

/// An effect as the JSON output and the lists write it.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Delete => "delete",
    }
}

/// A stability as the JSON output and the lists write it.
pub(super) fn stability(stability: Stability) -> &'static str {
    match stability {
        Stability::Stable => "stable",
        Stability::Beta => "beta",
        Stability::Alpha => "alpha",
        Stability::Deprecated => "deprecated",
    }
}
