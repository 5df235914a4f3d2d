//! The embedded Python from outside: one process a program, as the executor runs it.

#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod determinism;
mod endings;
mod escapes;
mod forged;
mod fuel;
mod growth;
mod modules;
mod support;
