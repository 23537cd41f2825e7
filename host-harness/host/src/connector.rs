//! Connectors and their builder.

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
use std::sync::{Arc, OnceLock};
use wasmtime::Engine;

/// A component with its policy, transport, limits, environment and sessions, ready for calls. Clones are cheap and
/// share everything, including connections and sign-ins.
///
/// One connector serves all users. Each call runs in a fresh sandbox, and can connect only to what the policy allows
/// for the call's own auth. [`Connector::sandbox`] returns a sandbox to keep.
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

/// Builds a [`Connector`]. The order of the setters does not matter.
///
/// Without [`ConnectorBuilder::policy`] or [`ConnectorBuilder::allow_requested_hosts`], the connector can connect
/// nowhere. That is enough to list and describe its operations.
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

/// Why a connector could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The builder has more than one policy.
    #[error("the builder has more than one policy; call either `policy`, once, or `allow_requested_hosts`")]
    Access,
    /// The component was loaded for another host.
    #[error("the component was loaded for another host; load it for this one")]
    OtherHost,
}

impl ConnectorBuilder {
    /// Applies one policy to all calls.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policies.push(policy);
        self
    }

    /// Allows each call the hosts that the connector requests for the call's auth (its function `hosts`), and no
    /// others. Without rules, these hosts are allowed at public addresses, over HTTPS. With rules, they are allowed as
    /// far as the rules allow them. Calling this again adds rules.
    ///
    /// The first call with an auth asks the connector in its own sandbox. Auths with the same policy share connections;
    /// auths with different policies never do.
    pub fn allow_requested_hosts(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.requested.get_or_insert_default().extend(rules);
        self
    }

    /// Sets the certificate authorities, the proxy and the resolver. Default: the certificate authorities of the system
    /// and of Mozilla, no proxy, and the system's resolver.
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

    /// Sets whether sandboxes share sign-ins, if the connector has the interface `sessions`. Default: `true`: one
    /// sandbox signs in, and the host passes its session to the others. With `false`, each sandbox signs in for itself,
    /// and no token leaves it.
    pub fn sessions(self, sessions: bool) -> Self {
        Self { sessions, ..self }
    }

    /// Calls `store(old, new)` when the remote service replaces the refresh token of an auth. Store `new` in place of
    /// `old`: outside of this connector, `old` no longer works.
    ///
    /// `store` runs within the call that signed in, before that call goes on. It should be fast, and it must not call
    /// the connector. Without it, call [`Connector::renewed_auth`] after each call; the connector keeps a limited
    /// number of renewed auths.
    pub fn on_renewed_auth(self, store: impl Fn(&Auth, &Auth) + Send + Sync + 'static) -> Self {
        Self { on_renewed_auth: Some(Arc::new(store)), ..self }
    }

    /// Builds the connector. Certificate authorities are loaded once per program, on a thread for blocking work.
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
        let auth_fields = OnceLock::new();
        let setup = Setup { host, component, access, limits, environment, sessions, auth_fields };
        Ok(Connector { setup: Arc::new(setup) })
    }
}

impl Connector {
    /// Returns a builder with the default settings. The component must have been loaded for this host.
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

    /// Creates a sandbox to keep for many calls.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn sandbox(&self) -> Result<Sandbox, Failure> {
        Sandbox::start(Arc::clone(&self.setup)).await
    }

    /// Describes the connector. Sends no request.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn describe(&self) -> Result<ConnectorInfo, Failure> {
        self.for_one_call().await?.describe().await
    }

    /// Returns the JSON Schema of the sign-in form. Sends no request.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn auth_schema(&self) -> Result<String, Failure> {
        self.for_one_call().await?.auth_schema().await
    }

    /// Returns each `host:port` that calls with this auth connect to. Sends no request.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn hosts(&self, auth: &Auth) -> Result<Vec<String>, Failure> {
        self.for_one_call().await?.hosts(auth).await
    }

    /// Signs in anew and returns JSON that describes the user, for a "Test connection" button. A session that other
    /// calls share is replaced only after the new sign-in has succeeded.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn check_auth(&self, auth: &Auth) -> Result<String, Failure> {
        self.for_one_call().await?.check_auth(auth).await
    }

    /// Signs in anew and returns the session, for a platform that passes sessions on itself, for example to another
    /// process. Calls by this connector do not use it. If [`Session::renewed_auth`] is present, store it: this auth no
    /// longer works.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`]. Also returns an error if the connector does not share sign-ins.
    pub async fn sign_in(&self, auth: &Auth) -> Result<Session, Failure> {
        self.for_one_call().await?.sign_in(auth).await
    }

    /// Ends the session that calls with this auth share, if there is one, in the remote service. The next call signs in
    /// again.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`]. Even then, the session is not used again, and the next `sign_out` tries again to end
    /// it.
    pub async fn sign_out(&self, auth: &Auth) -> Result<(), Failure> {
        self.for_one_call().await?.sign_out(auth).await
    }

    /// Sends a token request of OAuth 2.0, which exchanges a user's code for tokens, and returns the JSON object of the
    /// response. For a platform that sends its users through the flow of the connector's `x-oauth`.
    ///
    /// `url` is the token URL, and `form` the form-encoded body (RFC 6749, section 4.1.3). The request goes only to where
    /// calls with this auth may connect, within the limits of a call. It is sent once, because a code works once.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`]. If the server refuses the code, the reason is
    /// [`Unauthenticated`](crate::Reason::Unauthenticated).
    pub async fn request_token(&self, auth: &Auth, url: &str, form: String) -> Result<String, Failure> {
        self.for_one_call().await?.request_token(auth, url, form).await
    }

    /// Returns the auth to store in place of this one, if the remote service has replaced its refresh token. This
    /// connector accepts both; after the program ends, only the new one works. [`ConnectorBuilder::on_renewed_auth`]
    /// reports it at once.
    pub fn renewed_auth(&self, auth: &Auth) -> Option<Auth> {
        self.setup.sessions.as_ref()?.renewed_auth(auth)
    }

    /// Lists all operations. Sends no request.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn list_operations(&self) -> Result<Vec<OperationSummary>, Failure> {
        self.for_one_call().await?.list_operations().await
    }

    /// Describes one operation, including its schemas. Sends no request.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`].
    pub async fn describe_operation(&self, name: &str) -> Result<Operation, Failure> {
        self.for_one_call().await?.describe_operation(name).await
    }

    /// Carries out one operation in a fresh sandbox and returns its whole output.
    ///
    /// # Errors
    ///
    /// Returns the connector's failure. Returns an [`ExecutionFailure`](crate::ExecutionFailure) if the host already
    /// runs its maximum number of calls ([`Busy`](crate::ExecutionFailure::Busy), before a sandbox is created), if the
    /// call crashes, or if it exceeds a limit.
    pub async fn invoke(&self, auth: &Auth, call: Call) -> Result<Output, Failure> {
        self.for_one_call().await?.invoke(auth, call).await
    }

    /// Carries out one operation in a fresh sandbox and returns its output as a download.
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
