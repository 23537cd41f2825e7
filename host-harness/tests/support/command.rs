//! Runs the program and captures what it prints.

use std::path::Path;
use std::process::{Command, Output};

/// The environment variables that the connector signs in with, as Looker's SDKs do.
pub const VARIABLES: [&str; 3] = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];

/// The result of one run.
#[derive(Debug)]
pub struct Run {
    /// The exit code; -1 if a signal ended the program.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs the program without Looker's environment variables.
///
/// # Panics
///
/// If the program cannot be started, or prints text that is not UTF-8.
pub fn host_harness(arguments: &[&str]) -> Run {
    host_harness_with(arguments, &[])
}

/// Runs the program with exactly these of Looker's environment variables.
///
/// # Panics
///
/// As [`host_harness`].
pub fn host_harness_with(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    let output = command.args(arguments).envs(variables.iter().copied()).output().expect("host-harness starts");
    Run::from(output)
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("host-harness prints UTF-8");
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
