//! `cargo xtask package`: makes the folder that is handed on. It holds the component, its WIT package as text and encoded,
//! an OCI image layout to push, a bill of materials, the reference of all operations, the licenses and `SHA256SUMS`.
//!
//! The same sources and the same compiler give the same bytes: no file holds a time or a path.

mod bom;
mod copy;
mod oci;
mod sums;
mod wit;

use crate::component::{self, PACKAGE};
use crate::outcome::Outcome;
use crate::workspace;
use cargo_metadata::MetadataCommand;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The component's file.
const COMPONENT: &str = "looker_connector.wasm";

/// Make the package: the component and what belongs to it
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The workspace to package
    #[arg(long, value_name = "DIR", default_value_os_t = workspace::root())]
    sources: PathBuf,
    /// The folder to write; its previous package is removed first
    #[arg(long, value_name = "DIR", default_value_os_t = workspace::root().join("dist"))]
    output: PathBuf,
}

/// Runs the command. The report lists the checksums.
///
/// # Errors
///
/// What could not be built, read or written.
pub fn run(arguments: &Arguments) -> Result<Outcome, String> {
    let sums = package(&arguments.sources, &arguments.output).map_err(|error| error.to_string())?;
    Ok(Outcome { report: sums, passed: true })
}

/// Writes everything into `output` and returns its checksums.
fn package(sources: &Path, output: &Path) -> Result<String, Box<dyn Error>> {
    let sources = fs::canonicalize(sources).map_err(|error| format!("{}: {error}", sources.display()))?;
    let mut command = MetadataCommand::new();
    command.current_dir(&sources);
    command.other_options(["--filter-platform", component_build::TARGET, "--locked"].map(String::from));
    let workspace = command.exec()?;

    let component = fs::read(component::build(&sources, &workspace)?)?;

    let package = workspace
        .workspace_packages()
        .into_iter()
        .find(|package| package.name == PACKAGE)
        .ok_or_else(|| format!("there is no package `{PACKAGE}` in {}", sources.display()))?;
    let version = package.version.to_string();

    copy::empty(output, COMPONENT)?;
    fs::write(output.join(COMPONENT), &component)?;
    copy::tree(&sources.join("wit"), &output.join("wit"))?;
    fs::write(output.join("workflow-connector-wit.wasm"), wit::encode(&sources.join("wit"))?)?;
    let lock = fs::read_to_string(sources.join("Cargo.lock"))?;
    fs::write(output.join("looker_connector.cdx.json"), bom::bom(&workspace, package, &lock, &component)?)?;
    oci::write(&output.join("oci"), &component, &version)?;
    copy::tree(&sources.join("docs/operations"), &output.join("operations"))?;
    fs::copy(sources.join("docs/operations.md"), output.join("operations.md"))?;
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(sources.join(license), output.join(license))?;
    }
    sums::write(output)
}
