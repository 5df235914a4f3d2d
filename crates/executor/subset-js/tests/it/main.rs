//! The subset's tables by their own examples, and what the instrumentation makes of a text.

mod instrument;
mod tables;
