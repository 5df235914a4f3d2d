//! The Python subset: one parse, a check that reports every violation, and the instrumentation of
//! the same tree that is then compiled.
//!
//! Invariant: pure. No I/O, no interpreter; the tree that [`check`] accepted is the tree that
//! [`instrument`] rewrites and the virtual machine compiles.
//!
//! Invariant: the subset is data. What is allowed and denied stands in the tables of [`tables`],
//! each entry with the example that the tests run; the page `docs/subset-python.md` is printed from them.
//!
//! The static check gives early and precise answers; three of its rules need the virtual machine's
//! help to hold against computed names, and the functions for that are public here:
//! [`is_denied_attribute`] and [`is_denied_setting`] (names given to `getattr`, `setattr` and the like as text), [`is_denied_definition`]
//! (names put into a class by `type(name, bases, namespace)` or `setattr`), and [`module_names`]
//! (what a program may see of a library module, however it got hold of it).

mod check;
pub mod hooks;
mod instrument;
mod nesting;
mod parse;
mod place;
mod reference;
pub mod tables;

pub use check::check;
pub use instrument::{Case, Instrumented, Origin, instrument};
pub use nesting::{FINALLY_NESTING_MAX, NESTING_MAX, STACK_BYTES_MIN};
pub use parse::{Parsed, parse};
pub use reference::reference_markdown;
pub use rustpython_ruff_python_ast as ast;
pub use tables::{is_denied_attribute, is_denied_definition, is_denied_setting, module_names};
