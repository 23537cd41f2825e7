//! The allocator of the component, made for sandboxes that live for one call.
//!
//! A host resets a sandbox's memory before the next call. What that costs depends on which pages the call wrote to, and on
//! where they lie: hosts zero the lowest addresses in place, and have the system take back and map anew whatever lies
//! above. So `build.rs` has the linker leave room between the stack and the tables, and the heap begins there:
//!
//! ```text
//! 0        stack        heap: first part        tables, statics        heap: the rest
//! |<------ written by each call ----->|<-- hardly written to -->|<-- written for large data -->|
//! ```
//!
//! The first part is enough for most calls, which then never ask for more memory either.

use core::alloc::Layout;
use core::arch::wasm32::memory_grow;
use core::ptr::NonNull;
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

#[global_allocator]
static ALLOCATOR: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory { begun: false, end: None });

/// Bytes of a page of WebAssembly's.
const PAGE: usize = 64 * 1024;

/// Bytes beyond an allocation's own that its heap may need: the lists of what is free, and the alignment of both ends.
const OVERHEAD: usize = 1024;

unsafe extern "C" {
    /// Set by the linker: where the stack begins, which grows down from here.
    static __stack_high: u8;
    /// Set by the linker: where the tables and the statics begin.
    static __global_base: u8;
}

/// Where the allocator has its memory from.
#[derive(Debug)]
struct Memory {
    /// Whether the first part of the heap is in use. It is not named the other way round, so that the allocator is made of
    /// zeros: then the linker puts it beside the other statics that each call writes to, and not among the tables.
    begun: bool,
    /// The end of the rest of the heap, where there is one.
    end: Option<NonNull<u8>>,
}

// SAFETY: nothing here allocates.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if !std::mem::replace(&mut talc.source.begun, true) {
            let (start, end) = (&raw const __stack_high, &raw const __global_base);
            let bytes = end.addr().saturating_sub(start.addr());
            // SAFETY: the linker puts nothing between the two, and this is done once. A component that was linked otherwise
            // may have no room there, which is refused here. What is too small for the allocation is followed by the rest.
            if unsafe { talc.claim(start.cast_mut(), bytes) }.is_some() {
                return Ok(());
            }
        }
        let needed =
            layout.size().checked_add(layout.align()).and_then(|bytes| bytes.checked_add(OVERHEAD)).ok_or(())?;
        let pages = needed.div_ceil(PAGE);
        let start = memory_grow::<0>(pages);
        if start == usize::MAX {
            return Err(());
        }
        let start = (start * PAGE) as *mut u8;
        // The last page of the address space ends where it begins.
        let bytes = (pages * PAGE).min(start.addr().wrapping_neg());
        // SAFETY: the pages are new, so that nobody else uses them. Where they follow what is there already, both become one.
        talc.source.end = match talc.source.end {
            Some(end) if end.as_ptr() == start => Some(unsafe { talc.extend(end, start.wrapping_add(bytes)) }),
            _ => unsafe { talc.claim(start, bytes) },
        };
        talc.source.end.map(|_| ()).ok_or(())
    }
}
