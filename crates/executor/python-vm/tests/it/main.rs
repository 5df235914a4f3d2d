//! The embedded Python from outside: one process a program, as the executor runs it.

mod determinism;
mod endings;
mod escapes;
mod forged;
mod fuel;
mod support;
