//! The safety boundary: runs code that nobody trusts and returns a structured result.

pub mod contract;

pub use contract::{Cancel, ExecutorError, Runner};

pub mod launch;
pub mod os;

/// Must be called at the start of `main`: when this process was started as one of the executor's
/// helpers, does its work and never returns; else returns at once.
pub fn helper_main() {
    os::helper_main();
}
