//! Where in a component its functions are.

use super::state::State;
use crate::bindings::CONNECTOR;
use crate::bindings::exports::workflow::connector::{connector, streaming};
use crate::bindings::sessions::exports::workflow::connector::sessions;
use wasmtime::component::{ComponentExportIndex, InstancePre};

/// Where in a component the functions of its interfaces are.
pub(crate) struct Exports {
    pub(super) connector: connector::GuestIndices,
    /// The function that most sandboxes are made for, alone.
    pub(super) invoke: ComponentExportIndex,
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
        let connector = connector::GuestIndices::new(pre)?;
        let component = pre.component();
        let interface = component.get_export_index(None, CONNECTOR);
        let invoke = interface.and_then(|interface| component.get_export_index(Some(&interface), "invoke"));
        Ok(Self {
            connector,
            invoke: invoke.ok_or_else(|| wasmtime::Error::msg(format!("{CONNECTOR} has no `invoke`")))?,
            streaming: streaming::GuestIndices::new(pre)?,
            sessions: sessions::GuestIndices::new(pre).ok(),
        })
    }

    /// Whether the connector exports the interface `sessions`, which it need not.
    pub(crate) fn has_sessions(&self) -> bool {
        self.sessions.is_some()
    }
}
