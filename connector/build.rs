//! Turns the catalog (`catalog/spec` and `catalog/overlay`) into the static tables that `src/catalog.rs` includes.

use std::path::{Path, PathBuf};
use std::{env, fs};

use catalog_model::{Catalog, Overlay, Spec, check, correct, tables};

fn main() {
    if let Err(problems) = write_tables() {
        // Cargo shows these lines as they are and fails the build.
        for line in problems.iter().flat_map(|problem| problem.lines()) {
            println!("cargo::error={line}");
        }
    }
}

fn write_tables() -> Result<(), Vec<String>> {
    let catalog = directory("CARGO_MANIFEST_DIR")?.join("catalog");
    let (api, overlay) = (catalog.join("spec"), catalog.join("overlay"));
    for folder in [&api, &overlay] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let overlay = Overlay::read(&overlay)?;
    let spec = correct(Spec::read(&api)?, &overlay)?;
    // Gaps do not stop the build: a name made readable stands in for a title. `cargo xtask import --check` reports them.
    let errors = check(&spec, &overlay).errors;
    if !errors.is_empty() {
        return Err(errors);
    }
    write(&directory("OUT_DIR")?.join("tables.rs"), &tables(&Catalog::join(&spec, &overlay)))
}

/// The directory that Cargo names in an environment variable.
fn directory(variable: &str) -> Result<PathBuf, Vec<String>> {
    env::var_os(variable).map(PathBuf::from).ok_or_else(|| vec![format!("{variable} is not set: run this by Cargo")])
}

fn write(path: &Path, text: &str) -> Result<(), Vec<String>> {
    fs::write(path, text).map_err(|error| vec![format!("{}: cannot be written: {error}", path.display())])
}
