//! `cargo xtask import`: makes the catalog's spec from Looker's own API description and a newer SDK.
//!
//! ```text
//! description ──openapi──> Spec ─┐                ┌─report──> what is new, changed, gone
//!                                ├─merge──> Spec ─┼─folder──> connector/catalog/spec
//! SDK ──────────sdk──────> Sdk ──┘                └─catalog_model::check, sentences──> what the overlay lacks
//! ```

mod folder;
mod merge;
mod openapi;
#[cfg(test)]
mod orchard;
mod report;
mod sdk;
mod sentences;
#[cfg(test)]
mod tests;

use crate::outcome::Outcome;
use crate::workspace;
use catalog_model::{Overlay, Spec, check, correct};
use folder::{Change, apply, changes};
use merge::merge;
use openapi::Description;
use report::report;
use sentences::shared_sentences;
use std::fs;
use std::path::{Path, PathBuf};

/// Make the catalog's spec from Looker's API description and SDK
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Looker's description of API 4.0, as OpenAPI 3.0 in JSON: `Looker.4.0.oas.json` of looker-open-source/sdk-codegen
    description: PathBuf,
    /// The wheel of Looker's Python SDK, if it is newer than the description: `looker_sdk-VERSION-py3-none-any.whl`
    #[arg(long, value_name = "WHEEL")]
    sdk: Option<PathBuf>,
    /// The catalog: the folder with `spec` and `overlay`
    #[arg(long, value_name = "DIR", default_value_os_t = this_catalog())]
    catalog: PathBuf,
    /// Change nothing; fail if a file of the spec would change, or if the overlay is wrong, incomplete or in Looker's words
    #[arg(long)]
    check: bool,
}

fn this_catalog() -> PathBuf {
    workspace::root().join("connector/catalog")
}

/// Runs the command.
///
/// # Errors
///
/// What in the description or the SDK is not understood, or where they contradict each other, or what cannot be read or
/// written.
pub fn run(arguments: &Arguments) -> Result<Outcome, Vec<String>> {
    let text = fs::read_to_string(&arguments.description)
        .map_err(|error| vec![format!("{}: cannot be read: {error}", arguments.description.display())])?;
    let Description { mut spec, mut sentences } = openapi::read(&text)?;
    if let Some(wheel) = &arguments.sdk {
        let (sdk, source) = sdk::read(wheel).map_err(|problem| vec![problem])?;
        spec.source.sdk = Some(source);
        spec = merge(spec, &sdk)?;
        sentences.extend(sdk.sentences);
    }
    let folder = arguments.catalog.join("spec");
    let mut report = vec![format!(
        "{} operations under {} tags, {} models",
        spec.operations().count(),
        spec.groups.len(),
        spec.models.len()
    )];
    report.extend(indented(&comparison(&folder, &spec)));
    let changes = changes(&folder, spec.files()).map_err(|problem| vec![problem])?;
    if !arguments.check {
        apply(&folder, &changes).map_err(|problem| vec![problem])?;
    }
    report.extend(change_lines(&folder, &changes, arguments.check));
    let passed = match finding_lines(&arguments.catalog, spec, &sentences) {
        Ok(findings) => {
            // An import is done when the spec is written; the overlay's entries that it asks for come after it.
            let passed = !arguments.check || (changes.is_empty() && findings.is_empty());
            report.extend(findings);
            passed
        }
        Err(problems) => {
            report.push(format!("overlay: it does not fit the spec: {}", problems.len()));
            report.extend(indented(&problems));
            false
        }
    };
    Ok(Outcome { report: report.join("\n") + "\n", passed })
}

/// How the spec differs from the one in a folder.
fn comparison(folder: &Path, spec: &Spec) -> Vec<String> {
    if !folder.exists() {
        return report(None, spec);
    }
    match Spec::read(folder) {
        Ok(old) => report(Some(&old), spec),
        Err(problems) => {
            let lines = problems.into_iter().map(|problem| format!("cannot be compared: {problem}"));
            lines.collect()
        }
    }
}

fn change_lines(folder: &Path, changes: &[Change], only_check: bool) -> Vec<String> {
    if changes.is_empty() {
        return vec!["the spec is up to date".to_owned()];
    }
    let line = |change: &Change| {
        let (done, to_do) = match change {
            Change::Write { .. } => ("wrote", "would write"),
            Change::Delete { .. } => ("deleted", "would delete"),
        };
        format!("{} {}", if only_check { to_do } else { done }, folder.join(change.name()).display())
    };
    changes.iter().map(line).collect()
}

/// What is wrong with the overlay; no line if nothing is.
///
/// # Errors
///
/// Why the overlay cannot be read or its corrections cannot be applied.
fn finding_lines(catalog: &Path, spec: Spec, sentences: &[String]) -> Result<Vec<String>, Vec<String>> {
    let overlay = Overlay::read(&catalog.join("overlay"))?;
    let findings = check(&correct(spec, &overlay)?, &overlay);
    let shared = shared_sentences(&overlay, sentences);
    let mut lines = Vec::new();
    for (title, problems) in [
        ("overlay: wrong entries", &findings.errors),
        ("overlay: missing or ambiguous titles and help", &findings.gaps),
        ("overlay: text taken from Looker", &shared),
    ] {
        if !problems.is_empty() {
            lines.push(format!("{title}: {}", problems.len()));
            lines.extend(indented(problems));
        }
    }
    Ok(lines)
}

fn indented(lines: &[String]) -> impl Iterator<Item = String> {
    lines.iter().map(|line| format!("  {line}"))
}
