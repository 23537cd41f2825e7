//! Runs the command line, for the tests that look at what it prints. They belong to the package `host-harness`, for which
//! cargo builds the program.

use std::process::{Command, Output};

/// The environment variables that Looker's SDKs, and so the connector, sign in by.
pub const VARIABLES: [&str; 3] = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];

/// What a run of the command line gave.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// What it printed as its result.
    pub stdout: String,
    /// Everything else that it printed.
    pub stderr: String,
}

/// Runs the `host-harness` command line in an environment without Looker's variables.
///
/// # Panics
///
/// Panics where the command cannot be started or prints what is not UTF-8.
pub fn host_harness(arguments: &[&str]) -> Run {
    host_harness_with(arguments, &[])
}

/// The same with environment variables.
///
/// # Panics
///
/// As [`host_harness`].
pub fn host_harness_with(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    let output = command.args(arguments).envs(variables.iter().copied()).output().expect("host-harness starts");
    Run::from(output)
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("host-harness prints UTF-8");
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
