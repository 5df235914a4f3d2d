//! The part of the terminal that is redrawn: some lines above the cursor, replaced as one write.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveToColumn, MoveUp, Show};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};

use super::line::Line;
use crate::style::Palette;

/// Lines that can be replaced. Everything of one redraw goes out in one write, inside a
/// synchronised update where the terminal knows it, so nothing flickers.
#[derive(Debug)]
pub(crate) struct Region<W: Write> {
    out: W,
    palette: Palette,
    /// Columns that each line on the screen takes.
    drawn: Vec<usize>,
    hidden: bool,
}

impl<W: Write> Region<W> {
    /// An empty region at the cursor.
    pub(crate) fn new(out: W, palette: Palette) -> Self {
        Self { out, palette, drawn: Vec::new(), hidden: false }
    }

    /// Prints `above` for good and draws `lines` below it in place of the last ones.
    pub(crate) fn draw(&mut self, above: &[Line], lines: &[Line], columns: usize) -> io::Result<()> {
        let mut frame = Vec::new();
        queue!(frame, BeginSynchronizedUpdate)?;
        if !self.hidden {
            queue!(frame, Hide)?;
        }
        self.rewind(&mut frame, columns)?;
        for line in above.iter().flat_map(|line| line.wrapped(columns)) {
            writeln!(frame, "{}", line.render(self.palette, columns))?;
        }
        // The last column stays free: some terminals wrap when it is written.
        let room = columns.saturating_sub(1);
        for line in lines {
            write!(frame, "{}", line.render(self.palette, room))?;
            queue!(frame, Clear(ClearType::UntilNewLine))?;
            frame.push(b'\n');
        }
        queue!(frame, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate)?;
        self.hidden = true;
        self.drawn = lines.iter().map(|line| line.width().min(room)).collect();
        self.out.write_all(&frame)?;
        self.out.flush()
    }

    /// Removes the lines and shows the cursor again.
    pub(crate) fn finish(&mut self, columns: usize) -> io::Result<()> {
        let mut frame = Vec::new();
        self.rewind(&mut frame, columns)?;
        if !self.drawn.is_empty() {
            queue!(frame, Clear(ClearType::FromCursorDown))?;
        }
        if self.hidden {
            queue!(frame, Show)?;
        }
        self.hidden = false;
        self.drawn.clear();
        self.out.write_all(&frame)?;
        self.out.flush()
    }

    /// Goes to the region's first line. A narrower terminal has wrapped what was drawn.
    fn rewind(&self, frame: &mut Vec<u8>, columns: usize) -> io::Result<()> {
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        if rows > 0 {
            queue!(frame, MoveUp(u16::try_from(rows).unwrap_or(u16::MAX)), MoveToColumn(0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Tone;

    fn line(text: &str) -> Line {
        Line::new().with(Tone::Plain, text)
    }

    fn frames(steps: &[(&[&str], &[&str], usize)]) -> String {
        let mut out = Vec::new();
        let mut region = Region::new(&mut out, Palette { colour: false });
        for (above, lines, columns) in steps {
            let lines_of = |texts: &[&str]| texts.iter().map(|text| line(text)).collect::<Vec<_>>();
            region.draw(&lines_of(above), &lines_of(lines), *columns).unwrap();
        }
        region.finish(80).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_redraw_goes_up_by_what_was_drawn() {
        let text = frames(&[(&[], &["one", "two"], 80), (&["done"], &["three"], 80)]);
        assert!(text.contains("\u{1b}[2A"), "{text:?}");
        assert!(text.contains("done\r\n") || text.contains("done\n"), "{text:?}");
        assert!(text.ends_with("\u{1b}[1A\u{1b}[1G\u{1b}[J\u{1b}[?25h"), "{text:?}");
    }

    #[test]
    fn a_narrower_terminal_has_wrapped_the_lines() {
        let long = "x".repeat(70);
        let text = frames(&[(&[], &[&long, "b"], 80), (&[], &["c"], 40)]);
        assert!(text.contains("\u{1b}[3A"), "two rows for the long line, one for the short: {text:?}");
    }
}
