//! The embedded JavaScript as a whole, each program in a process of its own.

#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod corpus;
mod endings;
mod escapes;
mod forged;
mod fuel;
mod honest;
mod hostile;
mod support;
