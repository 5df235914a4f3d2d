//! From tokens' bytes to text: whole characters only, ended before the first stop text, and nothing given out that might
//! still turn out to be the start of one.

/// Text of one sequence as it grows.
#[derive(Debug)]
pub(crate) struct TextStream<'stop> {
    stops: &'stop [String],
    /// Bytes of a character that is not complete yet.
    bytes: Vec<u8>,
    text: String,
    /// How much of `text` was given out.
    released: usize,
}

impl<'stop> TextStream<'stop> {
    pub(crate) fn new(stops: &'stop [String]) -> Self {
        Self { stops, bytes: Vec::new(), text: String::new(), released: 0 }
    }

    /// Takes a token's bytes. True when a stop text is complete: the text now ends before it.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        let before = self.text.len();
        self.take_whole_characters();
        self.stop_within(before)
    }

    /// Text that can be shown now and was not given out before.
    pub(crate) fn release(&mut self) -> Option<String> {
        let end = self.text.len() - self.held();
        self.release_to(end)
    }

    /// Ends the text: what was held back is given out, an incomplete character as U+FFFD.
    pub(crate) fn finish(&mut self) -> Option<String> {
        if !self.bytes.is_empty() {
            self.bytes.clear();
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        self.release_to(self.text.len())
    }

    /// The text so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn release_to(&mut self, end: usize) -> Option<String> {
        let fresh = self.text.get(self.released..end).filter(|fresh| !fresh.is_empty())?.to_owned();
        self.released = end;
        Some(fresh)
    }

    fn take_whole_characters(&mut self) {
        loop {
            match std::str::from_utf8(&self.bytes) {
                Ok(whole) => {
                    self.text.push_str(whole);
                    self.bytes.clear();
                    return;
                }
                Err(error) => {
                    let (whole, rest) = self.bytes.split_at(error.valid_up_to());
                    self.text.push_str(&String::from_utf8_lossy(whole));
                    let Some(wrong) = error.error_len() else {
                        self.bytes = rest.to_vec();
                        return;
                    };
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    self.bytes = rest.get(wrong..).unwrap_or_default().to_vec();
                }
            }
        }
    }

    /// Ends the text before the stop that was complete first. Only what came after `before` can have completed one.
    fn stop_within(&mut self, before: usize) -> bool {
        let first = self
            .stops
            .iter()
            .filter_map(|stop| {
                let mut from = before.saturating_sub(stop.len()).max(self.released.min(before));
                while !self.text.is_char_boundary(from) {
                    from -= 1;
                }
                let start = from + self.text.get(from..)?.find(stop.as_str())?;
                Some((start + stop.len(), start))
            })
            .min();
        if let Some((_, start)) = first {
            self.text.truncate(start);
            self.bytes.clear();
        }
        first.is_some()
    }

    /// Bytes at the end that may be the start of a stop text.
    fn held(&self) -> usize {
        let tail = self.text.as_bytes();
        self.stops
            .iter()
            .flat_map(|stop| {
                (1..stop.len()).filter(|length| stop.is_char_boundary(*length)).map(|length| stop.split_at(length).0)
            })
            .filter(|start| tail.ends_with(start.as_bytes()))
            .map(str::len)
            .max()
            .unwrap_or(0)
            .min(self.text.len() - self.released)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stops: &[&str], pieces: &[&[u8]]) -> (String, Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut stream = TextStream::new(&stops);
        let mut shown = Vec::new();
        let mut stopped = false;
        for piece in pieces {
            stopped = stream.push(piece);
            if stopped {
                break;
            }
            shown.extend(stream.release());
        }
        shown.extend(stream.finish());
        (stream.into_text(), shown, stopped)
    }

    #[test]
    fn a_character_split_over_tokens_comes_out_whole() {
        let euro = "€".as_bytes();
        let (text, shown, _) = run(&[], &[b"a", &euro[..1], &euro[1..2], &euro[2..], b"b"]);
        assert_eq!(text, "a€b");
        assert_eq!(shown, ["a", "€", "b"]);
    }

    #[test]
    fn broken_bytes_become_replacement_characters() {
        assert_eq!(run(&[], &[b"a\xffb\xe2\x82"]).0, "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn a_stop_may_span_tokens_and_is_never_shown() {
        let (text, shown, stopped) = run(&["\ndef "], &[b"x = 1", b"\n", b"de", b"f ", b"more"]);
        assert_eq!((text.as_str(), stopped), ("x = 1", true));
        assert_eq!(shown.concat(), "x = 1");
    }

    #[test]
    fn what_was_held_back_is_given_out_when_it_was_no_stop() {
        let (text, shown, stopped) = run(&["\ndef "], &[b"x", b"\nd", b"one", b"\nde"]);
        assert_eq!((text.as_str(), stopped), ("x\ndone\nde", false));
        assert_eq!(shown, ["x", "\ndone", "\nde"]);
    }

    #[test]
    fn the_stop_that_completes_first_wins_however_tokens_fall() {
        let text = b"one two three";
        for cut in 0..text.len() {
            let (got, shown, stopped) = run(&["two three", "wo"], &[&text[..cut], &text[cut..]]);
            assert_eq!((got.as_str(), stopped), ("one t", true), "cut at {cut}");
            assert_eq!(shown.concat(), "one t");
        }
    }

    #[test]
    fn a_stop_right_at_the_start_leaves_nothing() {
        assert_eq!(run(&["a"], &[b"abc"]), (String::new(), Vec::new(), true));
    }
}
