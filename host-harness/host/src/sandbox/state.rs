//! What the host keeps for one sandbox.

use super::log::{GuestLog, GuestStream};
use crate::egress::call::CallContext;
use crate::egress::client::HttpClient;
use crate::limits::{self, CallMeter};
use crate::wasi_http::hooks::Hooks;
use std::sync::Arc;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What the host keeps for one sandbox: its side of what the connector imports.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    table: ResourceTable,
    log: GuestLog,
}

impl State {
    pub(super) fn new(client: HttpClient, environment: &[(String, String)], context: Arc<CallContext>) -> Self {
        let log = GuestLog::default();
        // No folder, no socket, no argument, no standard input: nothing is there that is not named here.
        let wasi = WasiCtx::builder()
            .envs(environment)
            .stdout(GuestStream::new("stdout", log.clone()))
            .stderr(GuestStream::new("stderr", log.clone()))
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::RESOURCES);
        Self { wasi, http: WasiHttpCtx::new(), hooks: Hooks::new(client, context), table, log }
    }

    /// Begins a call.
    pub(super) fn begin(&mut self, context: Arc<CallContext>) {
        self.log.begin();
        self.hooks.begin(context);
    }

    /// What the present call has used so far.
    pub(super) fn watch(&self) -> &CallMeter {
        self.hooks.context().meter()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.watch().check_memory(desired).map_err(|_| wasmtime::Error::msg("the memory is used up"))?;
        Ok(true)
    }

    /// The limit on memory is one memory's: there must be no second one, be the sandbox from the pool or made on demand.
    fn memories(&self) -> usize {
        1
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= limits::TABLE_ENTRIES)
    }
}
