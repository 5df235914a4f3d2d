//! The Python subset: one parse, a check that reports every violation, and the instrumentation of
//! the same tree that is then compiled.
//!
//! Invariant: pure. No I/O, no interpreter; the tree that [`check`] accepted is the tree that
//! [`instrument`] rewrites and the virtual machine compiles.

pub mod hooks;

use edgecoder_types::{FileRole, Violation};
pub use rustpython_ruff_python_ast as ast;
use rustpython_ruff_source_file::SourceFile;

/// A parsed file. Only [`parse`] makes one.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree.
    pub module: ast::ModModule,
    /// The text it came from, with its line index.
    pub source: SourceFile,
}

/// Parses one file. Refuses (as a violation) what is no Python: syntax errors with their place,
/// NUL bytes, invalid UTF-8, more than `SOURCE_BYTES_MAX` bytes, nesting deeper than `NESTING_MAX`.
pub fn parse(_path: &str, _content: &[u8]) -> Result<Parsed, Vec<Violation>> {
    Err(Vec::new())
}

/// Every place where the file leaves the subset, in source order. `local_modules` are the dotted
/// names importable from the program's own files.
pub fn check(_parsed: &Parsed, _role: FileRole, _local_modules: &[String]) -> Vec<Violation> {
    Vec::new()
}

/// How a file is instrumented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A program's file: fuel, and what its role asks for.
    Program(FileRole),
    /// A module of the frozen standard library: fuel only.
    Library,
}

/// Rewrites the tree in place so that running it charges fuel, guards and records (see [`hooks`]).
pub fn instrument(_module: &mut ast::ModModule, _source: &SourceFile, _origin: Origin) {}
