//! Builds the connector that the host embeds, so that the host works from a fresh clone with one command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The package of the connector that is embedded.
const PACKAGE: &str = "looker-connector";

/// Names a component that was built elsewhere, to embed it instead of building one.
const OVERRIDE: &str = "HOST_HARNESS_COMPONENT";

fn main() -> ExitCode {
    match component_file() {
        Ok(file) => {
            println!("cargo::rustc-env=EMBEDDED_COMPONENT={}", file.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn component_file() -> Result<PathBuf, String> {
    println!("cargo::rerun-if-env-changed={OVERRIDE}");
    // A file that is new there is to be embedded too.
    println!("cargo::rerun-if-changed=editor/dist");
    if let Some(file) = std::env::var_os(OVERRIDE) {
        return std::path::absolute(&file).map_err(|error| format!("{OVERRIDE}: {error}"));
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or_else(|| "this crate has to lie in its workspace".to_owned())?;
    for input in ["connector", "redact", "wit", "Cargo.lock", "Cargo.toml", "rust-toolchain.toml"] {
        println!("cargo::rerun-if-changed={}", workspace.join(input).display());
    }
    let folder = target_folder()?.join("component");
    let built = component_build::build(workspace, PACKAGE, &folder)?;
    component_build::add(workspace, PACKAGE, &built, &folder)
}

/// The outer build's target folder: `OUT_DIR` lies in `<target>/<profile>/build/…`. A fixed folder in it, and not
/// `OUT_DIR`, since clippy, tests and the profiles each have an `OUT_DIR` of their own and would each build anew.
fn target_folder() -> Result<PathBuf, String> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or_else(|| "cargo sets no OUT_DIR".to_owned())?);
    out.ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "build"))
        .and_then(|build| build.parent()?.parent())
        .map(Path::to_owned)
        .ok_or_else(|| format!("OUT_DIR has an unknown form: {}", out.display()))
}
