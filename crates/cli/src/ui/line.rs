//! A line of text in several tones, cut to a width without tearing escape sequences or characters.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::style::{Palette, Tone};

/// Pieces of one line, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Tone, String)>);

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a piece. Control characters, line ends and tabs become spaces or are dropped.
    pub(crate) fn with(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        let clean = text.as_ref().chars().filter_map(|c| match c {
            '\t' | '\n' => Some(' '),
            c if c.is_control() => None,
            c => Some(c),
        });
        self.0.push((tone, clean.collect()));
        self
    }

    /// Adds spaces up to a column, at least one.
    pub(crate) fn pad_to(self, column: usize) -> Self {
        let spaces = column.saturating_sub(self.width()).max(1);
        self.with(Tone::Plain, " ".repeat(spaces))
    }

    /// Columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// The text, cut to `columns` with an ellipsis.
    pub(crate) fn render(&self, palette: Palette, columns: usize) -> String {
        let cut = self.width() > columns;
        let mut left = if cut { columns.saturating_sub(1) } else { columns };
        let mut out = String::new();
        for (tone, text) in &self.0 {
            let mut piece = String::new();
            for c in text.chars() {
                let width = c.width().unwrap_or(0);
                if width > left {
                    left = 0;
                    break;
                }
                left -= width;
                piece.push(c);
            }
            if !piece.is_empty() && write!(out, "{}", palette.paint(*tone, &piece)).is_err() {
                break;
            }
        }
        if cut && columns > 0 {
            out.push('…');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Palette = Palette { colour: false };

    #[test]
    fn long_lines_are_cut_by_columns() {
        let line = Line::new().with(Tone::Good, "日本語").with(Tone::Plain, "abc");
        assert_eq!(line.width(), 9);
        assert_eq!(line.render(PLAIN, 9), "日本語abc");
        assert_eq!(line.render(PLAIN, 6), "日本…");
        assert_eq!(line.render(PLAIN, 1), "…");
        assert_eq!(line.render(PLAIN, 0), "");
    }

    #[test]
    fn nothing_can_move_the_cursor() {
        let line = Line::new().with(Tone::Plain, "a\u{1b}[2J\tb\nc\u{9b}d");
        assert_eq!(line.render(PLAIN, 80), "a[2J b cd");
    }

    #[test]
    fn colour_does_not_count_as_width() {
        let line = Line::new().with(Tone::Bad, "abcdef");
        assert_eq!(line.render(Palette { colour: true }, 4), "\u{1b}[31mabc\u{1b}[0m…");
    }
}
