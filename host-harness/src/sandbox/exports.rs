//! A connector's functions, looked up in its instance.
//!
//! Looking a function up compares its type with what the host expects, which takes a good part of the time in which a sandbox
//! is made. So it is done for an interface when the first of its functions is called.

use super::State;
use crate::bindings::exports::workflow::connector::{connector, streaming};
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

/// Where in a component the functions of its interfaces are.
pub(super) struct Exports {
    connector: connector::GuestIndices,
    streaming: streaming::GuestIndices,
}

/// A function that has another type than the interface says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct OtherTypes(String);

impl Exports {
    /// Looks them up by name.
    ///
    /// # Errors
    ///
    /// Fails where one of the interfaces that every connector exports, or a function of it, is missing.
    pub(super) fn of(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self { connector: connector::GuestIndices::new(pre)?, streaming: streaming::GuestIndices::new(pre)? })
    }
}

/// An instance that can be called.
pub(super) struct Live {
    pub(super) store: Store<State>,
    pub(super) instance: Instance,
    exports: Arc<Exports>,
    connector: Option<connector::Guest>,
    streaming: Option<streaming::Guest>,
}

impl Live {
    pub(super) fn new(store: Store<State>, instance: Instance, exports: Arc<Exports>) -> Self {
        Self { store, instance, exports, connector: None, streaming: None }
    }

    /// The functions of the interface `connector`.
    pub(super) fn connector(&mut self) -> wasmtime::Result<(&mut Store<State>, &connector::Guest)> {
        let Self { store, instance, exports, connector, .. } = self;
        let guest = match connector.take() {
            Some(guest) => guest,
            None => exports.connector.load(&mut *store, instance).map_err(other_types)?,
        };
        Ok((store, connector.insert(guest)))
    }

    /// The functions of the interface `streaming`.
    pub(super) fn streaming(&mut self) -> wasmtime::Result<(&mut Store<State>, &streaming::Guest)> {
        let Self { store, instance, exports, streaming, .. } = self;
        let guest = match streaming.take() {
            Some(guest) => guest,
            None => exports.streaming.load(&mut *store, instance).map_err(other_types)?,
        };
        Ok((store, streaming.insert(guest)))
    }
}

/// The error of an interface that could not be loaded.
pub(super) fn other_types(error: wasmtime::Error) -> wasmtime::Error {
    OtherTypes(format!("{error:#}")).into()
}
