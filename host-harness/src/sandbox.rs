//! Runs connectors: each call in a sandbox, fresh or kept warm.

mod call;
pub(crate) mod exchange;
mod exports;
mod log;
mod sessions;
mod state;

pub use sessions::Session;
pub(crate) use state::State;

use crate::bindings::sessions::SharedSignInIndices;
use crate::bindings::{ConnectorInfo, Operation, OperationSummary, Output};
use crate::component::{Component, LoadError};
use crate::failure::{ExecutionFailure, Failure};
use crate::host::{Calls, Host};
use crate::http::HttpClient;
use crate::http::proxy::ProxyFailure;
use crate::http::time_out::TimeOut;
use crate::limits::Limits;
use crate::policy::{Denial, Policy, Rule};
use exports::{Exports, Live};
use secrecy::{ExposeSecret, SecretString};
use sessions::{Sessions, SignIn};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{InstancePre, ResourceAny};

/// A connector that is ready to be called. Clones are cheap and share connections.
///
/// A new one may connect nowhere: [`Connector::with_policy`] and [`Connector::allowing_its_hosts`] open what is needed.
#[derive(Clone)]
pub struct Connector {
    host: Host,
    pre: InstancePre<State>,
    exports: Arc<Exports>,
    http: HttpClient,
    limits: Limits,
    environment: Arc<[(String, String)]>,
    /// [`None`] where the connector shares no sign-ins, or is not to.
    sessions: Option<Sessions>,
}

/// One instance of a connector, with a memory of its own. It keeps what the connector keeps between calls, such as
/// tokens. A call that fails within the connector is an answer like any other; a crash or a limit ends the sandbox.
pub struct Sandbox {
    live: Option<Live>,
    limits: Limits,
    calls: Calls,
    sessions: Option<Sessions>,
}

/// The output of an operation, on its way. It holds the sandbox that it comes from.
pub struct Download {
    sandbox: Sandbox,
    /// The download is one call, however often it is read.
    _call: OwnedSemaphorePermit,
    resource: ResourceAny,
    media_type: String,
    size: Option<u64>,
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
        let sessions = SharedSignInIndices::new(&pre).ok().map(|indices| Sessions::new(Arc::new(indices)));
        Ok(Self {
            host: host.clone(),
            pre,
            exports: Arc::new(exports),
            http: HttpClient::new(Policy::deny_all()),
            limits: Limits::default(),
            environment: Arc::new([]),
            sessions,
        })
    }

    /// The same connector, under a policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        let http = self.http.under(policy);
        self.with_http_client(http)
    }

    /// The same connector, with an HTTP client (and its policy) of the caller's.
    #[must_use]
    pub fn with_http_client(self, http: HttpClient) -> Self {
        Self { http, ..self }
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
        let sessions = self.sessions.as_ref().map(Sessions::emptied);
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
    pub async fn allowing_its_hosts(self, auth: &str, named: impl IntoIterator<Item = Rule>) -> Result<Self, Failure> {
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

    /// What the policy has refused so far.
    pub fn denials(&self) -> Vec<Denial> {
        self.http.denials()
    }

    /// What took too long so far.
    pub fn time_outs(&self) -> Vec<TimeOut> {
        self.http.time_outs()
    }

    /// What the proxy has failed at so far.
    pub fn proxy_failures(&self) -> Vec<ProxyFailure> {
        self.http.proxy_failures()
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

impl Sandbox {
    /// Whether the sandbox can be called: no call has crashed or gone over a limit, nor was dropped before it was done.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// As [`Connector::describe`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn describe(&mut self) -> Result<ConnectorInfo, Failure> {
        self.call("describe", |live| {
            Box::pin(async move {
                let (store, connector) = live.connector()?;
                connector.call_describe(store).await
            })
        })
        .await
    }

    /// As [`Connector::auth_schema`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn auth_schema(&mut self) -> Result<String, Failure> {
        self.call("auth-schema", |live| {
            Box::pin(async move {
                let (store, connector) = live.connector()?;
                connector.call_auth_schema(store).await
            })
        })
        .await
    }

    /// As [`Connector::hosts`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn hosts(&mut self, auth: &str) -> Result<Vec<String>, Failure> {
        let auth = auth.to_owned();
        self.call("hosts", |live| {
            Box::pin(async move {
                let (store, connector) = live.connector()?;
                connector.call_hosts(store, &auth).await
            })
        })
        .await
    }

    /// As [`Connector::check_auth`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn check_auth(&mut self, auth: &str) -> Result<String, Failure> {
        let _call = self.calls.begin()?;
        let watch = self.watch(false);
        let mut sign_in = SignIn::of(self.sessions.as_ref(), auth).anew();
        loop {
            let auth = self.auth(&mut sign_in, &watch).await?;
            let outcome = self.watched("check-auth", &watch, |live| {
                Box::pin(async move {
                    let (store, connector) = live.connector()?;
                    connector.call_check_auth(store, &auth).await
                })
            });
            let outcome = outcome.await;
            if !sign_in.again(&outcome) {
                return outcome;
            }
        }
    }

    /// As [`Connector::list_operations`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn list_operations(&mut self) -> Result<Vec<OperationSummary>, Failure> {
        self.call("list-operations", |live| {
            Box::pin(async move {
                let (store, connector) = live.connector()?;
                connector.call_list_operations(store).await
            })
        })
        .await
    }

    /// As [`Connector::describe_operation`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn describe_operation(&mut self, name: &str) -> Result<Operation, Failure> {
        let name = name.to_owned();
        self.call("describe-operation", |live| {
            Box::pin(async move {
                let (store, connector) = live.connector()?;
                connector.call_describe_operation(store, &name).await
            })
        })
        .await
    }

    /// As [`Connector::invoke`].
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn invoke(&mut self, auth: &str, operation: &str, input: &str) -> Result<Output, Failure> {
        let _call = self.calls.begin()?;
        let watch = self.watch(false);
        let mut sign_in = SignIn::of(self.sessions.as_ref(), auth);
        loop {
            let auth = self.auth(&mut sign_in, &watch).await?;
            let (operation, input) = (operation.to_owned(), input.to_owned());
            let outcome = self.watched("invoke", &watch, |live| {
                Box::pin(async move {
                    let (store, connector) = live.connector()?;
                    connector.call_invoke(store, &auth, &operation, &input).await
                })
            });
            let outcome = outcome.await;
            if !sign_in.again(&outcome) {
                return outcome;
            }
        }
    }

    /// As [`Connector::open`]. [`Download::into_sandbox`] gives the sandbox back.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn open(mut self, auth: &str, operation: &str, input: &str) -> Result<Download, Failure> {
        let call = self.calls.begin()?;
        let watch = self.watch(true);
        let mut sign_in = SignIn::of(self.sessions.as_ref(), auth);
        let outcome = loop {
            let auth = self.auth(&mut sign_in, &watch).await?;
            let (operation, input) = (operation.to_owned(), input.to_owned());
            let outcome = self.watched("open", &watch, |live| {
                Box::pin(async move {
                    let (store, streaming) = live.streaming()?;
                    let resource = match streaming.call_open(&mut *store, &auth, &operation, &input).await? {
                        Ok(resource) => resource,
                        Err(failure) => return Ok(Err(failure)),
                    };
                    let media_type = streaming.download().call_media_type(&mut *store, resource).await?;
                    let size = streaming.download().call_size(store, resource).await?;
                    Ok(Ok((resource, media_type, size)))
                })
            });
            let outcome = outcome.await;
            if !sign_in.again(&outcome) {
                break outcome;
            }
        };
        let (resource, media_type, size) = outcome?;
        Ok(Download { sandbox: self, _call: call, resource, media_type, size })
    }
}

impl Download {
    /// What kind of content it is: `text/csv`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// How many bytes it has in all, where the remote service said so.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes, at most `most` of them; none at the end.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`]. After a failure the download is over.
    pub async fn read(&mut self, most: u32) -> Result<Vec<u8>, Failure> {
        let resource = self.resource;
        let watch = self.sandbox.watch(true);
        let bytes = self
            .sandbox
            .watched("read", &watch, |live| {
                Box::pin(async move {
                    let (store, streaming) = live.streaming()?;
                    streaming.download().call_read(store, resource, most).await
                })
            })
            .await?;
        if bytes.len() > most as usize {
            return Err(ExecutionFailure::Interface(format!("`read` gave {} bytes of {most}", bytes.len())).into());
        }
        Ok(bytes)
    }

    /// Ends the download, wherever it is, and gives back its sandbox.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`].
    pub async fn into_sandbox(mut self) -> Result<Sandbox, Failure> {
        let resource = self.resource;
        let watch = self.sandbox.watch(true);
        self.sandbox
            .watched("drop", &watch, |live| {
                Box::pin(async move { resource.resource_drop_async(&mut live.store).await.map(Ok) })
            })
            .await?;
        Ok(self.sandbox)
    }
}
