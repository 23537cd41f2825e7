//! Writes `docs/operations.md` and a page for each group, from what the built component says of itself.
//!
//! `cargo run -p operations-page` writes them; with `--check` it writes nothing and fails where they differ.

mod example;
mod index;
mod section;

use clap::Parser;
use connector_host::bindings::Operation;
use connector_host::{Component, Connector, Host};
use host_harness::DEFAULT_COMPONENT;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

#[derive(Parser)]
#[command(about = "Writes the reference of all operations, from what the built component says of itself")]
struct Arguments {
    /// The folder that gets `operations.md` and `operations/`.
    #[arg(long, default_value = "docs")]
    docs: PathBuf,
    /// Write nothing; fail where the pages are not what they should be.
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let pages = match pages().await {
        Ok(pages) => pages,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let wrong = stale(&arguments.docs, &pages);
    if arguments.check {
        for page in &wrong {
            eprintln!("{} is not what the component says: run cargo run -p operations-page", page.display());
        }
        return if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match write(&arguments.docs, &pages, &wrong) {
        Ok(()) => {
            println!("{} pages, {} of them new or changed", pages.len(), wrong.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}: {error}", arguments.docs.display());
            ExitCode::FAILURE
        }
    }
}

/// Every page by its path below the folder.
async fn pages() -> Result<BTreeMap<PathBuf, String>, Box<dyn Error>> {
    let host = Host::new()?;
    let component = Component::from_bytes(&host, DEFAULT_COMPONENT)?;
    let mut sandbox = Connector::new(&host, &component)?.sandbox().await?;
    let info = sandbox.describe().await?;
    let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for summary in sandbox.list_operations().await? {
        let operation = sandbox.describe_operation(&summary.name).await?;
        groups.entry(summary.group).or_default().push(operation);
    }
    let mut pages = BTreeMap::from([(PathBuf::from("operations.md"), index::page(&info, &groups)?)]);
    for (group, operations) in &groups {
        pages.insert(Path::new("operations").join(index::file_name(group)), section::page(group, operations)?);
    }
    Ok(pages)
}

/// The pages that are missing or different, and the files that are no page any more.
fn stale(docs: &Path, pages: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let differs = |(path, text): &(&PathBuf, &String)| fs::read_to_string(docs.join(path)).ok().as_ref() != Some(text);
    let mut stale: Vec<PathBuf> = pages.iter().filter(differs).map(|(path, _)| path.clone()).collect();
    let there = fs::read_dir(docs.join("operations")).into_iter().flatten().flatten();
    let surplus = there.map(|entry| Path::new("operations").join(entry.file_name()));
    stale.extend(surplus.filter(|path| !pages.contains_key(path)));
    stale
}

fn write(docs: &Path, pages: &BTreeMap<PathBuf, String>, stale: &[PathBuf]) -> io::Result<()> {
    fs::create_dir_all(docs.join("operations"))?;
    for path in stale {
        match pages.get(path) {
            Some(text) => fs::write(docs.join(path), text)?,
            None => fs::remove_file(docs.join(path))?,
        }
    }
    Ok(())
}
