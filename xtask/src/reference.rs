//! `cargo xtask reference`: writes `docs/operations.md` and a page for each group, from what the built component says.

mod connector;
mod example;
mod index;
mod input;
mod section;

use crate::outcome::Outcome;
use crate::workspace;
use connector::{Connector, Operation};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Write the reference of all operations, from what the built component says
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of `operations.md` and `operations/`
    #[arg(long, value_name = "DIR", default_value_os_t = workspace::root().join("docs"))]
    docs: PathBuf,
    /// Write nothing; fail if a page is out of date
    #[arg(long)]
    check: bool,
}

/// Runs the command. It does not pass if a check finds a page that is out of date.
///
/// # Errors
///
/// Why the component does not build or cannot be asked, or which folder cannot be written.
pub fn run(arguments: &Arguments) -> Result<Outcome, Vec<String>> {
    let connector = connector::ask(&workspace::root()).map_err(|problem| vec![problem])?;
    let pages = pages(&connector);
    let stale = stale(&arguments.docs, &pages);
    if arguments.check {
        let line = |page: &PathBuf| format!("{} is out of date: run cargo xtask reference\n", page.display());
        return Ok(Outcome { report: stale.iter().map(line).collect(), passed: stale.is_empty() });
    }
    write(&arguments.docs, &pages, &stale)
        .map_err(|error| vec![format!("{}: cannot be written: {error}", arguments.docs.display())])?;
    Ok(Outcome { report: format!("{} pages, {} of them new or changed\n", pages.len(), stale.len()), passed: true })
}

/// Every page by its path below the folder.
fn pages(connector: &Connector) -> BTreeMap<PathBuf, String> {
    let mut groups: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &connector.operations {
        groups.entry(&operation.group).or_default().push(operation);
    }
    let mut pages = BTreeMap::from([(PathBuf::from("operations.md"), index::page(&connector.info, &groups))]);
    for (group, operations) in &groups {
        pages.insert(Path::new("operations").join(index::file_name(group)), section::page(group, operations));
    }
    pages
}

/// The pages that are missing or different, and the files that are no longer pages.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_differs_is_stale_and_written() {
        let docs = tempfile::tempdir().unwrap();
        let page = |name: &str, text: &str| (Path::new("operations").join(name), text.to_owned());
        let mut pages = BTreeMap::from([page("a.md", "A"), page("b.md", "B")]);
        write(docs.path(), &pages, &stale(docs.path(), &pages)).unwrap();
        assert_eq!(stale(docs.path(), &pages), [] as [&Path; 0]);
        pages.remove(Path::new("operations/a.md"));
        pages.extend([page("b.md", "changed"), page("c.md", "C")]);
        let changed = stale(docs.path(), &pages);
        assert_eq!(changed, ["operations/b.md", "operations/c.md", "operations/a.md"].map(PathBuf::from));
        write(docs.path(), &pages, &changed).unwrap();
        assert_eq!(stale(docs.path(), &pages), [] as [&Path; 0]);
        assert!(!docs.path().join("operations/a.md").exists());
    }
}
