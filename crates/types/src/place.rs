//! From byte offsets to what a person is told.

/// Finds lines and columns, both from 1, of byte offsets. Ascending offsets cost one look at each byte together.
///
/// A line ends at `\n`, `\r\n` or `\r`, as editors show it. A column counts characters; where the bytes are no text, what could
/// begin one.
#[derive(Clone, Debug)]
pub struct Places<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
    column: u32,
}

impl<'t> Places<'t> {
    /// Places in a text.
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    /// Line and column of an offset; beyond the end it is the end.
    pub fn of(&mut self, offset: usize) -> (u32, u32) {
        if offset < self.at {
            *self = Self::new(self.text);
        }
        while self.at < offset
            && let Some(byte) = self.text.get(self.at)
        {
            let next = self.text.get(self.at + 1);
            match byte {
                // The two bytes of a line end are one place.
                b'\r' if next == Some(&b'\n') => {}
                b'\r' | b'\n' => {
                    self.line = self.line.saturating_add(1);
                    self.column = 1;
                }
                0x80..=0xbf => {}
                _ => self.column = self.column.saturating_add(1),
            }
            self.at += 1;
        }
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_editors_show_them() {
        for (text, offset, place) in [
            ("", 0, (1, 1)),
            ("ab\ncd", 4, (2, 2)),
            ("a\r\ncd", 1, (1, 2)),
            ("a\r\ncd", 2, (1, 2)),
            ("a\r\ncd", 3, (2, 1)),
            ("a\rcd", 2, (2, 1)),
            ("a\r\r\n\rb", 5, (4, 1)),
            ("é\u{2028}b", 5, (1, 3)),
            ("a\r", 2, (2, 1)),
            ("a", 9, (1, 2)),
        ] {
            assert_eq!(Places::new(text.as_bytes()).of(offset), place, "{text:?} at {offset}");
        }
    }

    #[test]
    fn the_order_of_questions_does_not_matter() {
        let text = "a\r\né\rb\n\nxyz".as_bytes();
        let mut places = Places::new(text);
        for offset in [3, 9, 0, 5, 5, 12, 1] {
            assert_eq!(places.of(offset), Places::new(text).of(offset), "{offset}");
        }
    }
}
