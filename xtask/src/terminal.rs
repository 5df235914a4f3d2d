//! A terminal with endless height: enough of one to replay a captured session.
//!
//! Understands text, carriage return, line feed, cursor up/down/column, erasing in line and
//! display, and colours. Everything else is skipped.

use unicode_width::UnicodeWidthChar as _;

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// One of the eight colours and their eight bright forms.
    pub colour: Option<u8>,
    /// Bold.
    pub bold: bool,
    /// Dimmed.
    pub dim: bool,
}

/// What the session left on the screen.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    rows: Vec<Vec<(char, Look)>>,
    row: usize,
    column: usize,
    look: Look,
}

impl Screen {
    /// Replays a session.
    pub fn replay(session: &str) -> Self {
        let mut screen = Self::default();
        let mut chars = session.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\u{1b}' if chars.peek() == Some(&'[') => {
                    chars.next();
                    let mut parameters = String::new();
                    let end = loop {
                        match chars.next() {
                            Some(c @ '\u{40}'..='\u{7e}') => break Some(c),
                            Some(c) => parameters.push(c),
                            None => break None,
                        }
                    };
                    screen.control(end, &parameters);
                }
                '\r' => screen.column = 0,
                '\n' => {
                    screen.row += 1;
                    screen.column = 0;
                }
                c if c.is_control() => {}
                c => screen.put(c),
            }
        }
        screen
    }

    /// The rows, without spaces at their ends and without empty rows at the end.
    pub fn rows(&self) -> Vec<Vec<(char, Look)>> {
        let mut rows: Vec<Vec<_>> = self.rows.clone();
        for row in &mut rows {
            while row.last().is_some_and(|(c, _)| *c == ' ') {
                row.pop();
            }
        }
        while rows.last().is_some_and(Vec::is_empty) {
            rows.pop();
        }
        rows
    }

    fn put(&mut self, c: char) {
        while self.rows.len() <= self.row {
            self.rows.push(Vec::new());
        }
        let row = &mut self.rows[self.row];
        while row.len() <= self.column {
            row.push((' ', Look::default()));
        }
        row[self.column] = (c, self.look);
        self.column += c.width().unwrap_or(0).max(1);
    }

    fn control(&mut self, end: Option<char>, parameters: &str) {
        let first = parameters.split(';').next().and_then(|text| text.parse::<usize>().ok());
        match end {
            Some('A') => self.row = self.row.saturating_sub(first.unwrap_or(1).max(1)),
            Some('B') => self.row += first.unwrap_or(1).max(1),
            Some('F') => {
                self.row = self.row.saturating_sub(first.unwrap_or(1).max(1));
                self.column = 0;
            }
            Some('G') => self.column = first.unwrap_or(1).saturating_sub(1),
            Some('K') => self.erase_line(first.unwrap_or(0)),
            Some('J') => {
                self.erase_line(0);
                self.rows.truncate(self.row + 1);
            }
            Some('m') => self.set_look(parameters),
            _ => {}
        }
    }

    fn erase_line(&mut self, mode: usize) {
        if let Some(row) = self.rows.get_mut(self.row) {
            row.truncate(if mode == 0 { self.column } else { 0 });
        }
    }

    fn set_look(&mut self, parameters: &str) {
        for code in parameters.split(';').map(|text| text.parse::<u8>().unwrap_or(0)) {
            match code {
                0 => self.look = Look::default(),
                1 => self.look.bold = true,
                2 => self.look.dim = true,
                22 => (self.look.bold, self.look.dim) = (false, false),
                30..=37 => self.look.colour = Some(code - 30),
                39 => self.look.colour = None,
                90..=97 => self.look.colour = Some(code - 90 + 8),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(session: &str) -> Vec<String> {
        Screen::replay(session).rows().iter().map(|row| row.iter().map(|(c, _)| c).collect()).collect()
    }

    #[test]
    fn redrawn_lines_show_their_last_state() {
        assert_eq!(text("one\r\ntwo\r\n\u{1b}[2A\u{1b}[2Knew\r\n\u{1b}[2Klast\r\n"), ["new", "last"]);
        assert_eq!(text("a\r\nb\r\nc\r\n\u{1b}[2A\u{1b}[J"), ["a"]);
        assert_eq!(text("abc\rx\u{1b}[K"), ["x"]);
    }

    #[test]
    fn colours_are_kept_and_unknown_sequences_skipped() {
        let rows = Screen::replay("\u{1b}[?25l\u{1b}[32mok\u{1b}[0m\u{1b}[1mB").rows();
        assert_eq!(rows[0][0], ('o', Look { colour: Some(2), ..Look::default() }));
        assert_eq!(rows[0][2], ('B', Look { bold: true, ..Look::default() }));
    }
}
