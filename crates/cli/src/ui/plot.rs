//! Bars of text.

use unicode_width::UnicodeWidthStr as _;

use super::line::Line;
use crate::style::Tone;

/// Widest bar, in columns.
const BAR_COLUMNS_MAX: usize = 40;
/// Eighths of a column, from one to a whole.
const EIGHTHS: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// One bar.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Left of it.
    pub(crate) name: String,
    /// Its length.
    pub(crate) value: usize,
    /// Whether it is what the plot is about.
    pub(crate) good: bool,
    /// Under it.
    pub(crate) note: String,
}

/// A bar and a line of notes for each row; a full bar is `most`.
pub(crate) fn bars(rows: &[Row], most: usize, columns: usize) -> Vec<Line> {
    let names = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
    let width = columns.saturating_sub(names + 8).clamp(8, BAR_COLUMNS_MAX);
    let mut lines = Vec::new();
    for row in rows {
        let tone = if row.good { Tone::Good } else { Tone::Accent };
        let line = Line::new().with(Tone::Plain, &row.name).pad_to(names + 2);
        let line = line.with(tone, bar(row.value, most, width)).with(Tone::Plain, format!(" {}", row.value));
        lines.push(line);
        lines.push(Line::new().pad_to(names + 2).with(Tone::Faint, &row.note));
    }
    lines
}

fn bar(value: usize, most: usize, width: usize) -> String {
    let eighths = (value * width * 8).checked_div(most).unwrap_or(0);
    let mut text = "█".repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1).and_then(|at| EIGHTHS.get(at)) {
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_to_scale() {
        assert_eq!(bar(0, 10, 8), "");
        assert_eq!(bar(10, 10, 8), "████████");
        assert_eq!(bar(5, 10, 8), "████");
        assert_eq!(bar(1, 64, 8), "▏");
        assert_eq!(bar(3, 0, 8), "");
    }
}
