//! The WebAssembly engine: its pool of sandboxes, and the ticks by which computing connectors are interrupted.

use crate::limits;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Core instances and tables that one sandbox takes from the pool at most. A component made from Rust has three core
/// instances (the code, and two small ones that tie it to its imports) with a table each.
const PARTS_PER_SANDBOX: u32 = 4;

/// Bytes of a sandbox's memory that are cleaned and kept for the next one, from its lowest address on, where others are given
/// back to the system. A connector that keeps its stack and the first part of its heap there writes little elsewhere in a
/// call whose response has some tens of KiB, so that the next sandbox starts with few page faults. More would pay off for
/// larger responses only, and stay with every sandbox that there ever was at once.
const MEMORY_KEPT: usize = 160 * 1024;

/// The same for each of its tables, of which a call uses little.
const TABLE_KEPT: usize = 4 * 1024;

/// The same for each stack, whose first part is zeroed and the rest given back. A call uses less.
const STACK_KEPT: usize = 32 * 1024;

/// What a host decides about its engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How many sandboxes there can be at once.
    pub(crate) sandboxes: u32,
    /// Whether only those pages of a used sandbox are cleaned that were written to, where the system can tell.
    pub(crate) pagemap_scan: bool,
}

/// Makes an engine, with the thread that ticks for it.
pub(crate) fn engine(settings: Settings) -> wasmtime::Result<Engine> {
    let mut config = config(settings);
    let engine = Engine::new(&config).or_else(|error| {
        // The pool reserves terabytes of address space, which some containers do not grant.
        tracing::warn!("no pool of sandboxes, each is made on demand: {error:#}");
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })?;
    tick(&engine)?;
    Ok(engine)
}

fn config(settings: Settings) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // What no toolchain for connectors needs is left out: each proposal is more code that a hostile component can try.
    config.wasm_memory64(false).wasm_multi_memory(false).wasm_tail_call(false).wasm_relaxed_simd(false);
    // So that a mistake of the compiler's cannot show one tenant what another left on a stack.
    config.async_stack_zeroing(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    config
}

fn pool(Settings { sandboxes, pagemap_scan }: Settings) -> PoolingAllocationConfig {
    let pagemap_scan = pagemap_scan && !system_swaps();
    let parts = sandboxes.saturating_mul(PARTS_PER_SANDBOX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        .total_core_instances(parts)
        .total_tables(parts)
        .total_memories(sandboxes)
        .total_stacks(sandboxes)
        .max_core_instances_per_component(PARTS_PER_SANDBOX)
        .max_tables_per_component(PARTS_PER_SANDBOX)
        .max_memories_per_component(1)
        .table_elements(limits::TABLE_ENTRIES)
        .linear_memory_keep_resident(MEMORY_KEPT)
        .table_keep_resident(TABLE_KEPT)
        .async_stack_keep_resident(STACK_KEPT)
        .pagemap_scan(if pagemap_scan { Enabled::Auto } else { Enabled::No })
        .max_memory_size(usize::try_from(limits::MAX_MEMORY_BYTES).unwrap_or(usize::MAX));
    pool
}

/// Whether the system may move memory to a disk. wasmtime's scan passes over a page that is there, so that the next sandbox
/// would find in it what another left.
fn system_swaps() -> bool {
    let swaps = std::fs::read_to_string("/proc/swaps").is_ok_and(|table| has_swap(&table));
    if swaps {
        tracing::warn!(
            "`pagemap_scan` is not used: this machine has swap, and pages that were moved there would not be reset"
        );
    }
    swaps
}

/// Whether the system's table of swap areas has one, below its line of headings.
fn has_swap(table: &str) -> bool {
    table.lines().skip(1).any(|line| !line.trim().is_empty())
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::mem::MaybeUninit;
    use wasmtime::{Linker, Module, Store};

    const MARK: u8 = 0xa7;
    /// More than is zeroed in place of each stack, and less than a stack has.
    const BYTES: usize = 4 * STACK_KEPT;

    /// Fills the stack that it runs on.
    #[inline(never)]
    fn leave() {
        black_box(&mut [MARK; BYTES]);
    }

    /// How many of the marks are on the stack that it runs on.
    #[inline(never)]
    fn find() -> i32 {
        let area = MaybeUninit::<[u8; BYTES]>::uninit();
        let start = black_box(&area).as_ptr().cast::<u8>();
        // SAFETY: within the area. What another call left there is just what this looks for; volatile, so that it is read.
        let marks = (0..BYTES).filter(|&at| unsafe { start.add(at).read_volatile() } == MARK).count();
        marks as i32
    }

    /// How many marks one sandbox finds on its stack that the one before it left there.
    async fn marks_found(config: &Config) -> i32 {
        let engine = Engine::new(config).unwrap();
        let code = wat::parse_str(
            r#"(module (import "" "leave" (func $leave)) (import "" "find" (func $find (result i32)))
                (func (export "leave") (call $leave)) (func (export "find") (result i32) (call $find)))"#,
        );
        let module = Module::new(&engine, code.unwrap()).unwrap();
        let mut linker = Linker::new(&engine);
        linker.func_wrap("", "leave", leave).unwrap();
        linker.func_wrap("", "find", find).unwrap();
        let mut found = 0;
        for name in ["leave", "find"] {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1);
            let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
            if name == "leave" {
                instance.get_typed_func::<(), ()>(&mut store, name).unwrap().call_async(&mut store, ()).await.unwrap();
            } else {
                let find = instance.get_typed_func::<(), i32>(&mut store, name).unwrap();
                found = find.call_async(&mut store, ()).await.unwrap();
            }
        }
        found
    }

    #[tokio::test]
    async fn a_stack_has_nothing_of_the_sandbox_before() {
        for pagemap_scan in [false, true] {
            // One stack, so that the second sandbox gets that of the first one.
            let mut config = config(Settings { sandboxes: 1, pagemap_scan });
            assert_eq!(marks_found(&config).await, 0, "pagemap_scan: {pagemap_scan}");
            config.async_stack_zeroing(false);
            assert!(marks_found(&config).await > 0, "nothing is found without zeroing, so that this shows nothing");
        }
    }

    #[test]
    fn swap_is_found_in_the_systems_table() {
        let headings = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(!has_swap("") && !has_swap(headings));
        assert!(has_swap(&format!("{headings}/dev/zram0    partition\t1048572\t0\t100\n")));
    }
}
