//! The project's own rules, as small checks over the tree of files and the graph of crates, and
//! the tool that draws a captured terminal session.
//!
//! Every check is a pure function from what was read to a list of problems, so that each can be
//! shown to fail.

pub mod checks;
pub mod graph;
pub mod svg;
pub mod terminal;
pub mod tree;

pub use graph::{Dependency, Package};
pub use tree::{SourceText, Tree};

/// A rule that is broken somewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File, or crate.
    pub place: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    /// A problem with a whole file or crate.
    pub fn whole(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), line: 0, message: message.into() }
    }

    /// A problem in one line.
    pub fn at(place: &str, line: usize, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), line, message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.place, self.message),
            line => write!(f, "{}:{line}: {}", self.place, self.message),
        }
    }
}
