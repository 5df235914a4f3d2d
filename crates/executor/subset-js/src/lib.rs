//! The JavaScript subset: one parse, a check that reports every violation, and the instrumentation of the text that
//! the checked tree stands for.
//!
//! Invariant: pure. No I/O, no interpreter.
//!
//! Invariant: what runs is what was checked. The instrumentation is printed in place, at the spans of the checked tree,
//! with every comment blanked; the result is parsed and checked once more before anybody gets it, so that a
//! text whose hooks would change its meaning is refused rather than run. Lines stay where they were.
//!
//! Invariant: the subset is data. What is allowed and denied stands in the tables of [`tables`], each reason with
//! examples that the tests run; the page `docs/subset-javascript.md` is printed from them.

mod check;
mod facts;
pub mod hooks;
mod instrument;
mod nesting;
mod parse;
mod place;
mod reference;
mod resolve;
pub mod tables;

pub use check::check;
pub use facts::{Facts, facts};
pub use instrument::{Options, instrument};
pub use nesting::NESTING_MAX;
pub use parse::Kind;
pub use reference::reference_markdown;
pub use resolve::{is_source, is_stand_in, resolve};
