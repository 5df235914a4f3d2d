//! The safety boundary: runs code that nobody trusts and returns a structured result.

pub mod contract;

pub use contract::{Cancel, ExecutorError, Runner};
