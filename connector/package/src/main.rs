//! Makes the folder that is handed on: the component, its WIT package as text and encoded, an OCI image layout to push,
//! a bill of materials, the reference of all operations, the licences and `SHA256SUMS`.
//!
//! The same sources and the same compiler give the same bytes: no file holds a time or a path.

mod bom;
mod copy;
mod oci;
mod sums;
mod wit;

use cargo_metadata::MetadataCommand;
use clap::Parser;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// The package of the component.
const PACKAGE: &str = "looker-connector";

/// The component's file.
const COMPONENT: &str = "looker_connector.wasm";

/// Makes dist/: the component and what belongs to it.
#[derive(Debug, Parser)]
struct Options {
    /// The workspace to package; without it, the one that this program was built in.
    #[arg(long)]
    sources: Option<PathBuf>,
    /// The folder to write. What it holds is removed first.
    #[arg(long, default_value = "dist")]
    output: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let sources = options.sources.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    match package(&sources, &options.output) {
        Ok(sums) => {
            print!("{sums}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("package: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes everything into `output` and gives its checksums.
fn package(sources: &Path, output: &Path) -> Result<String, Box<dyn Error>> {
    let sources = fs::canonicalize(sources).map_err(|error| format!("{}: {error}", sources.display()))?;
    let mut command = MetadataCommand::new();
    command.current_dir(&sources);
    command.other_options(["--filter-platform", component_build::TARGET, "--locked"].map(String::from));
    let workspace = command.exec()?;

    // The folder that the host's build uses too: there is one component, and it is built once.
    let folder = workspace.target_directory.join("component");
    let built = component_build::build(&sources, PACKAGE, folder.as_std_path())?;
    let file = component_build::add(&sources, PACKAGE, &built, folder.as_std_path())?;
    let component = fs::read(file)?;

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
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(sources.join(licence), output.join(licence))?;
    }
    sums::write(output)
}
