//! The tests that need the whole: component, host, command line and practice Looker.
//!
//! Each file beside this folder is one topic. Here is what they share.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

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
    let mut command = Command::new(binary());
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

/// The command line's program. `cargo test` builds it beside the tests; a test run alone builds it first.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
        let binary = profile.join(format!("host-harness{}", std::env::consts::EXE_SUFFIX));
        // Cargo leaves it alone where it is up to date.
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "host-harness", "--bin", "host-harness", "--target-dir"])
            .arg(profile.parent().expect("target/PROFILE lies in target"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.is_ok_and(|status| status.success()), "host-harness cannot be built");
        binary
    })
}
