//! One instance of a connector, and its functions.

pub(crate) mod exports;
mod held;
mod log;
pub(crate) mod new_request;
pub(crate) mod slot;
pub(crate) mod state;

use crate::auth::Auth;
use crate::bindings::exports::workflow::connector::{connector, streaming};
use crate::bindings::sessions::exports::workflow::connector::sessions;
use crate::bindings::workflow::connector::types::{Call, Failure};
use crate::bindings::{ConnectorInfo, Operation, OperationSummary, Output};
use crate::limits::permits::Permit;
use exports::Exports;
use state::{CallSetup, State};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use wasmtime::component::{ResourceAny, TypedFunc};
use wasmtime::{Store, component};

/// An instance of a connector that can be called.
///
/// Looking a function up compares its type with what the host expects, which takes a good part of the time in which a
/// sandbox is made. So it is done for an interface when the first of its functions is called, and for `invoke` alone the first
/// time that it is: most sandboxes are made for one call of it.
pub(crate) struct Instance {
    store: Store<State>,
    instance: component::Instance,
    exports: Arc<Exports>,
    connector: Option<connector::Guest>,
    was_invoked: bool,
    streaming: Option<streaming::Guest>,
    sessions: Option<sessions::Guest>,
    /// It is one of the sandboxes that the host can have at once.
    _permit: Permit,
}

/// What a function of a connector comes to: a trap, or the connector's answer.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<Result<T, Failure>>> + Send + 'a>>;

/// A download that has begun.
pub(crate) struct Opened {
    pub(crate) resource: ResourceAny,
    pub(crate) media_type: String,
    pub(crate) size: Option<u64>,
}

/// An interface that is not what it has to be: it is missing, or one of its functions has another type.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongInterface(String);

impl Instance {
    pub(crate) fn new(
        store: Store<State>,
        instance: component::Instance,
        exports: Arc<Exports>,
        permit: Permit,
    ) -> Self {
        Self {
            store,
            instance,
            exports,
            connector: None,
            was_invoked: false,
            streaming: None,
            sessions: None,
            _permit: permit,
        }
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, call: CallSetup) {
        self.store.data_mut().begin(call);
        self.store.set_epoch_deadline(1);
    }

    /// Ends a call: what the host no longer holds for it is no longer charged.
    pub(crate) fn end(&mut self) {
        self.store.data_mut().settle();
    }

    pub(crate) fn describe(&mut self) -> Answer<'_, ConnectorInfo> {
        Box::pin(async move {
            let (store, connector) = self.connector()?;
            connector.call_describe(store).await
        })
    }

    pub(crate) fn auth_schema(&mut self) -> Answer<'_, String> {
        Box::pin(async move {
            let (store, connector) = self.connector()?;
            connector.call_auth_schema(store).await
        })
    }

    pub(crate) fn hosts(&mut self, auth: Auth) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let (store, connector) = self.connector()?;
            connector.call_hosts(store, auth.json()).await
        })
    }

    pub(crate) fn check_auth(&mut self, auth: Auth) -> Answer<'_, String> {
        Box::pin(async move {
            let (store, connector) = self.connector()?;
            connector.call_check_auth(store, auth.json()).await
        })
    }

    pub(crate) fn list_operations(&mut self) -> Answer<'_, Vec<OperationSummary>> {
        Box::pin(async move {
            let (store, connector) = self.connector()?;
            connector.call_list_operations(store).await
        })
    }

    pub(crate) fn describe_operation(&mut self, name: String) -> Answer<'_, Operation> {
        Box::pin(async move {
            let (store, connector) = self.connector()?;
            connector.call_describe_operation(store, &name).await
        })
    }

    pub(crate) fn invoke(&mut self, auth: Auth, call: Arc<Call>) -> Answer<'_, Output> {
        Box::pin(async move {
            if self.connector.is_some() || std::mem::replace(&mut self.was_invoked, true) {
                let (store, connector) = self.connector()?;
                return connector.call_invoke(store, auth.json(), &call).await;
            }
            let invoke: TypedFunc<(&str, &Call), (Result<Output, Failure>,)> =
                self.instance.get_typed_func(&mut self.store, self.exports.invoke).map_err(wrong_interface)?;
            let (outcome,) = invoke.call_async(&mut self.store, (auth.json(), &call)).await?;
            Ok(outcome)
        })
    }

    pub(crate) fn open(&mut self, auth: Auth, call: Arc<Call>) -> Answer<'_, Opened> {
        Box::pin(async move {
            let (store, streaming) = self.streaming()?;
            let resource = match streaming.call_open(&mut *store, auth.json(), &call).await? {
                Ok(resource) => resource,
                Err(failure) => return Ok(Err(failure)),
            };
            let media_type = streaming.download().call_media_type(&mut *store, resource).await?;
            let size = streaming.download().call_size(store, resource).await?;
            Ok(Ok(Opened { resource, media_type, size }))
        })
    }

    pub(crate) fn read(&mut self, download: ResourceAny, max_bytes: u32) -> Answer<'_, Vec<u8>> {
        Box::pin(async move {
            let (store, streaming) = self.streaming()?;
            streaming.download().call_read(store, download, max_bytes).await
        })
    }

    /// Drops a download.
    pub(crate) fn close(&mut self, download: ResourceAny) -> Answer<'_, ()> {
        Box::pin(async move { download.resource_drop_async(&mut self.store).await.map(Ok) })
    }

    pub(crate) fn sign_in(&mut self, auth: Auth) -> Answer<'_, sessions::Session> {
        Box::pin(async move {
            let (store, sessions) = self.sessions()?;
            sessions.call_sign_in(store, auth.json()).await
        })
    }

    pub(crate) fn sign_out(&mut self, auth: Auth) -> Answer<'_, ()> {
        Box::pin(async move {
            let (store, sessions) = self.sessions()?;
            sessions.call_sign_out(store, auth.json()).await
        })
    }

    /// The functions of the interface `connector`.
    fn connector(&mut self) -> wasmtime::Result<(&mut Store<State>, &connector::Guest)> {
        let load = || self.exports.connector.load(&mut self.store, &self.instance);
        let functions = loaded(&mut self.connector, load)?;
        Ok((&mut self.store, functions))
    }

    /// The functions of the interface `streaming`.
    fn streaming(&mut self) -> wasmtime::Result<(&mut Store<State>, &streaming::Guest)> {
        let load = || self.exports.streaming.load(&mut self.store, &self.instance);
        let functions = loaded(&mut self.streaming, load)?;
        Ok((&mut self.store, functions))
    }

    /// The functions of the interface `sessions`.
    fn sessions(&mut self) -> wasmtime::Result<(&mut Store<State>, &sessions::Guest)> {
        let missing = || WrongInterface("it does not export `sessions`".to_owned());
        let indices = self.exports.sessions.as_ref().ok_or_else(missing)?;
        let functions = loaded(&mut self.sessions, || indices.load(&mut self.store, &self.instance))?;
        Ok((&mut self.store, functions))
    }
}

fn wrong_interface(error: wasmtime::Error) -> WrongInterface {
    WrongInterface(format!("{error:#}"))
}

/// An interface's functions, which are looked up where they have not been.
fn loaded<F>(functions: &mut Option<F>, load: impl FnOnce() -> wasmtime::Result<F>) -> wasmtime::Result<&F> {
    let found = match functions.take() {
        Some(found) => found,
        None => load().map_err(wrong_interface)?,
    };
    Ok(functions.insert(found))
}
