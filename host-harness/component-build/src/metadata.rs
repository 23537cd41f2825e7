//! Writes into a component who it is: name, version, description and licence, as its Cargo.toml has them. Registries and
//! tools such as `wasm-tools metadata show` read them there.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use wasm_metadata::{AddMetadata, AddMetadataField, Description, Homepage, Licenses, Source, Version};

/// Gives the path of a copy of `built`, the component of `package`, that has the metadata. The copy lies in `folder`; it
/// is written only where it differs, so that what depends on it is not built again for nothing.
///
/// # Errors
///
/// Says what is wrong with the package's description or with the component.
pub fn add(workspace: &Path, package: &str, built: &Path, folder: &Path) -> Result<PathBuf, String> {
    let component = fs::read(built).map_err(|error| format!("{}: {error}", built.display()))?;
    let component = metadata(workspace, package)?
        .to_wasm(&component)
        .map_err(|error| format!("{} takes no metadata: {error}", built.display()))?;
    let file = folder.join(built.file_name().ok_or_else(|| format!("{} is no file", built.display()))?);
    if fs::read(&file).is_ok_and(|existing| existing == component) {
        return Ok(file);
    }
    fs::write(&file, component).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// What cargo knows of the package, and the compiler, which the release profile strips from the component.
fn metadata(workspace: &Path, package: &str) -> Result<AddMetadata, String> {
    let package = described(workspace, package)?;
    let text = |field: &str| package[field].as_str().filter(|text| !text.is_empty());
    let invalid = |field: &str, error: &dyn std::fmt::Display| format!("`{field}` of Cargo.toml: {error}");
    let mut metadata = AddMetadata::default();
    metadata.language.push(("Rust".to_owned(), String::new()));
    metadata.processed_by.push(("rustc".to_owned(), compiler(workspace)?));
    if let Some(name) = text("name") {
        metadata.name = AddMetadataField::Set(name.to_owned());
    }
    if let Some(version) = text("version") {
        metadata.version = AddMetadataField::Set(Version::new(version.to_owned()));
    }
    if let Some(description) = text("description") {
        metadata.description = AddMetadataField::Set(Description::new(description.to_owned()));
    }
    if let Some(license) = text("license") {
        let licenses = Licenses::new(license).map_err(|error| invalid("license", &error))?;
        metadata.licenses = AddMetadataField::Set(licenses);
    }
    if let Some(repository) = text("repository") {
        let source = Source::new(repository).map_err(|error| invalid("repository", &error))?;
        metadata.source = AddMetadataField::Set(source);
    }
    if let Some(homepage) = text("homepage") {
        let homepage = Homepage::new(homepage).map_err(|error| invalid("homepage", &error))?;
        metadata.homepage = AddMetadataField::Set(homepage);
    }
    Ok(metadata)
}

/// The package as `cargo metadata` describes it, with what it inherits from the workspace.
fn described(workspace: &Path, package: &str) -> Result<Value, String> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(workspace)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let mut all: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = all["packages"].as_array_mut().into_iter().flatten();
    packages
        .map(Value::take)
        .find(|candidate| candidate["name"] == package)
        .ok_or_else(|| format!("there is no package `{package}` in {}", workspace.display()))
}

/// The version of the compiler, as it writes it into modules itself: `1.95.0 (59807616e 2026-04-14)`.
fn compiler(workspace: &Path) -> Result<String, String> {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(workspace)
        .arg("--version")
        .output()
        .map_err(|error| format!("rustc could not be started: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    Ok(version.trim().trim_start_matches("rustc ").to_owned())
}
