//! Draws a replayed session as an SVG picture.

use std::fmt::Write as _;

use crate::terminal::{Look, Screen};

const TEMPLATE: &str = include_str!("../assets/terminal.svg");
/// Width of a character cell and height of a row, in the picture's units.
const CELL: (usize, usize) = (9, 20);
/// Space left of the text and above it (under the title bar).
const MARGIN: (usize, usize) = (18, 52);
/// Columns drawn at least.
const COLUMNS_MIN: usize = 80;

/// The picture. `title` stands in the window's bar.
pub fn draw(session: &str, title: &str) -> String {
    let rows = Screen::replay(session).rows();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(COLUMNS_MIN);
    let mut body = String::new();
    for (at, row) in rows.iter().enumerate() {
        let y = MARGIN.1 + at * CELL.1;
        for (start, look, text) in runs(row) {
            let x = MARGIN.0 + start * CELL.0;
            let length = text.chars().count() * CELL.0;
            let class = class(look);
            // Writing to a string cannot fail.
            let _written = writeln!(
                body,
                "  <text xml:space=\"preserve\" x=\"{x}\" y=\"{y}\" textLength=\"{length}\" class=\"{class}\">{}</text>",
                escape(&text)
            );
        }
    }
    let width = MARGIN.0 * 2 + columns * CELL.0;
    let height = MARGIN.1 + rows.len() * CELL.1 + MARGIN.0 / 2;
    TEMPLATE
        .replace("@WIDTH@", &width.to_string())
        .replace("@HEIGHT@", &height.to_string())
        .replace("@TITLE@", &escape(title))
        .replace("@BODY@\n", &body)
}

/// Pieces of a row that look alike, without those that are only spaces.
fn runs(row: &[(char, Look)]) -> Vec<(usize, Look, String)> {
    let mut runs: Vec<(usize, Look, String)> = Vec::new();
    for (at, (c, look)) in row.iter().enumerate() {
        match runs.last_mut() {
            Some((_, last, text)) if last == look => text.push(*c),
            _ => runs.push((at, *look, c.to_string())),
        }
    }
    runs.retain(|(_, _, text)| !text.trim().is_empty());
    runs
}

fn class(look: Look) -> String {
    let colour = look.colour.map_or_else(|| "fg".to_owned(), |colour| format!("c{}", colour % 8));
    let weight = if look.bold { " b" } else { "" };
    let dim = if look.dim { " d" } else { "" };
    format!("{colour}{weight}{dim}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_coloured() {
        let picture = draw("\u{1b}[31m-a<b&c\u{1b}[0m plain\r\n", "run & done");
        assert!(picture.contains("class=\"c1\">-a&lt;b&amp;c</text>"));
        assert!(picture.contains("run &amp; done"));
        assert!(!picture.contains('@'), "every place of the template is filled");
    }
}
