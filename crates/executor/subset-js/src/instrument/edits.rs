//! Insertions and replacements in a text, by offset.

use oxc_span::Span;

/// Changes to one text. Those of an outer node are made before those of the nodes in it.
pub(crate) struct Edits {
    /// Where, before (false) or after (true) what else is at the place, in which order, how much goes, what comes.
    list: Vec<(usize, Order, usize, String)>,
    blanks: Vec<(usize, usize)>,
    count: i64,
}

/// Order at one place: what ends there, innermost first; then what begins there, outermost first.
type Order = (bool, i64);

impl Edits {
    pub(crate) fn new(_text: &str) -> Self {
        Self { list: Vec::new(), blanks: Vec::new(), count: 0 }
    }

    fn next(&mut self) -> i64 {
        self.count += 1;
        self.count
    }

    /// Inserts what opens a node.
    pub(crate) fn open(&mut self, at: usize, text: String) {
        let order = (true, self.next());
        self.list.push((at, order, 0, text));
    }

    /// Inserts what closes a node.
    pub(crate) fn close(&mut self, at: usize, text: String) {
        let order = (false, -self.next());
        self.list.push((at, order, 0, text));
    }

    /// Replaces an operator. Nothing else begins there; what ends there ends before it.
    pub(crate) fn replace(&mut self, at: usize, length: usize, text: &str) {
        let order = (true, self.next());
        self.list.push((at, order, length, text.to_owned()));
    }

    /// Makes a comment blank, but for its line ends.
    pub(crate) fn blank(&mut self, span: Span) {
        let offset = |value: u32| usize::try_from(value).unwrap_or(0);
        self.blanks.push((offset(span.start), offset(span.end)));
    }

    /// The changed text.
    pub(crate) fn apply(mut self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for (from, to) in self.blanks {
            for byte in bytes.get_mut(from..to).unwrap_or_default() {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        self.list.sort_by_key(|edit| (edit.0, edit.1));
        let mut out = Vec::with_capacity(bytes.len() + 16 * self.list.len());
        let mut done = 0;
        for (at, _, length, new) in self.list {
            out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
            out.extend_from_slice(new.as_bytes());
            done = done.max(at + length);
        }
        out.extend_from_slice(bytes.get(done..).unwrap_or_default());
        String::from_utf8(out).unwrap_or_default()
    }
}
