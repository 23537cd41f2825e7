//! Builds a crate into a WebAssembly component with a cargo of its own. The build script uses it for the connector
//! that is embedded, and the tests for their guests.

use std::env::{home_dir, var_os, vars_os};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target that components are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Variables that say how the outer build is done. The component has to be the same whatever they say.
const OUTER_BUILD: [&str; 11] = [
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// Builds `package` of the workspace in `workspace` in the target folder `folder`, and gives the path of the component.
/// Where nothing changed it costs less than a tenth of a second.
///
/// # Errors
///
/// Says what to do, where the target is missing and cannot be installed, or where the build fails.
pub fn build(workspace: &Path, package: &str, folder: &Path) -> Result<PathBuf, String> {
    install_target(workspace)?;
    let mut command = Command::new(var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(workspace)
        .args(["build", "--package", package, "--target", TARGET, "--release", "--target-dir"])
        .arg(folder);
    for name in OUTER_BUILD {
        command.env_remove(name);
    }
    for (name, _) in vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
            command.env_remove(name);
        }
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", without_paths(workspace, folder));
    let output = command.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the component of `{package}` does not build:\n{messages}"));
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(folder.join(TARGET).join("release").join(file))
}

/// Flags by which the component has the same bytes in whatever folders it is built. Panics name the source files they
/// come from, so that the folders of this workspace and of cargo's home would be part of the component.
fn without_paths(workspace: &Path, folder: &Path) -> OsString {
    let cargo_home = var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home_dir()?.join(".cargo")));
    // Where several fit, rustc takes the last: a target folder usually lies in the workspace.
    let places = [("/source", Some(workspace)), ("/cargo", cargo_home.as_deref()), ("/target", Some(folder))];
    let mut flags = Vec::new();
    for (name, place) in places {
        let Some(place) = place else { continue };
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(place);
        flag.push("=");
        flag.push(name);
        flags.push(flag);
    }
    // Cargo's own separator: a path may contain spaces.
    flags.join(OsStr::new("\x1f"))
}

/// Sees to it that the standard library for the components' target is there.
fn install_target(workspace: &Path) -> Result<(), String> {
    let rustc = var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .current_dir(workspace)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("rustc could not be started: {error}"))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    let installed = Command::new("rustup").current_dir(workspace).args(["target", "add", TARGET]).output();
    let detail = match installed {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "Rust's standard library for {TARGET} is missing and rustup could not install it ({}). Install it with: \
         rustup target add {TARGET}",
        detail.trim()
    ))
}
