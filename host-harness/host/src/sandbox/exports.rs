//! A connector's functions, looked up in its instance.
//!
//! Looking a function up compares its type with what the host expects, which takes a good part of the time in which a sandbox
//! is made. So it is done for an interface when the first of its functions is called.

use super::State;
use crate::bindings::exports::workflow::connector::{connector, streaming};
use crate::bindings::sessions::exports::workflow::connector::sessions;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

/// Where in a component the functions of its interfaces are.
pub(super) struct Exports {
    connector: connector::GuestIndices,
    streaming: streaming::GuestIndices,
    /// [`None`] where the connector shares no sign-ins.
    sessions: Option<sessions::GuestIndices>,
}

/// An interface that is not what it has to be: it is missing, or one of its functions has another type.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WrongInterface(String);

impl Exports {
    /// Looks them up by name.
    ///
    /// # Errors
    ///
    /// Fails where one of the interfaces that every connector exports, or a function of it, is missing.
    pub(super) fn of(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            connector: connector::GuestIndices::new(pre)?,
            streaming: streaming::GuestIndices::new(pre)?,
            sessions: sessions::GuestIndices::new(pre).ok(),
        })
    }

    /// Whether the connector exports the interface `sessions`, which it need not.
    pub(super) fn has_sessions(&self) -> bool {
        self.sessions.is_some()
    }
}

/// An instance that can be called.
pub(super) struct Live {
    pub(super) store: Store<State>,
    instance: Instance,
    exports: Arc<Exports>,
    connector: Option<connector::Guest>,
    streaming: Option<streaming::Guest>,
    sessions: Option<sessions::Guest>,
}

impl Live {
    pub(super) fn new(store: Store<State>, instance: Instance, exports: Arc<Exports>) -> Self {
        Self { store, instance, exports, connector: None, streaming: None, sessions: None }
    }

    /// The functions of the interface `connector`.
    pub(super) fn connector(&mut self) -> wasmtime::Result<(&mut Store<State>, &connector::Guest)> {
        let load = || self.exports.connector.load(&mut self.store, &self.instance);
        let functions = loaded(&mut self.connector, load)?;
        Ok((&mut self.store, functions))
    }

    /// The functions of the interface `streaming`.
    pub(super) fn streaming(&mut self) -> wasmtime::Result<(&mut Store<State>, &streaming::Guest)> {
        let load = || self.exports.streaming.load(&mut self.store, &self.instance);
        let functions = loaded(&mut self.streaming, load)?;
        Ok((&mut self.store, functions))
    }

    /// The functions of the interface `sessions`.
    pub(super) fn sessions(&mut self) -> wasmtime::Result<(&mut Store<State>, &sessions::Guest)> {
        let missing = || WrongInterface("it does not export `sessions`".to_owned());
        let indices = self.exports.sessions.as_ref().ok_or_else(missing)?;
        let functions = loaded(&mut self.sessions, || indices.load(&mut self.store, &self.instance))?;
        Ok((&mut self.store, functions))
    }
}

/// An interface's functions, which are looked up where they have not been.
fn loaded<F>(functions: &mut Option<F>, load: impl FnOnce() -> wasmtime::Result<F>) -> wasmtime::Result<&F> {
    let found = match functions.take() {
        Some(found) => found,
        None => load().map_err(|error| WrongInterface(format!("{error:#}")))?,
    };
    Ok(functions.insert(found))
}
