//! The host: the WebAssembly engine with its pool of sandboxes, the cache, and the limits of all calls together.

use crate::component::cache::Cache;
use crate::engine::{self, Settings};
use crate::instance::new_request;
use crate::instance::state::State;
use crate::limits;
use crate::limits::memory_budget::MemoryBudget;
use crate::limits::permits::Permits;
use crate::wasi_http;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::Linker;

/// The engine, the cache and the common limits that all connectors of a program share. Create one per program. Clones
/// are the same host.
///
/// ```no_run
/// use connector_host::{Cache, Host};
///
/// let host = Host::builder()
///     .concurrent_calls(200)
///     .memory_bytes(2 * 1024 * 1024 * 1024)
///     .cache(Cache::in_folder("/var/cache/my-platform"))
///     .build()?;
/// # Ok::<_, connector_host::HostError>(())
/// ```
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    linker: Linker<State>,
    cache: Cache,
    calls: Permits,
    sandboxes: Permits,
    memory: Arc<MemoryBudget>,
    compilations: Permits,
    compile_timeout: Duration,
}

/// A host that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the host could not be set up: {0}")]
pub struct HostError(String);

/// Builds a [`Host`]. The order of the setters does not matter.
#[derive(Debug, Clone)]
#[must_use]
pub struct HostBuilder {
    sandboxes: u32,
    concurrent_calls: Option<usize>,
    memory_bytes: u64,
    cache: Cache,
    pagemap_scan: bool,
    compile_timeout: Duration,
}

impl Host {
    /// Creates a host with the default settings. It keeps compiled components in the user's cache folder.
    ///
    /// # Errors
    ///
    /// Returns an error on machines that the engine cannot compile for.
    pub fn new() -> Result<Self, HostError> {
        Self::builder().build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> HostBuilder {
        HostBuilder {
            sandboxes: limits::SANDBOXES,
            concurrent_calls: None,
            memory_bytes: limits::TOTAL_MEMORY_BYTES,
            cache: Cache::user(),
            pagemap_scan: false,
            compile_timeout: limits::COMPILE_TIMEOUT,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.shared.linker
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// The calls that are carried out at once.
    pub(crate) fn calls(&self) -> &Permits {
        &self.shared.calls
    }

    /// The sandboxes that are there at once.
    pub(crate) fn sandboxes(&self) -> &Permits {
        &self.shared.sandboxes
    }

    /// The components that are compiled at once.
    pub(crate) fn compilations(&self) -> &Permits {
        &self.shared.compilations
    }

    /// How long compiling a component may take.
    pub(crate) fn compile_timeout(&self) -> Duration {
        self.shared.compile_timeout
    }

    /// The memory of all sandboxes together.
    pub(crate) fn memory(&self) -> &Arc<MemoryBudget> {
        &self.shared.memory
    }
}

impl HostBuilder {
    /// Sets the number of concurrent sandboxes. Default: [`limits::SANDBOXES`]. Creating one more fails with
    /// [`ExecutionFailure::NoSandbox`](crate::ExecutionFailure::NoSandbox). Each reserves about 4 GiB of address space,
    /// and uses memory only while it exists.
    pub fn sandboxes(self, sandboxes: u32) -> Self {
        Self { sandboxes, ..self }
    }

    /// Sets the number of concurrent calls. Default: the number of sandboxes. One more call fails immediately with
    /// [`ExecutionFailure::Busy`](crate::ExecutionFailure::Busy), before a sandbox is created for it. A download is a
    /// call from `open` until it is dropped.
    pub fn concurrent_calls(self, calls: usize) -> Self {
        Self { concurrent_calls: Some(calls), ..self }
    }

    /// Sets the memory of all sandboxes together, in bytes. Default: [`limits::TOTAL_MEMORY_BYTES`]. It is charged as
    /// memories grow, and released when their sandboxes end. A call whose sandbox needs more than is left fails with
    /// [`Limit::TotalMemory`](crate::limits::Limit::TotalMemory). The failure is retryable if no request was sent.
    pub fn memory_bytes(self, bytes: u64) -> Self {
        Self { memory_bytes: bytes, ..self }
    }

    /// Sets where compiled components are kept. Default: [`Cache::user`].
    pub fn cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// Sets whether only the pages that a sandbox wrote are reset for the next one. Linux 6.7 and later report them
    /// (`PAGEMAP_SCAN`); elsewhere this changes nothing. It saves about 40 µs per sandbox. Default: `false`.
    ///
    /// Use it only on machines that never have swap. wasmtime 48 does not reset a page that the system has moved to swap, so
    /// the next sandbox could read what another tenant left there. If there is swap when the host is built, this changes
    /// nothing. wasmtime still evaluates the scan and leaves it off by default.
    pub fn pagemap_scan(self, pagemap_scan: bool) -> Self {
        Self { pagemap_scan, ..self }
    }

    /// How long compiling one component may take. Default: [`limits::COMPILE_TIMEOUT`].
    pub fn compile_timeout(self, timeout: Duration) -> Self {
        Self { compile_timeout: timeout, ..self }
    }

    /// Builds the host.
    ///
    /// # Errors
    ///
    /// As [`Host::new`]. Also returns an error if the number of sandboxes is 0.
    pub fn build(self) -> Result<Host, HostError> {
        let Self { sandboxes, concurrent_calls, memory_bytes, cache, pagemap_scan, compile_timeout } = self;
        if sandboxes == 0 {
            return Err(HostError("`sandboxes` is 0; it must be at least 1".to_owned()));
        }
        let error = |error: wasmtime::Error| HostError(format!("{error:#}"));
        let engine = engine::engine(Settings { sandboxes, pagemap_scan }).map_err(error)?;
        let linker = linker(&engine).map_err(error)?;
        let sandboxes = usize::try_from(sandboxes).unwrap_or(usize::MAX);
        let shared = Shared {
            engine,
            linker,
            cache,
            calls: Permits::new(concurrent_calls.unwrap_or(sandboxes)),
            sandboxes: Permits::new(sandboxes),
            memory: MemoryBudget::new(memory_bytes),
            compilations: Permits::new(limits::CONCURRENT_COMPILATIONS),
            compile_timeout,
        };
        Ok(Host { shared: Arc::new(shared) })
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasi_http::add_to_linker(&mut linker)?;
    new_request::add_to_linker(&mut linker)?;
    Ok(linker)
}
