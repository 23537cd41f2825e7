//! Runs connectors: each call in a sandbox, fresh or kept warm.

mod call;
mod connector;
mod download;

mod exports;
mod log;
mod sessions;
mod state;

pub use connector::Connector;
pub use download::Download;
pub use sessions::Session;
pub(crate) use state::State;

use crate::bindings::{Call, ConnectorInfo, Operation, OperationSummary, Output};
use crate::failure::Failure;
use crate::host::Calls;
use crate::limits::Limits;
use exports::Live;
use sessions::{Sessions, SignIn};
use std::sync::Arc;

/// One instance of a connector, with a memory of its own. It keeps what the connector keeps between calls, such as
/// tokens. A call that fails within the connector is an answer like any other; a crash or a limit ends the sandbox.
pub struct Sandbox {
    live: Option<Live>,
    limits: Limits,
    calls: Calls,
    sessions: Option<Arc<Sessions>>,
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
        let mut sign_in = SignIn::of(self.sessions.as_deref(), auth).anew();
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
        let mut sign_in = SignIn::of(self.sessions.as_deref(), auth);
        loop {
            let auth = self.auth(&mut sign_in, &watch).await?;
            let call = Call { operation: operation.to_owned(), input: input.to_owned(), max_wait_ms: None };
            let outcome = self.watched("invoke", &watch, |live| {
                Box::pin(async move {
                    let (store, connector) = live.connector()?;
                    connector.call_invoke(store, &auth, &call).await
                })
            });
            let outcome = outcome.await;
            if !sign_in.again(&outcome) {
                return outcome;
            }
        }
    }
}
