//! The embedded JavaScript as a whole, each program in a process of its own.

mod corpus;
mod endings;
mod escapes;
mod forged;
mod fuel;
mod support;
