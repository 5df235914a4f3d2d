//! Violations at offsets.

use edgecoder_types::{Places, Violation};
use rustpython_ruff_source_file::SourceFile;
use rustpython_ruff_text_size::TextSize;

/// Makes one violation at a byte offset of a file.
pub(crate) fn violation(source: &SourceFile, at: TextSize, code: &str, message: String, hint: &str) -> Violation {
    let (line, column) = Places::new(source.source_text().as_bytes()).of(at.to_usize());
    let path = source.name().to_owned();
    Violation { path, line, column, code: code.to_owned(), message, hint: hint.to_owned() }
}

/// A violation whose place is looked up later: in a file with many of them, all at once.
pub(crate) struct Found {
    /// Its byte offset.
    pub(crate) at: TextSize,
    /// As in [`Violation`].
    pub(crate) code: String,
    /// As in [`Violation`].
    pub(crate) message: String,
    /// As in [`Violation`].
    pub(crate) hint: String,
}

/// All of them with their places, in source order, each once.
pub(crate) fn placed(source: &SourceFile, mut all: Vec<Found>) -> Vec<Violation> {
    all.sort_by_key(|found| found.at);
    let mut places = Places::new(source.source_text().as_bytes());
    let place = |Found { at, code, message, hint }: Found| {
        let (line, column) = places.of(at.to_usize());
        Violation { path: source.name().to_owned(), line, column, code, message, hint }
    };
    let mut violations: Vec<Violation> = all.into_iter().map(place).collect();
    violations.sort_by(|a, b| (a.line, a.column, &a.code, &a.message).cmp(&(b.line, b.column, &b.code, &b.message)));
    violations.dedup_by(|a, b| (a.line, a.column, &a.code) == (b.line, b.column, &b.code));
    violations
}
