//! What the host keeps for one sandbox.

use super::held;
use super::log::{GuestLog, GuestStream};
use crate::egress::call::CallContext;
use crate::egress::client::HttpClient;
use crate::limits;
use crate::limits::memory_budget::MemoryCharge;
use crate::wasi_http::hooks::Hooks;
use std::sync::Arc;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Bytes of the host's that an entry of a sandbox's table takes.
const TABLE_ENTRY_BYTES: u64 = 16;

/// What the host keeps for one sandbox: its side of what the connector imports.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    table: ResourceTable,
    log: GuestLog,
    /// What the sandbox takes of the memory of all sandboxes together.
    memory: MemoryCharge,
    /// Bytes of the sandbox's own memory.
    linear_bytes: usize,
    /// Bytes that the host holds for it, when they were counted last.
    held_bytes: usize,
    /// Bytes of the budget that were taken for what is growing.
    growing_bytes: u64,
}

/// What a call of a sandbox works with: each call has its own.
#[derive(Clone)]
pub(crate) struct CallSetup {
    /// What the call has used, and what was found about its requests.
    pub(crate) context: Arc<CallContext>,
    /// Where its requests may go.
    pub(crate) client: HttpClient,
}

impl State {
    pub(crate) fn new(environment: &[(String, String)], memory: MemoryCharge, call: CallSetup) -> Self {
        let log = GuestLog::default();
        // No folder, no socket, no argument, no standard input: nothing is there that is not named here.
        let wasi = WasiCtx::builder()
            .envs(environment)
            .stdout(GuestStream::new("stdout", log.clone()))
            .stderr(GuestStream::new("stderr", log.clone()))
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits::FIELDS_BYTES);
        let hooks = Hooks::new(call.client, call.context);
        Self { wasi, http, hooks, table, log, memory, linear_bytes: 0, held_bytes: 0, growing_bytes: 0 }
    }

    /// Begins a call.
    pub(crate) fn begin(&mut self, call: CallSetup) {
        self.log.begin(call.context.secrets());
        self.hooks = Hooks::new(call.client, call.context);
    }

    /// The present call.
    pub(crate) fn context(&self) -> &CallContext {
        self.hooks.context()
    }

    /// Counts a request that the connector makes, whether it sends it or not.
    pub(super) fn count_new_request(&mut self) -> wasmtime::Result<()> {
        self.context().meter().count_new_request().map_err(|limit| wasmtime::Error::msg(limit.to_string()))?;
        self.charge_held()
    }

    /// Charges what the host holds for the sandbox to its memory.
    pub(super) fn charge_held(&mut self) -> wasmtime::Result<()> {
        let held = held::bytes(&mut self.table);
        let former = std::mem::replace(&mut self.held_bytes, held);
        if held > former {
            self.check_memory(self.linear_bytes)?;
            self.take_memory((held - former) as u64)
        } else {
            self.memory.shrink((former - held) as u64);
            Ok(())
        }
    }

    /// Gives back what is charged for things that the host no longer holds.
    pub(super) fn settle(&mut self) {
        let held = held::bytes(&mut self.table);
        let less = self.held_bytes.saturating_sub(held);
        self.held_bytes -= less;
        self.memory.shrink(less as u64);
    }

    /// Looks whether the sandbox may have so much memory of its own, beside what the host holds for it.
    fn check_memory(&self, linear_bytes: usize) -> wasmtime::Result<()> {
        let bytes = linear_bytes.saturating_add(self.held_bytes);
        self.context().meter().check_memory(bytes).map_err(|_| wasmtime::Error::msg("the memory is used up"))
    }

    /// Takes memory of the budget for all sandboxes.
    fn take_memory(&mut self, bytes: u64) -> wasmtime::Result<()> {
        self.memory.grow(bytes).map_err(|exceeded| {
            self.context().meter().exceed_total_memory(exceeded.max);
            wasmtime::Error::msg("the memory of all sandboxes together is used up")
        })
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
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.check_memory(desired)?;
        self.growing_bytes = desired.saturating_sub(current) as u64;
        self.take_memory(self.growing_bytes)?;
        self.linear_bytes = desired;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.shrink(self.growing_bytes);
        Ok(())
    }

    /// The limit on memory is one memory's: there must be no second one, be the sandbox from the pool or made on demand.
    fn memories(&self) -> usize {
        1
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > limits::TABLE_ENTRIES {
            return Ok(false);
        }
        self.growing_bytes = (desired.saturating_sub(current) as u64).saturating_mul(TABLE_ENTRY_BYTES);
        self.take_memory(self.growing_bytes)?;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.shrink(self.growing_bytes);
        Ok(())
    }
}
