//! The engine's memory, paid for as it is taken: whatever a native loop builds ends by fuel, however it was reached.

use rquickjs::allocator::{Allocator, RustAllocator};

use crate::fuel;

/// The allocator of the engine. Sizes are those that the engine asks for, so they are the same on every machine.
pub(crate) struct Metered;

// SAFETY: every call goes on to `RustAllocator`, unchanged; charging touches no memory of the engine, and where it ends
// the run, it ends the process.
#[expect(unsafe_code, reason = "the engine takes its allocator as an unsafe trait")]
unsafe impl Allocator for Metered {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        fuel::charge_bytes(size);
        RustAllocator.alloc(size)
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        fuel::charge_bytes(count.saturating_mul(size));
        RustAllocator.calloc(count, size)
    }

    unsafe fn dealloc(&mut self, ptr: *mut u8) {
        // SAFETY: the pointer came from `RustAllocator`, as all of this allocator's do.
        unsafe { RustAllocator.dealloc(ptr) }
    }

    unsafe fn realloc(&mut self, ptr: *mut u8, new_size: usize) -> *mut u8 {
        // SAFETY: as above; the engine asks for growth of live memory only.
        let old = unsafe { RustAllocator::usable_size(ptr) };
        fuel::charge_bytes(new_size.saturating_sub(old));
        // SAFETY: as above.
        unsafe { RustAllocator.realloc(ptr, new_size) }
    }

    unsafe fn usable_size(ptr: *mut u8) -> usize {
        // SAFETY: as above.
        unsafe { RustAllocator::usable_size(ptr) }
    }
}
