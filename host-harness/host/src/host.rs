//! What all components on a host share: the WebAssembly engine, its pool of sandboxes, and what components are linked with.

use crate::component::Cache;
use crate::failure::ExecutionFailure;
use crate::limits;
use crate::sandbox::State;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Core instances, memories' stacks and tables that one sandbox takes from the pool at most. A component made from Rust
/// has three core instances (the code, and two small ones that tie it to its imports) with a table each.
const PARTS_PER_SANDBOX: u32 = 4;

/// Bytes of a sandbox's memory that are cleaned and kept for the next one, where others are given back to the system: a
/// call whose answer has some tens of KiB writes to less, so that the next sandbox starts without a page fault for each page.
/// More would pay off for larger answers only, and stay with every sandbox that there ever was at once.
const MEMORY_KEPT: usize = 128 * 1024;

/// The same for each of its tables, of which a call uses little.
const TABLE_KEPT: usize = 4 * 1024;

/// What all components on a host share. Clones are the same host.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
    calls: Calls,
}

/// The calls that a host carries out at once.
#[derive(Clone)]
pub(crate) struct Calls {
    most: usize,
    free: Arc<Semaphore>,
}

impl Calls {
    fn new(most: usize) -> Self {
        // More than a semaphore can count are more than a machine can carry out.
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { most, free: Arc::new(Semaphore::new(most)) }
    }

    /// Counts a call as long as what is returned is kept.
    pub(crate) fn begin(&self) -> Result<OwnedSemaphorePermit, ExecutionFailure> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| ExecutionFailure::Busy(self.most))
    }
}

struct Shared {
    engine: Engine,
    linker: Linker<State>,
    cache: Cache,
}

/// A host that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine could not be set up: {0}")]
pub struct HostError(String);

impl Host {
    /// A host that keeps compiled components in the user's cache folder.
    ///
    /// # Errors
    ///
    /// Fails where the machine is none that the engine can compile for.
    pub fn new() -> Result<Self, HostError> {
        Self::with_cache(Cache::user())
    }

    /// The same with a cache of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`Host::new`].
    pub fn with_cache(cache: Cache) -> Result<Self, HostError> {
        let engine = engine().map_err(|error| HostError(format!("{error:#}")))?;
        let linker = linker(&engine).map_err(|error| HostError(format!("{error:#}")))?;
        tick(&engine).map_err(|error| HostError(error.to_string()))?;
        let calls = Calls::new(limits::CONCURRENT_CALLS);
        Ok(Self { shared: Arc::new(Shared { engine, linker, cache }), calls })
    }

    /// The same host, which carries out at most so many calls at once. One more fails with [`ExecutionFailure::Busy`]. A
    /// download counts from its opening to its end. Connectors that were made before keep to the limit of before.
    #[must_use]
    pub fn with_concurrent_calls(self, most: usize) -> Self {
        Self { calls: Calls::new(most), ..self }
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.calls
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
}

fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&config).or_else(|error| {
        // The pool reserves terabytes of address space, which some containers do not grant.
        tracing::warn!("no pool of sandboxes, each is made on demand: {error:#}");
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits::SANDBOXES)
        .total_core_instances(limits::SANDBOXES * PARTS_PER_SANDBOX)
        .total_tables(limits::SANDBOXES * PARTS_PER_SANDBOX)
        .total_memories(limits::SANDBOXES)
        .total_stacks(limits::SANDBOXES)
        .max_core_instances_per_component(PARTS_PER_SANDBOX)
        .max_tables_per_component(PARTS_PER_SANDBOX)
        .max_memories_per_component(1)
        .table_elements(limits::TABLE_ENTRIES)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLE_KEPT)
        // Only what was written to is cleaned, wherever it lies, where the system (Linux 6.7) can tell.
        .pagemap_scan(Enabled::Auto)
        .max_memory_size(usize::try_from(limits::MEMORY_BYTES_MOST).unwrap_or(usize::MAX));
    pool
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    crate::wasi_http::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Starts the thread that makes computing connectors look at their limits, for as long as the engine is there.
fn tick(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("sandbox ticks".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(limits::TICK);
        }
    })?;
    Ok(())
}
