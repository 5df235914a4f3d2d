//! From byte offsets to what a person is told.

use edgecoder_types::Violation;

/// Line and column, from 1, of a byte offset; a column counts characters.
pub(crate) fn of(text: &[u8], offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = before.split(|byte| *byte == b'\n').count();
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    (number(lines), number(column + 1))
}

/// Makes one violation at a byte offset of a text.
pub(crate) fn violation(path: &str, text: &[u8], offset: usize, code: &str, message: String, hint: &str) -> Violation {
    let (line, column) = of(text, offset);
    Violation { path: path.to_owned(), line, column, code: code.to_owned(), message, hint: hint.to_owned() }
}
