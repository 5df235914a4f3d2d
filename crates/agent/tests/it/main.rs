//! The agent against a scripted model, judged by the machine's CPython.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apply;
mod early_exit;
mod edits;
mod evaluate;
mod forged;
mod input;
mod resume;
mod run;
mod self_tested;
mod support;
