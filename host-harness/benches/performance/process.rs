//! Whole processes from start to end, including the login: what a cron job or a shell sees.

use crate::measure::Times;
use crate::peers::{Peers, with_credentials};
use practice_looker::PracticeLooker;
use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The program of this workspace, as cargo built it with this bench.
const PROGRAM: &str = env!("CARGO_BIN_EXE_host-harness");

const PYTHON: &str = "import looker_sdk; print(looker_sdk.init40().me().id)";
const NODE: &str = "const { LookerNodeSDK } = require('@looker/sdk-node'); const sdk = LookerNodeSDK.init40(); \
    sdk.ok(sdk.me()).then((user) => console.log(user.id))";

/// The times of whole processes.
#[derive(Debug, Default)]
pub struct Processes {
    /// `host-harness invoke me`.
    pub program: Times,
    /// `python -c` with `looker_sdk`. Empty if it is not installed.
    pub python: Times,
    /// `node -e` with `@looker/sdk-node`. Empty if it is not installed.
    pub node: Times,
}

/// Starts each program `rounds` times, in turns.
///
/// # Errors
///
/// If a program fails.
pub fn measure(peers: &Peers, rounds: usize) -> Result<Processes, Box<dyn Error + Send + Sync>> {
    let looker = PracticeLooker::builder().record(false).start()?;
    let mut processes = Processes::default();
    let (python, node_folder) = (peers.python(), peers.node_folder());
    // The first round compiles the component and writes Python's byte code. It does not count.
    for round in 0..=rounds {
        let mut command = Command::new(PROGRAM);
        command.args(["invoke", "me", "--allow-host", &looker.base_url()]).env("XDG_CACHE_HOME", cache());
        let taken = run(command, &looker)?;
        let python = python.as_ref().map(|python| {
            let mut command = Command::new(python);
            command.args(["-c", PYTHON]);
            run(command, &looker)
        });
        let node = node_folder.as_ref().map(|folder| {
            let mut command = Command::new("node");
            command.args(["-e", NODE]).current_dir(folder);
            run(command, &looker)
        });
        let (python, node) = (python.transpose()?, node.transpose()?);
        if round > 0 {
            processes.program.add(taken);
            python.into_iter().for_each(|taken| processes.python.add(taken));
            node.into_iter().for_each(|taken| processes.node.add(taken));
        }
    }
    Ok(processes)
}

/// This bench's own cache of compiled components.
fn cache() -> PathBuf {
    crate::target_folder().join("performance/cache")
}

fn run(mut command: Command, looker: &PracticeLooker) -> Result<std::time::Duration, Box<dyn Error + Send + Sync>> {
    with_credentials(&mut command, &looker.base_url(), looker.client_id(), looker.client_secret());
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let taken = start.elapsed();
    if !output.status.success() || output.stdout.is_empty() {
        return Err(format!("{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(taken)
}
