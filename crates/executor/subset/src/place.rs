//! From byte offsets to what a person is told.

use edgecoder_types::Violation;
use rustpython_ruff_source_file::{PositionEncoding, SourceFile};
use rustpython_ruff_text_size::TextSize;

/// Makes one violation at a byte offset of a file.
pub(crate) fn violation(source: &SourceFile, at: TextSize, code: &str, message: String, hint: &str) -> Violation {
    let end = TextSize::of(source.source_text());
    let place = source.to_source_code().source_location(at.min(end), PositionEncoding::Utf32);
    Violation {
        path: source.name().to_owned(),
        line: u32::try_from(place.line.get()).unwrap_or(u32::MAX),
        column: u32::try_from(place.character_offset.get()).unwrap_or(u32::MAX),
        code: code.to_owned(),
        message,
        hint: hint.to_owned(),
    }
}

/// Line and column, from 1, of a byte offset in bytes that need not be text: a column counts the
/// characters of the valid text before it.
pub(crate) fn of_bytes(content: &[u8], offset: usize) -> (u32, u32) {
    let before = content.get(..offset).unwrap_or(content);
    let line_start = before.iter().rposition(|byte| *byte == b'\n' || *byte == b'\r').map_or(0, |at| at + 1);
    let breaks = before
        .iter()
        .enumerate()
        .filter(|(at, byte)| **byte == b'\n' || (**byte == b'\r' && content.get(at + 1) != Some(&b'\n')));
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count();
    let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
    (count(breaks.count()), count(column))
}
