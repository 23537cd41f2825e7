//! `cargo run -p catalog-import -- DESCRIPTION.json [--catalog DIR] [--check]`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use catalog_import::{Change, Description, apply, changes, read_description, report, shared_sentences};
use catalog_model::{Facts, Words, check, correct};
use clap::Parser;

/// Makes the Looker connector's catalog from Looker's own API description.
#[derive(Parser)]
struct Arguments {
    /// Looker's description of API 4.0, as OpenAPI 3.0 in JSON: `Looker.4.0.oas.json` of looker-open-source/sdk-codegen
    description: PathBuf,
    /// The catalog: the folder with `api` and `words`
    #[arg(long, value_name = "DIR", default_value_os_t = this_catalog())]
    catalog: PathBuf,
    /// Change nothing; fail if a fact file would change, or if the words are wrong, incomplete or Looker's own
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
    let Description { facts, sentences } = read_description(&text)?;
    let folder = arguments.catalog.join("spec");
    let comparison = comparison(&folder, &facts);
    let changes = changes(&folder, facts.files()).map_err(|problem| vec![problem])?;
    if !arguments.check {
        apply(&folder, &changes).map_err(|problem| vec![problem])?;
    }
    println!(
        "{} operations under {} tags, {} models",
        facts.operations().count(),
        facts.groups.len(),
        facts.models.len()
    );
    print_all(&comparison);
    print_changes(&folder, &changes, arguments.check);
    let words_are_right = print_findings(&arguments.catalog, facts, &sentences)?;
    // An import has done its work when the facts are there; the words it asks for come after it.
    Ok(!arguments.check || (changes.is_empty() && words_are_right))
}

/// How the facts differ from those in a folder.
fn comparison(folder: &Path, facts: &Facts) -> Vec<String> {
    if !folder.exists() {
        return report(None, facts);
    }
    match Facts::read(folder) {
        Ok(old) => report(Some(&old), facts),
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
        println!("every fact file is as it should be");
    }
}

/// Prints what is wrong with the words, and whether nothing is.
fn print_findings(catalog: &Path, facts: Facts, sentences: &[String]) -> Result<bool, Vec<String>> {
    let words = Words::read(&catalog.join("overlay"))?;
    let findings = check(&correct(facts, &words)?, &words);
    let shared = shared_sentences(&words, sentences);
    for (title, problems) in [
        ("words that are wrong", &findings.errors),
        ("words that are missing or not told apart", &findings.gaps),
        ("words that are Looker's own", &shared),
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
