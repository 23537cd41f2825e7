//! What the host keeps for one sandbox.

use super::log::{GuestLog, GuestStream};
use crate::egress::HttpClient;
use crate::limits::{self, CallMeter};
use http::Request;
use hyper_util::client::legacy::connect::CaptureConnection;
use std::future::Future;
use std::sync::Arc;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

/// What the host keeps for one sandbox: its side of what the connector imports.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    table: ResourceTable,
    log: GuestLog,
}

/// Where the connector's requests go.
struct Hooks {
    client: HttpClient,
    watch: Arc<CallMeter>,
}

impl State {
    pub(super) fn new(client: HttpClient, environment: &[(String, String)], watch: Arc<CallMeter>) -> Self {
        let log = GuestLog::default();
        // No folder, no socket, no argument, no standard input: nothing is there that is not named here.
        let wasi = WasiCtx::builder()
            .envs(environment)
            .stdout(GuestStream::new("stdout", log.clone()))
            .stderr(GuestStream::new("stderr", log.clone()))
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::RESOURCES);
        Self { wasi, http: WasiHttpCtx::new(), hooks: Hooks { client, watch }, table, log }
    }

    /// Begins a call.
    pub(super) fn begin(&mut self, watch: Arc<CallMeter>) {
        self.log.begin();
        self.hooks.watch = watch;
    }

    /// Sends a request of the present call.
    pub(crate) fn send(
        &self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> (CaptureConnection, impl Future<Output = Result<http::Response<WasiBody>, Error>> + Send + use<>) {
        self.hooks.client.clone().send(request, options, Arc::clone(&self.hooks.watch))
    }

    /// What the present call has used so far.
    pub(super) fn watch(&self) -> &CallMeter {
        &self.hooks.watch
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

type Exchange = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Exchange> + Send> {
        // Requests go by the module `exchange`. Nothing that is linked comes here.
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
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
