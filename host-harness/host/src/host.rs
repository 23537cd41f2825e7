//! What all connectors of a program share: the WebAssembly engine with its pool of sandboxes, the cache, and the limits of all
//! calls together.

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

/// What all connectors of a program share. Clones are the same host; make one for a program.
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

/// What to decide about a [`Host`]. The order of the calls does not matter.
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
    /// A host with the default settings, which keeps compiled components in the user's cache folder.
    ///
    /// # Errors
    ///
    /// Returns an error on machines that the engine cannot compile for.
    pub fn new() -> Result<Self, HostError> {
        Self::builder().build()
    }

    /// A builder with the default settings.
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
    /// How many sandboxes there can be at once. Default: [`limits::SANDBOXES`]. A sandbox more fails with
    /// [`ExecutionFailure::NoSandbox`](crate::ExecutionFailure::NoSandbox). Each takes about 4 GiB of address space, and memory
    /// only while it is used.
    pub fn sandboxes(self, sandboxes: u32) -> Self {
        Self { sandboxes, ..self }
    }

    /// How many calls are carried out at once. Default: as many as there can be sandboxes. A call more fails at once with
    /// [`ExecutionFailure::Busy`](crate::ExecutionFailure::Busy), before a sandbox is made for it. A download counts from its
    /// opening to its end.
    pub fn concurrent_calls(self, calls: usize) -> Self {
        Self { concurrent_calls: Some(calls), ..self }
    }

    /// How much memory all sandboxes may have together, in bytes. Default: [`limits::TOTAL_MEMORY_BYTES`]. It is taken as the
    /// memories grow, and given back when their sandboxes end. The call whose sandbox wants more than is left ends with
    /// [`Limit::TotalMemory`](crate::limits::Limit::TotalMemory); it may be repeated if it had sent no request.
    pub fn memory_bytes(self, bytes: u64) -> Self {
        Self { memory_bytes: bytes, ..self }
    }

    /// Where compiled components are kept. Default: [`Cache::user`].
    pub fn cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// Whether Linux (6.7 and later) is asked which pages a sandbox wrote to, so that only these are cleaned for the next one
    /// (`PAGEMAP_SCAN`). Default: no, since wasmtime still evaluates it and leaves it off by default. It saves some microseconds
    /// for each sandbox. Elsewhere it changes nothing.
    pub fn pagemap_scan(self, pagemap_scan: bool) -> Self {
        Self { pagemap_scan, ..self }
    }

    /// How long compiling one component may take. Default: [`limits::COMPILE_TIMEOUT`].
    pub fn compile_timeout(self, timeout: Duration) -> Self {
        Self { compile_timeout: timeout, ..self }
    }

    /// Makes the host.
    ///
    /// # Errors
    ///
    /// As [`Host::new`], and if there may be no sandbox at all.
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
