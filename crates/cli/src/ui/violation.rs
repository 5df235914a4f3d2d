//! A violation with the line it stands in.

use edgecoder_types::Violation;

use crate::output::printable;
use crate::style::{Palette, Tone};

/// Longest source line that is shown, in characters.
const EXCERPT_CHARS_MAX: usize = 160;

/// `path:line:column: code: message`, the source line with a caret where it helps, and the hint.
pub(crate) fn lines(palette: Palette, path: &str, source: &[u8], violation: &Violation) -> Vec<String> {
    let place = format!("{}:{}:{}", printable(path), violation.line, violation.column);
    let code = palette.paint(Tone::Bad, &violation.code);
    let mut lines = vec![format!("{}: {code}: {}", palette.paint(Tone::Strong, place), printable(&violation.message))];
    if let Some((text, pad)) = excerpt(source, violation.line, violation.column) {
        lines.push(format!("    {text}"));
        lines.push(format!("    {}{}", " ".repeat(pad), palette.paint(Tone::Bad, "^")));
    }
    if !violation.hint.is_empty() {
        lines.push(format!("  {}: {}", palette.paint(Tone::Accent, "hint"), printable(&violation.hint)));
    }
    lines
}

/// The line, with tabs as spaces, and how far the caret stands from its beginning.
fn excerpt(source: &[u8], line: u32, column: u32) -> Option<(String, usize)> {
    let wanted = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = source.split(|byte| *byte == b'\n').nth(wanted)?;
    let text = std::str::from_utf8(text).ok()?.trim_end();
    if text.is_empty() || text.chars().count() > EXCERPT_CHARS_MAX {
        return None;
    }
    let before = usize::try_from(column).ok()?.saturating_sub(1);
    let indent = text.chars().take_while(|c| c.is_whitespace()).count().min(before);
    let shown: String = text.chars().skip(indent).map(|c| if c == '\t' { ' ' } else { c }).collect();
    let head: String = shown.chars().take(before - indent).collect();
    Some((printable(&shown), unicode_width::UnicodeWidthStr::width(head.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, line: u32, column: u32) -> Vec<String> {
        let violation = Violation {
            path: String::new(),
            line,
            column,
            code: "import_denied".to_owned(),
            message: "no os".to_owned(),
            hint: "none".to_owned(),
        };
        lines(Palette { colour: false }, "a.py", source.as_bytes(), &violation)
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let text = shown("x = 1\n    import os\n", 2, 12);
        assert_eq!(text, ["a.py:2:12: import_denied: no os", "    import os", "           ^", "  hint: none"],);
    }

    #[test]
    fn wide_characters_are_two_columns() {
        assert_eq!(shown("日本x", 1, 3)[2], "        ^");
    }

    #[test]
    fn places_outside_of_the_source_show_no_excerpt() {
        assert_eq!(shown("x", 9, 1).len(), 2);
        assert_eq!(shown("", 0, 0).len(), 2);
        assert_eq!(shown(&"x".repeat(200), 1, 1).len(), 2);
        assert_eq!(shown("ab", 1, 400)[2], "      ^");
    }
}
