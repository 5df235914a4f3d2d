//! Violations at offsets.

use edgecoder_types::{Places, Violation};

/// Makes one violation at a byte offset of a text.
pub(crate) fn violation(path: &str, text: &[u8], offset: usize, code: &str, message: String, hint: &str) -> Violation {
    let (line, column) = Places::new(text).of(offset);
    Violation { path: path.to_owned(), line, column, code: code.to_owned(), message, hint: hint.to_owned() }
}

/// A violation whose place is looked up later: in a file with many of them, all at once.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its byte offset.
    pub(crate) at: usize,
    /// As in [`Violation`].
    pub(crate) code: String,
    /// As in [`Violation`].
    pub(crate) message: String,
    /// As in [`Violation`].
    pub(crate) hint: String,
}

/// All of them with their places, in source order, each once.
pub(crate) fn placed(path: &str, text: &[u8], mut all: Vec<Found>) -> Vec<Violation> {
    all.sort_by_key(|found| found.at);
    let mut places = Places::new(text);
    let place = |Found { at, code, message, hint }: Found| {
        let (line, column) = places.of(at);
        Violation { path: path.to_owned(), line, column, code, message, hint }
    };
    let mut violations: Vec<Violation> = all.into_iter().map(place).collect();
    violations.sort_by(|a, b| (a.line, a.column, &a.code, &a.message).cmp(&(b.line, b.column, &b.code, &b.message)));
    violations.dedup_by(|a, b| (a.line, a.column, &a.code) == (b.line, b.column, &b.code));
    violations
}
