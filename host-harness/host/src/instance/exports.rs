//! Where in a component its functions are.

use super::state::State;
use crate::bindings::exports::workflow::connector::{connector, streaming};
use crate::bindings::sessions::exports::workflow::connector::sessions;
use wasmtime::component::InstancePre;

/// Where in a component the functions of its interfaces are.
pub(crate) struct Exports {
    pub(super) connector: connector::GuestIndices,
    pub(super) streaming: streaming::GuestIndices,
    /// [`None`] where the connector shares no sign-ins.
    pub(super) sessions: Option<sessions::GuestIndices>,
}

impl Exports {
    /// Looks them up by name.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the interfaces that every connector exports, or a function of it, is missing.
    pub(crate) fn of(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            connector: connector::GuestIndices::new(pre)?,
            streaming: streaming::GuestIndices::new(pre)?,
            sessions: sessions::GuestIndices::new(pre).ok(),
        })
    }

    /// Whether the connector exports the interface `sessions`, which it need not.
    pub(crate) fn has_sessions(&self) -> bool {
        self.sessions.is_some()
    }
}
