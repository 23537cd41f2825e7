//! The same call with Looker's own SDKs and with a bare HTTP library, if they are installed.

use crate::measure::Times;
use crate::server::{Server, TOKEN};
use crate::subject::PATH;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A client that makes the same call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// `looker_sdk`.
    PythonSdk,
    /// `requests.Session`, which `looker_sdk` is built on: what Python costs without an SDK.
    PythonRequests,
    /// `@looker/sdk-node`.
    NodeSdk,
}

/// Where the peers are installed: `host-harness/benches/peers.sh` puts them there.
#[derive(Debug)]
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Looks in the folder named by the variable `PEERS`, otherwise in `target/peers`.
    pub fn find() -> Self {
        let folder = std::env::var_os("PEERS").map(PathBuf::from);
        Self { folder: folder.unwrap_or_else(|| crate::target_folder().join("peers")) }
    }

    /// The Python with the SDK, if it is installed.
    pub fn python(&self) -> Option<PathBuf> {
        Some(self.folder.join("venv/bin/python")).filter(|python| python.exists())
    }

    /// The folder in which Node finds the SDK, if it is installed.
    pub fn node_folder(&self) -> Option<PathBuf> {
        Some(self.folder.join("node")).filter(|folder| folder.join("node_modules/@looker/sdk-node").exists())
    }

    /// Makes this many warm calls; `None` if the peer is not installed.
    ///
    /// # Errors
    ///
    /// If the peer fails.
    pub fn measure(
        &self,
        peer: Peer,
        server: &Server,
        calls: usize,
    ) -> Result<Option<Times>, Box<dyn Error + Send + Sync>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/performance");
        let mut command = match peer {
            Peer::PythonSdk | Peer::PythonRequests => {
                let Some(python) = self.python() else { return Ok(None) };
                let mut command = Command::new(python);
                command.arg(here.join("peer.py")).arg(if peer == Peer::PythonSdk { "sdk" } else { "requests" });
                command
            }
            Peer::NodeSdk => {
                let Some(folder) = self.node_folder() else { return Ok(None) };
                // Node looks for packages beside the program.
                let program = folder.join("peer.mjs");
                std::fs::copy(here.join("peer.mjs"), &program)?;
                let mut command = Command::new("node");
                command.arg(program);
                command
            }
        };
        command.args([calls.to_string().as_str(), PATH, TOKEN]);
        let output = with_credentials(&mut command, &server.base_url(), "id", "secret").output()?;
        if !output.status.success() {
            return Err(format!("{peer:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let nanoseconds: Vec<u64> = serde_json::from_slice(&output.stdout)?;
        Ok(Some(nanoseconds.into_iter().map(Duration::from_nanos).collect()))
    }
}

/// Sets the environment variables that Looker's SDKs and the program read.
pub fn with_credentials<'a>(command: &'a mut Command, base_url: &str, id: &str, secret: &str) -> &'a mut Command {
    command
        .env("LOOKERSDK_BASE_URL", base_url)
        .env("LOOKERSDK_CLIENT_ID", id)
        .env("LOOKERSDK_CLIENT_SECRET", secret)
        .env("LOOKERSDK_VERIFY_SSL", "false")
        .env("LOOKERSDK_TIMEOUT", "30")
        // Python may keep its compiled files, as the program keeps its compiled component.
        .env_remove("PYTHONDONTWRITEBYTECODE")
}
