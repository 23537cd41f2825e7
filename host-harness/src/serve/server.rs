//! The server: what it is started with, and its life from the bound port to the last session that is ended.

use super::app::App;
use super::auth_form::AuthForm;
use super::auths::Auths;
use super::files::WorkflowFiles;
use super::gate::Gate;
use super::oauth;
use super::oauth_flows::Flows;
use super::outputs::{self, Outputs};
use super::runs::Runs;
use super::{listener, router};
use crate::description;
use crate::workflow::Descriptions;
use connector_host::{Connector, Failure};
use serde_json::json;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The port unless another one is chosen. It is fixed, because the redirect URL of an OAuth application must match exactly.
pub const DEFAULT_PORT: u16 = 4820;

/// How long ending the sessions may take in all when the server stops.
const SIGN_OUT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a server is started with.
pub struct Settings {
    /// The connector whose operations the page offers.
    pub connector: Connector,
    /// The auths that there are at the start.
    pub auths: Arc<Auths>,
    /// Whether a practice service answers.
    pub practice: bool,
    /// The workflow file to open. It need not exist.
    pub workflow: Option<PathBuf>,
    /// The port to listen on. 0 picks any free port.
    pub port: u16,
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another program listens on the port.
    #[error(
        "port {0} is in use, perhaps by another `host-harness serve`; end that program, or choose another port with --port (an \
         OAuth application then needs the new redirect URL)"
    )]
    PortInUse(u16),
    /// The port could not be opened.
    #[error("port {port} could not be opened: {error}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The workflow file cannot be opened.
    #[error("{path}: {error}")]
    Workflow {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The connector could not be described.
    #[error("the connector cannot be used: {0}")]
    Connector(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl From<Failure> for ServerError {
    fn from(failure: Failure) -> Self {
        Self::Connector(failure.to_string())
    }
}

/// A server that listens.
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
}

impl Server {
    /// Opens the port and describes the connector.
    ///
    /// # Errors
    ///
    /// Returns an error if the port, the workflow file or the connector cannot be used.
    pub async fn bind(settings: Settings) -> Result<Self, ServerError> {
        let Settings { connector, auths, practice, workflow, port } = settings;
        let files = WorkflowFiles::new(workflow.as_deref()).map_err(|error| ServerError::Workflow {
            path: workflow.as_ref().map_or_else(|| ".".to_owned(), |path| path.display().to_string()),
            error,
        })?;
        let open = async { TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await };
        let opened = open.await.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        let (port, listener) = opened.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ServerError::PortInUse(port),
            _ => ServerError::Port { port, error },
        })?;
        let mut sandbox = connector.sandbox().await?;
        let info = sandbox.describe().await?;
        let schema = description::document("auth-schema", &sandbox.auth_schema().await?)?;
        let operations = sandbox.list_operations().await?.iter().map(description::summary).collect();
        drop(sandbox);
        let descriptions = Descriptions::list(&connector).await?;
        let mut description = description::connector(&info, &schema);
        description["practice"] = json!(practice);
        description["redirect_url"] = json!(oauth::redirect_url(port));
        description["has_triggers"] = json!(false);
        let form = AuthForm::new(schema).map_err(ServerError::Connector)?;
        let gate = Gate::new(port).map_err(ServerError::Random)?;
        let outputs = Outputs::new(outputs::MAX_BYTES);
        let app = App {
            connector,
            description,
            operations,
            descriptions,
            form,
            auths,
            files,
            outputs,
            runs: Runs::default(),
            flows: Flows::default(),
            gate,
            port,
        };
        Ok(Self { app: Arc::new(app), listener })
    }

    /// The address to open in a browser. It works once.
    pub fn address(&self) -> String {
        let token = self.app.gate.token().unwrap_or_default();
        format!("http://127.0.0.1:{}/?token={token}", self.app.port)
    }

    /// Serves requests until `stop` is done. Then it ends what is under way, and the sessions of the auths in the remote
    /// service.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        listener::serve(self.listener, router::router(Arc::clone(&self.app)), stop).await;
        self.app.runs.stop().await;
        let auths = self.app.auths.all();
        let sign_out = async {
            for auth in auths {
                if let Err(failure) = self.app.connector.sign_out(&auth.auth).await {
                    tracing::debug!(%failure, "a session could not be ended");
                }
            }
        };
        if tokio::time::timeout(SIGN_OUT_TIMEOUT, sign_out).await.is_err() {
            tracing::warn!("not all sessions could be ended within {} s", SIGN_OUT_TIMEOUT.as_secs());
        }
    }
}
