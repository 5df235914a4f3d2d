//! The safety boundary: runs code that nobody trusts and returns a structured result.

mod alloc;
pub mod contract;
mod cpu;
pub mod embedded;
mod executor;
pub mod identity;
pub mod launch;
pub mod os;
pub mod receipt;
mod request;
mod select;

pub use alloc::WorkerAlloc;
pub use contract::{Cancel, ExecutorError, Runner};
pub use cpu::tree_cpu_seconds;
pub use executor::{EMBEDDED_JAVASCRIPT_RUNTIME, EMBEDDED_RUNTIME, Executor, ExecutorConfig};

/// Every binary that starts an executor calls this first in `main`, before any thread starts: if this process
/// was started as a helper it does the helper's work and never returns.
pub fn helper_main() {
    embedded::helper_main();
    os::helper_main();
}
