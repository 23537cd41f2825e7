//! A connector that is ready to be called, and the builder that makes it so.

use crate::access::Access;
use crate::auth::Auth;
use crate::bindings::{ConnectorInfo, Operation, OperationSummary, Output};
use crate::call::Call;
use crate::component::Component;
use crate::download::Download;
use crate::egress::policy::Policy;
use crate::egress::policy::rule::Rule;
use crate::egress::transport::Transport;
use crate::failure::Failure;
use crate::host::Host;
use crate::limits::Limits;
use crate::sandbox::{Sandbox, Setup};
use crate::sessions::{OnRenewedAuth, Session, Sessions};
use std::sync::Arc;
use wasmtime::Engine;

/// A connector that is ready to be called: what it may reach, what its sandboxes may use. Clones are cheap, are the same
/// connector, and share connections and sign-ins.
///
/// One connector serves all users. Each call gets a fresh sandbox, which nothing outlives, and connects only where the call's
/// own auth may; [`Connector::sandbox`] gives one to keep.
///
/// ```no_run
/// use connector_host::{Auth, Call, Component, Connector, Host};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let host = Host::new()?;
/// let component = Component::from_file(&host, "connector.wasm").await?;
/// let connector = Connector::builder(&host, &component).allow_requested_hosts([]).build().await?;
///
/// let auth = Auth::from_json(r#"{"domain": "example.com", "token": "hush"}"#)?;
/// let output = connector.invoke(&auth, Call::new("user").input(r#"{"user_id": "5"}"#)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    setup: Arc<Setup>,
}

/// What to decide about a [`Connector`]. The order of the calls does not matter.
///
/// Without [`ConnectorBuilder::policy`] and [`ConnectorBuilder::allow_requested_hosts`] it may connect nowhere, which is enough
/// to list and describe its operations.
#[must_use]
pub struct ConnectorBuilder {
    host: Host,
    component: Component,
    policies: Vec<Policy>,
    requested: Option<Vec<Rule>>,
    transport: Transport,
    limits: Limits,
    environment: Vec<(String, String)>,
    sessions: bool,
    on_renewed_auth: Option<OnRenewedAuth>,
}

/// Why a connector could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// It was said more than once where the connector may connect to.
    #[error(
        "it was said more than once where the connector may connect to; call `policy` once, or `allow_requested_hosts`, \
         not both"
    )]
    Access,
    /// The component was loaded for another host.
    #[error("the component was loaded for another host; load it for this one")]
    OtherHost,
}

impl ConnectorBuilder {
    /// Allows all calls the same: what this policy allows.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Allows each auth the hosts that the connector requests for it (its function `hosts`), and no others. Without rules:
    /// as far as these hosts have public addresses, over HTTPS. With rules: as far as these allow it. Further calls add rules.
    ///
    /// The connector is asked in the sandbox of the first call with an auth. Auths with the same policy share connections;
    /// auths with different policies never do.
    pub fn allow_requested_hosts(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.requested.get_or_insert_default().extend(rules);
        self
    }

    /// Sets how requests get to where they may go: whose certificates are trusted, and through which proxy. Default: the
    /// certificate authorities of the system and Mozilla's, and no proxy.
    pub fn transport(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// Sets the limits of each call. Default: [`Limits::default`].
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Adds environment variables. The connector sees these and no others.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Whether sandboxes share sign-ins where the connector can (its interface `sessions`): one signs in, and the host hands
    /// the session to the others. Default: yes. Otherwise each sandbox signs in for itself, and no token leaves it.
    pub fn sessions(self, sessions: bool) -> Self {
        Self { sessions, ..self }
    }

    /// Has `store` called when the remote service replaces a part of an auth, such as a refresh token that is good for one
    /// time. It gets the auth that a call was made with, and the one to store in its place: after that the first one is void,
    /// but for calls of this connector.
    ///
    /// It is called within the call whose sign-in did that, before the call goes on, so it should take little time; it must not
    /// call the connector. Without it, ask [`Connector::renewed_auth`] after each call: only so many renewed auths are kept.
    pub fn on_renewed_auth(self, store: impl Fn(&Auth, &Auth) + Send + Sync + 'static) -> Self {
        Self { on_renewed_auth: Some(Arc::new(store)), ..self }
    }

    /// Makes the connector. Certificate authorities are read on a thread for blocking work, and once for the program.
    ///
    /// # Errors
    ///
    /// Returns an error if the setters contradict each other, or if the component was loaded for another host.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub async fn build(self) -> Result<Connector, BuildError> {
        let Self { host, component, policies, requested, transport, limits, environment, sessions, on_renewed_auth } =
            self;
        if !Engine::same(host.engine(), component.linked().engine()) {
            return Err(BuildError::OtherHost);
        }
        let mut policies = policies.into_iter();
        let policy = policies.next();
        if policies.next().is_some() || (policy.is_some() && requested.is_some()) {
            return Err(BuildError::Access);
        }
        // Who may connect nowhere needs no certificates.
        if policy.is_some() || requested.is_some() {
            transport.load().await;
        }
        let access = match requested {
            Some(rules) => Access::requested(transport, rules),
            None => Access::fixed(transport, policy.unwrap_or_default()),
        };
        let sessions = (sessions && component.exports().has_sessions()).then(|| Sessions::new(on_renewed_auth));
        let setup = Setup { host, component, access, limits, environment, sessions };
        Ok(Connector { setup: Arc::new(setup) })
    }
}

impl Connector {
    /// A builder for a connector, with the default settings. The component must have been loaded for this host.
    pub fn builder(host: &Host, component: &Component) -> ConnectorBuilder {
        ConnectorBuilder {
            host: host.clone(),
            component: component.clone(),
            policies: Vec::new(),
            requested: None,
            transport: Transport::default(),
            limits: Limits::default(),
            environment: Vec::new(),
            sessions: true,
            on_renewed_auth: None,
        }
    }

    /// A fresh sandbox to keep for many calls.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn sandbox(&self) -> Result<Sandbox, Failure> {
        Sandbox::start(Arc::clone(&self.setup)).await
    }

    /// What this connector is. Sends nothing.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn describe(&self) -> Result<ConnectorInfo, Failure> {
        self.for_one_call().await?.describe().await
    }

    /// A JSON Schema of what the user fills in to sign in. Sends nothing.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn auth_schema(&self) -> Result<String, Failure> {
        self.for_one_call().await?.auth_schema().await
    }

    /// Every `host:port` that calls with this auth would reach. Sends nothing.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn hosts(&self, auth: &Auth) -> Result<Vec<String>, Failure> {
        self.for_one_call().await?.hosts(auth).await
    }

    /// Signs in anew and asks who the user is: what a "Test connection" button calls. A session that other calls share stays
    /// until the new sign-in has succeeded, and is replaced then.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn check_auth(&self, auth: &Auth) -> Result<String, Failure> {
        self.for_one_call().await?.check_auth(auth).await
    }

    /// Signs in anew and gives the session, for a platform that hands sessions on itself, to another process say. Calls by this
    /// connector do not use it. Where [`Session::renewed_auth`] is there, store it: this auth is void.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`], and if the connector shares no sign-ins.
    pub async fn sign_in(&self, auth: &Auth) -> Result<Session, Failure> {
        self.for_one_call().await?.sign_in(auth).await
    }

    /// Has the remote service end the session that calls with this auth share, where there is one. The next call signs in
    /// again.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`]. The session is not used again all the same, and the next `sign_out` tries once more to end it.
    pub async fn sign_out(&self, auth: &Auth) -> Result<(), Failure> {
        self.for_one_call().await?.sign_out(auth).await
    }

    /// The auth to store instead of this one, where the remote service has replaced a part of it since: a refresh token that
    /// is good for one time. This connector goes on with either; after the program ends, only the new one is good.
    /// [`ConnectorBuilder::on_renewed_auth`] tells it at once.
    pub fn renewed_auth(&self, auth: &Auth) -> Option<Auth> {
        self.setup.sessions.as_ref()?.renewed_auth(auth)
    }

    /// All operations. Sends nothing.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn list_operations(&self) -> Result<Vec<OperationSummary>, Failure> {
        self.for_one_call().await?.list_operations().await
    }

    /// One operation with its schemas. Sends nothing.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn describe_operation(&self, name: &str) -> Result<Operation, Failure> {
        self.for_one_call().await?.describe_operation(name).await
    }

    /// Carries out one operation in a fresh sandbox and gives its whole output.
    ///
    /// # Errors
    ///
    /// Returns the connector's failure; [`ExecutionFailure::Busy`](crate::ExecutionFailure::Busy) if the host carries out as
    /// many calls as it may, before a sandbox is made; and the other kinds of
    /// [`ExecutionFailure`](crate::ExecutionFailure) if the call crashes or goes over a limit.
    pub async fn invoke(&self, auth: &Auth, call: Call) -> Result<Output, Failure> {
        self.for_one_call().await?.invoke(auth, call).await
    }

    /// Starts one operation in a fresh sandbox and gives its output piece by piece.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn open(&self, auth: &Auth, call: Call) -> Result<Download, Failure> {
        self.for_one_call().await?.open(auth, call).await
    }

    async fn for_one_call(&self) -> Result<Sandbox, Failure> {
        Sandbox::for_one_call(Arc::clone(&self.setup)).await
    }
}
