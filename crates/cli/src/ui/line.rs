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

    /// The same on as many lines as `columns` ask for, broken between words; what goes on begins with a mark below the place
    /// where the last piece began.
    pub(crate) fn wrapped(&self, columns: usize) -> Vec<Self> {
        let indent = self.width() - self.0.last().map_or(0, |(_, text)| text.width());
        // A mark and some words have to fit beside it.
        let indent = if indent + 12 > columns { 0 } else { indent };
        if self.width() <= columns || columns < 8 {
            return vec![self.clone()];
        }
        let mut lines = vec![Self::new()];
        let mut used = 0;
        for (tone, text) in &self.0 {
            for word in text.split_inclusive(' ') {
                for part in parts(word, columns - indent - 2) {
                    if used > 0 && used + part.trim_end().width() > columns {
                        lines.push(Self::new().with(Tone::Faint, format!("{}↳ ", " ".repeat(indent))));
                        used = indent + 2;
                    }
                    used += part.width();
                    if let Some(line) = lines.last_mut() {
                        line.0.push((*tone, part.to_owned()));
                    }
                }
            }
        }
        for (_, text) in lines.iter_mut().filter_map(|line| line.0.last_mut()) {
            text.truncate(text.trim_end().len());
        }
        lines
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

/// A word in parts that fit into so many columns.
fn parts(word: &str, columns: usize) -> Vec<&str> {
    let (mut found, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, c) in word.char_indices() {
        let width = c.width().unwrap_or(0);
        if used + width > columns && at > start && c != ' ' {
            found.extend(word.get(start..at));
            (start, used) = (at, 0);
        }
        used += width;
    }
    found.extend(word.get(start..));
    found
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
    fn what_is_printed_for_good_is_wrapped_between_words() {
        let text = |line: &Line| line.wrapped(40).iter().map(|line| line.render(PLAIN, 40)).collect::<Vec<_>>();
        let field = Line::new().with(Tone::Faint, "  why").pad_to(11);
        let field = field.with(Tone::Plain, "the tests fail, but no function was found that they call");
        assert_eq!(
            text(&field),
            ["  why      the tests fail, but no", "           ↳ function was found that", "           ↳ they call"]
        );
        let diff = Line::new().with(Tone::Good, "+    return first_name + second_name + third_name");
        assert_eq!(text(&diff), ["+    return first_name + second_name +", "↳ third_name"]);
        let long = Line::new().with(Tone::Good, format!("+{}", "x".repeat(50)));
        assert_eq!(text(&long), [format!("+{}", "x".repeat(37)), format!("↳ {}", "x".repeat(13))]);
        assert_eq!(text(&Line::new().with(Tone::Plain, "short")), ["short"]);
        assert_eq!(text(&Line::new()), [""]);
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
