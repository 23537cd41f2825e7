//! What the built component says about itself. The host's command line asks it, so that this program needs no host.

use crate::component;
use cargo_metadata::MetadataCommand;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// The connector with all its operations, in its own order.
#[derive(Debug)]
pub struct Connector {
    /// Who it is.
    pub info: Info,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// Who the connector is.
#[derive(Debug, Deserialize)]
pub struct Info {
    /// The name that people know.
    pub title: String,
    /// Its version.
    pub version: String,
}

/// One operation.
#[derive(Debug, Clone, Deserialize)]
pub struct Operation {
    pub name: String,
    pub title: String,
    pub group: String,
    pub description: String,
    /// `read`, `write` or `delete`.
    pub effect: String,
    pub idempotent: bool,
    /// `stable`, `beta`, `alpha` or `deprecated`.
    pub stability: String,
    pub input_schema: Value,
    pub output_schema: Value,
    pub media_types: Vec<String>,
}

/// Builds the component of a workspace and asks it.
///
/// # Errors
///
/// Why it does not build, or what the host says.
pub fn ask(workspace: &Path) -> Result<Connector, String> {
    let metadata = MetadataCommand::new().current_dir(workspace).no_deps().exec().map_err(|error| error.to_string())?;
    let component = component::build(workspace, &metadata)?;
    Ok(Connector {
        info: host(workspace, &component, &["describe"])?,
        operations: host(workspace, &component, &["operations", "--schemas"])?,
    })
}

/// What a command of the host prints about the component.
fn host<T: DeserializeOwned>(workspace: &Path, component: &Path, command: &[&str]) -> Result<T, String> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(workspace)
        .args(["run", "--quiet", "--package", "host-harness", "--", "--json", "--component"])
        .arg(component)
        .args(command)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("host-harness {}: {}", command.join(" "), output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("host-harness {}: {error}", command.join(" ")))
}

#[cfg(test)]
impl Operation {
    /// A read operation in a group of its own.
    pub fn sample(input_schema: Value) -> Self {
        Self {
            name: "count_apples".to_owned(),
            title: "Count apples".to_owned(),
            group: "Apple tree".to_owned(),
            description: "Counts what hangs on a tree.".to_owned(),
            effect: "read".to_owned(),
            idempotent: true,
            stability: "stable".to_owned(),
            input_schema,
            output_schema: serde_json::json!({"type": "array", "items": {"$ref": "#/$defs/Apple"}}),
            media_types: vec!["application/json".to_owned()],
        }
    }
}
