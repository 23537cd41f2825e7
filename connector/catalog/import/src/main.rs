//! `cargo run -p catalog-import -- DESCRIPTION.json [--catalog DIR] [--check]`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalog_import::{Change, Description, apply, changes, read_description, report, shared_sentences};
use catalog_model::{Overlay, Spec, check, correct};
use clap::Parser;

/// Makes the Looker connector's catalog from Looker's own API description.
#[derive(Parser)]
struct Arguments {
    /// Looker's description of API 4.0, as OpenAPI 3.0 in JSON: `Looker.4.0.oas.json` of looker-open-source/sdk-codegen
    description: PathBuf,
    /// The catalog: the folder with `spec` and `overlay`
    #[arg(long, value_name = "DIR", default_value_os_t = this_catalog())]
    catalog: PathBuf,
    /// Change nothing; fail if a file of the spec would change, or if the overlay is wrong, incomplete or in Looker's words
    #[arg(long)]
    check: bool,
}

/// The catalog that this crate lies in.
fn this_catalog() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_owned()
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problems) => {
            for problem in problems {
                eprintln!("error: {problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as it should be.
fn run(arguments: &Arguments) -> Result<bool, Vec<String>> {
    let text = fs::read_to_string(&arguments.description)
        .map_err(|error| vec![format!("{}: cannot be read: {error}", arguments.description.display())])?;
    let Description { spec, sentences } = read_description(&text)?;
    let folder = arguments.catalog.join("spec");
    let comparison = comparison(&folder, &spec);
    let changes = changes(&folder, spec.files()).map_err(|problem| vec![problem])?;
    if !arguments.check {
        apply(&folder, &changes).map_err(|problem| vec![problem])?;
    }
    println!("{} operations under {} tags, {} models", spec.operations().count(), spec.groups.len(), spec.models.len());
    print_all(&comparison);
    print_changes(&folder, &changes, arguments.check);
    let overlay_is_right = print_findings(&arguments.catalog, spec, &sentences)?;
    // An import is done when the spec is written; the overlay's entries that it asks for come after it.
    Ok(!arguments.check || (changes.is_empty() && overlay_is_right))
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

fn print_changes(folder: &Path, changes: &[Change], only_check: bool) {
    for change in changes {
        let (done, to_do) = match change {
            Change::Write { .. } => ("wrote", "would write"),
            Change::Delete { .. } => ("deleted", "would delete"),
        };
        println!("{} {}", if only_check { to_do } else { done }, folder.join(change.name()).display());
    }
    if changes.is_empty() {
        println!("the spec is up to date");
    }
}

/// Prints what is wrong with the overlay; returns whether nothing is.
fn print_findings(catalog: &Path, spec: Spec, sentences: &[String]) -> Result<bool, Vec<String>> {
    let overlay = Overlay::read(&catalog.join("overlay"))?;
    let findings = check(&correct(spec, &overlay)?, &overlay);
    let shared = shared_sentences(&overlay, sentences);
    for (title, problems) in [
        ("overlay: wrong entries", &findings.errors),
        ("overlay: missing or ambiguous titles and help", &findings.gaps),
        ("overlay: text taken from Looker", &shared),
    ] {
        if !problems.is_empty() {
            println!("{title}: {}", problems.len());
            print_all(problems);
        }
    }
    Ok(findings.errors.is_empty() && findings.gaps.is_empty() && shared.is_empty())
}

fn print_all(lines: &[String]) {
    for line in lines {
        println!("  {line}");
    }
}
