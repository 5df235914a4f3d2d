//! A stream of bytes as lines, and the lines of server-sent events as their data.

/// Longest line, in bytes. A token with everything that servers put around it is far below.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// Splits at line ends. Holds back what is no whole line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

/// A line had more than [`LINE_BYTES_MAX`] bytes, or was no UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadLine(pub(super) &'static str);

impl Lines {
    /// Takes bytes, gives the lines that are whole now, without their ends. A bad one is the last: what stands before it
    /// counts, however the bytes came.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Result<String, BadLine>> {
        let mut found = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.rest.len() + piece.len() > LINE_BYTES_MAX {
                found.push(Err(BadLine("a line without end")));
                break;
            }
            self.rest.extend_from_slice(piece);
            if self.rest.last() == Some(&b'\n') {
                self.rest.pop();
                if self.rest.last() == Some(&b'\r') {
                    self.rest.pop();
                }
                let line = String::from_utf8(std::mem::take(&mut self.rest));
                let is_bad = line.is_err();
                found.push(line.map_err(|_| BadLine("a line that is no UTF-8")));
                if is_bad {
                    break;
                }
            }
        }
        found
    }

    /// What stands after the last line end, where the stream has ended.
    pub(super) fn finish(&mut self) -> Result<Option<String>, BadLine> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        String::from_utf8(std::mem::take(&mut self.rest)).map(Some).map_err(|_| BadLine("a line that is no UTF-8"))
    }
}

/// Collects the data of server-sent events. Source: the HTML standard, 9.2.6; event names and ids are of no interest here.
#[derive(Debug, Default)]
pub(super) struct Events {
    data: Option<String>,
}

impl Events {
    /// Takes a line; gives an event's data when the line ends one.
    pub(super) fn push(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return self.data.take();
        }
        let value = line.strip_prefix("data:")?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        None
    }

    /// The data of an event that its stream did not end with an empty line.
    pub(super) fn finish(&mut self) -> Option<String> {
        self.data.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_bytes_fall() {
        let text = "one\r\n\ntwo €\nrest";
        for cut in 0..text.len() {
            let mut lines = Lines::default();
            let (left, right) = text.as_bytes().split_at(cut);
            let found = [lines.push(left), lines.push(right)].concat();
            let found: Vec<String> = found.into_iter().map(Result::unwrap).collect();
            assert_eq!(found, ["one", "", "two €"]);
            assert_eq!(lines.finish().unwrap().as_deref(), Some("rest"));
            assert_eq!(lines.finish(), Ok(None));
        }
        assert_eq!(Lines::default().push(&vec![b'x'; LINE_BYTES_MAX + 1]), [Err(BadLine("a line without end"))]);
        let mut slow = Lines::default();
        assert!((0..=LINE_BYTES_MAX / 1024).any(|_| !slow.push(&[b'x'; 1024]).is_empty()));
    }

    #[test]
    fn a_bad_line_takes_nothing_from_those_before_it() {
        let found = Lines::default().push(b"one\n\xff\nthree\n");
        assert_eq!(found, [Ok("one".to_owned()), Err(BadLine("a line that is no UTF-8"))]);
        let huge = [b"one\n", vec![b'x'; LINE_BYTES_MAX + 1].as_slice()].concat();
        assert_eq!(Lines::default().push(&huge), [Ok("one".to_owned()), Err(BadLine("a line without end"))]);
    }

    #[test]
    fn events_are_their_data() {
        let mut events = Events::default();
        let lines = [": ping", "event: x", "data: a", "data:b", "", "", "id: 1", "data:  c", ""];
        let found: Vec<String> = lines.iter().filter_map(|line| events.push(line)).collect();
        assert_eq!(found, ["a\nb", " c"]);
        assert_eq!(events.push("data: d"), None);
        assert_eq!(events.finish().as_deref(), Some("d"));
    }
}
