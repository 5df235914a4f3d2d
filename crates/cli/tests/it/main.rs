//! Goal: what a user sees of the real binary: statuses, messages, JSON shapes. Method: every test
//! starts `edgecoder` in a home of its own with a scrubbed environment.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod check_exec;
mod config;
mod evaluate;
mod home;
mod kills;
mod remote;
mod run;
mod signals;
mod surface;
