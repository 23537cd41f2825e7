//! Turns the catalog (`catalog/spec` and `catalog/overlay`) into the static tables that `src/catalog.rs` includes, and the
//! descriptions of the jobs (`src/jobs/*.json`) into the one that `src/jobs.rs` includes. Computes the digest by which platforms know whether lists and schemas have changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use catalog_model::{Catalog, Overlay, Spec, check, correct, digest, jobs, tables};

/// Bytes of the component's stack. Hosts zero it for each sandbox, so it is small. Reading JSON as deeply nested as the parser
/// allows takes the most, about half of it. A call that takes more ends with a trap, since nothing lies below the stack.
const STACK: usize = 96 * 1024;

/// Bytes of the part of the heap that lies below the tables: all that most calls use (`src/allocator.rs`).
const HEAP: usize = 64 * 1024;

fn main() {
    if env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
        println!("cargo::rustc-link-arg-cdylib=--global-base={}", STACK + HEAP);
    }
    if let Err(problems) = run() {
        // Cargo shows these lines as they are and fails the build.
        for line in problems.iter().flat_map(|problem| problem.lines()) {
            println!("cargo::error={line}");
        }
    }
}

fn run() -> Result<(), Vec<String>> {
    let package = directory("CARGO_MANIFEST_DIR")?;
    let (spec, overlay, sources) = (package.join("catalog/spec"), package.join("catalog/overlay"), package.join("src"));
    for folder in [&spec, &overlay, &sources] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let overlay = Overlay::read(&overlay)?;
    let spec = correct(Spec::read(&spec)?, &overlay)?;
    // Gaps do not stop the build: a readable form of the name stands in for a title. `cargo xtask import --check` lists them.
    let errors = check(&spec, &overlay).errors;
    if !errors.is_empty() {
        return Err(errors);
    }
    let tables = tables(&Catalog::join(&spec, &overlay));

    // Which source files shape lists and schemas is not worth telling apart: a new digest only makes platforms read again.
    let mut files = Vec::new();
    read_files(&sources, Path::new(""), &mut files)?;
    let jobs = jobs(&job_files(&files))?;
    files.push(("tables.rs".to_owned(), tables.clone().into_bytes()));
    files.push(("jobs.rs".to_owned(), jobs.clone().into_bytes()));
    println!("cargo::rustc-env=CATALOG_DIGEST={}", digest(&files));

    for (name, source) in [("tables.rs", tables), ("jobs.rs", jobs)] {
        let path = directory("OUT_DIR")?.join(name);
        fs::write(&path, source).map_err(|error| vec![format!("{}: cannot be written: {error}", path.display())])?;
    }
    Ok(())
}

/// The descriptions of the jobs among the source files, by the names of the jobs.
fn job_files(sources: &[(String, Vec<u8>)]) -> BTreeMap<String, String> {
    let job = |(name, content): &(String, Vec<u8>)| {
        let name = name.strip_prefix("src/jobs/")?.strip_suffix(".json")?;
        (!name.contains('/')).then(|| (name.to_owned(), String::from_utf8_lossy(content).into_owned()))
    };
    sources.iter().filter_map(job).collect()
}

/// The directory that Cargo names in an environment variable.
fn directory(variable: &str) -> Result<PathBuf, Vec<String>> {
    env::var_os(variable).map(PathBuf::from).ok_or_else(|| vec![format!("{variable} is not set: run this by Cargo")])
}

/// Adds every file in a folder and in the folders within, named by its path with slashes.
fn read_files(folder: &Path, name: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), Vec<String>> {
    let failed = |error| vec![format!("{}: cannot be read: {error}", folder.display())];
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if path.is_dir() {
            read_files(&path, &name, files)?;
        } else {
            let name = name.to_string_lossy().replace('\\', "/");
            files.push((format!("src/{name}"), fs::read(&path).map_err(failed)?));
        }
    }
    Ok(())
}
