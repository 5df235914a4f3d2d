//! The subset's tables by their own examples, and what the instrumentation makes of a text.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod instrument;
mod tables;
