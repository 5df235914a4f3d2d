//! A service of every kind of route on a real socket of loopback, and callers that behave and that don't.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod auth;
mod calls;
mod ends;
mod idempotency;
mod limits;
mod support;
mod tls;
