//! The allocator of worker processes: running out of memory ends the worker with a status of its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status of a worker that ran out of memory.
pub(crate) const EXIT_OUT_OF_MEMORY: i32 = 97;

static IN_WORKER: AtomicBool = AtomicBool::new(false);

/// From now on a failed allocation ends this process with [`EXIT_OUT_OF_MEMORY`].
pub(crate) fn exit_when_out_of_memory() {
    IN_WORKER.store(true, Ordering::Relaxed);
}

/// The system's allocator; in a worker, failure is final. Without it a program could catch the
/// failure as an exception, at a point that differs between machines.
#[derive(Debug, Default)]
pub struct WorkerAlloc;

#[cold]
fn failed() {
    if IN_WORKER.load(Ordering::Relaxed) {
        exit(EXIT_OUT_OF_MEMORY);
    }
}

/// Ends the process at once, without destructors or exit handlers.
#[expect(unsafe_code, reason = "_exit has no safe wrapper")]
pub(crate) fn exit(status: i32) -> ! {
    // SAFETY: `_exit` takes any status, touches no memory of ours and does not return.
    unsafe { libc::_exit(status) }
}

#[expect(unsafe_code, reason = "a global allocator is an unsafe trait")]
// SAFETY: every method forwards its arguments unchanged to `System`, which upholds the contract.
unsafe impl GlobalAlloc for WorkerAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees are passed on.
        let pointer = unsafe { System.alloc(layout) };
        if pointer.is_null() {
            failed();
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees are passed on.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        if pointer.is_null() {
            failed();
        }
        pointer
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's guarantees are passed on.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        if moved.is_null() {
            failed();
        }
        moved
    }
}
