//! A connector that is ready to be called: what it may reach, what its sandboxes may use, and its calls, each in a fresh
//! sandbox.

use super::exports::Exports;
use super::sessions::Sessions;
use super::{Download, Sandbox, Session, State};
use crate::bindings::{ConnectorInfo, Operation, OperationSummary, Output};
use crate::component::{Component, LoadError};
use crate::egress::client::HttpClient;
use crate::egress::clients::HttpClients;
use crate::egress::policy::{Policy, Rule};
use crate::egress::transport::Transport;
use crate::failure::{ExecutionFailure, Failure};
use crate::host::Host;
use crate::limits::Limits;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use wasmtime::component::InstancePre;

/// A connector that is ready to be called. Clones are cheap and share connections.
///
/// A new one may connect nowhere: [`Connector::with_policy`] and [`Connector::allow_requested_hosts`] open what is needed.
#[derive(Clone)]
pub struct Connector {
    pub(super) host: Host,
    pub(super) pre: InstancePre<State>,
    pub(super) exports: Arc<Exports>,
    pub(super) clients: Arc<HttpClients>,
    pub(super) client: HttpClient,
    pub(super) limits: Limits,
    pub(super) environment: Arc<[(String, String)]>,
    /// [`None`] where the connector shares no sign-ins, or is not to.
    pub(super) sessions: Option<Arc<Sessions>>,
}

impl Connector {
    /// Makes a component ready to be called.
    ///
    /// # Errors
    ///
    /// Fails where the component does not export what a connector exports.
    pub fn new(host: &Host, component: &Component) -> Result<Self, LoadError> {
        let no_connector = |error: wasmtime::Error| LoadError::World(format!("{error:#}"));
        let pre = host.linker().instantiate_pre(component.compiled()).map_err(no_connector)?;
        let exports = Exports::of(&pre).map_err(no_connector)?;
        let sessions = exports.has_sessions().then(|| Arc::new(Sessions::new()));
        Ok(Self {
            host: host.clone(),
            pre,
            exports: Arc::new(exports),
            clients: Arc::new(HttpClients::new(Transport::new())),
            client: HttpClient::new(Policy::deny_all(), Transport::new()),
            limits: Limits::default(),
            environment: Arc::new([]),
            sessions,
        })
    }

    /// The same connector, under a policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { client: self.clients.client(&policy), ..self }
    }

    /// The same connector, with another transport.
    #[must_use]
    pub fn with_transport(self, transport: Transport) -> Self {
        let clients = HttpClients::new(transport);
        Self { client: clients.client(self.client.policy()), clients: Arc::new(clients), ..self }
    }

    /// The same connector, with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same connector, with environment variables. There are no others. Since they can complete an auth, it shares no
    /// sign-ins with connectors that have others.
    #[must_use]
    pub fn with_environment(self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let sessions = self.sessions.as_ref().map(|_| Arc::new(Sessions::new()));
        Self { environment: variables.into_iter().collect(), sessions, ..self }
    }

    /// The same connector, each sandbox of which signs in for itself and keeps its tokens. Otherwise sandboxes share
    /// sign-ins where the connector can: one signs in, and the host hands the session to the others.
    #[must_use]
    pub fn without_shared_sign_in(self) -> Self {
        Self { sessions: None, ..self }
    }

    /// The same connector, allowed to connect to the hosts that it says it needs for this auth, and to no others. Where
    /// `named` is empty, as far as they have public addresses; where the operator names hosts, as far as these rules go.
    ///
    /// # Errors
    ///
    /// Fails where the connector does not accept the auth, or names something that is no host.
    pub async fn allow_requested_hosts(
        self,
        auth: &str,
        named: impl IntoIterator<Item = Rule>,
    ) -> Result<Self, Failure> {
        let mut asked = Vec::new();
        for host in self.hosts(auth).await? {
            let rule = host.parse::<Rule>().map_err(|error| ExecutionFailure::Interface(error.to_string()))?;
            if !rule.is_exact() {
                let message = format!("it asks for `{host}`, but has to name each host");
                return Err(ExecutionFailure::Interface(message).into());
            }
            asked.push(rule);
        }
        Ok(self.with_policy(Policy::for_connector(asked, named)))
    }

    /// A fresh sandbox.
    ///
    /// # Errors
    ///
    /// Fails where there is no room for one more, or the component does not start.
    pub async fn sandbox(&self) -> Result<Sandbox, Failure> {
        Sandbox::start(self).await
    }

    /// What this connector is.
    ///
    /// # Errors
    ///
    /// Fails as the connector fails, and where the call crashes or goes over a limit; so do all calls.
    pub async fn describe(&self) -> Result<ConnectorInfo, Failure> {
        self.sandbox().await?.describe().await
    }

    /// A JSON Schema of what the user fills in to sign in.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn auth_schema(&self) -> Result<String, Failure> {
        self.sandbox().await?.auth_schema().await
    }

    /// Every `host:port` that calls with this auth would reach.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn hosts(&self, auth: &str) -> Result<Vec<String>, Failure> {
        self.sandbox().await?.hosts(auth).await
    }

    /// Signs in anew and asks who the user is.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn check_auth(&self, auth: &str) -> Result<String, Failure> {
        self.sandbox().await?.check_auth(auth).await
    }

    /// Signs in anew and gives the session, for a platform that hands sessions on itself: to another process, say. Calls
    /// by this connector do not use it.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`], and where the connector shares no sign-ins.
    pub async fn sign_in(&self, auth: &str) -> Result<Session, Failure> {
        let mut sandbox = self.sandbox().await?;
        let _call = sandbox.calls.begin()?;
        let watch = sandbox.watch(false);
        sandbox.sign_in_by(auth, &watch).await.map_err(Failure::before_the_request)
    }

    /// Has the remote service end the session that calls with this auth share, where there is one. The next call signs in
    /// again.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`]. The session is used no more all the same.
    pub async fn sign_out(&self, auth: &str) -> Result<(), Failure> {
        let Some(session) = self.sessions.as_ref().and_then(|sessions| sessions.take(auth)) else {
            return Ok(());
        };
        let mut sandbox = self.sandbox().await?;
        let _call = sandbox.calls.begin()?;
        let watch = sandbox.watch(false);
        sandbox.sign_out_by(session.expose_secret(), &watch).await
    }

    /// The auth to keep instead of this one, where the remote service has replaced a part of it since: a refresh token that
    /// is good for one time. Calls with this one go on for as long as this connector lives, and not after that.
    pub fn renewed_auth(&self, auth: &str) -> Option<SecretString> {
        self.sessions.as_ref()?.renewed_auth(auth)
    }

    /// All operations.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn list_operations(&self) -> Result<Vec<OperationSummary>, Failure> {
        self.sandbox().await?.list_operations().await
    }

    /// One operation with its schemas.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn describe_operation(&self, name: &str) -> Result<Operation, Failure> {
        self.sandbox().await?.describe_operation(name).await
    }

    /// Carries out one operation and gives its whole output.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn invoke(&self, auth: &str, operation: &str, input: &str) -> Result<Output, Failure> {
        self.sandbox().await?.invoke(auth, operation, input).await
    }

    /// Starts one operation and gives its output piece by piece.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn open(&self, auth: &str, operation: &str, input: &str) -> Result<Download, Failure> {
        self.sandbox().await?.open(auth, operation, input).await
    }
}
