//! The connector's component, built from a workspace.

use cargo_metadata::Metadata;
use std::path::{Path, PathBuf};

/// The package of the component.
pub const PACKAGE: &str = "looker-connector";

/// Builds the component with its metadata and returns its file.
///
/// # Errors
///
/// Says what to do if it does not build.
pub fn build(sources: &Path, workspace: &Metadata) -> Result<PathBuf, String> {
    // The host's build uses this folder too, so that the component is built once.
    let folder = workspace.target_directory.join("component");
    let built = component_build::build(sources, PACKAGE, folder.as_std_path())?;
    component_build::add(sources, PACKAGE, &built, folder.as_std_path())
}
