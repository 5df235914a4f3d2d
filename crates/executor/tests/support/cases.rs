//! Cases of tests that lie in text files: `=== NAME`, then parts that begin with `--- HEADING`.

#![allow(dead_code, unreachable_pub, missing_debug_implementations, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test's support fails by panicking")]

/// One case.
pub struct Case {
    pub name: String,
    /// Headings and texts.
    pub parts: Vec<(String, String)>,
}

impl Case {
    /// The text under a heading.
    pub fn part(&self, heading: &str) -> Option<&str> {
        self.parts.iter().find(|(head, _)| head == heading).map(|(_, text)| text.as_str())
    }
}

/// All cases of a file's text.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            cases.push(Case { name: name.to_owned(), parts: Vec::new() });
        } else if let Some(heading) = line.strip_prefix("--- ") {
            cases.last_mut().unwrap().parts.push((heading.to_owned(), String::new()));
        } else if let Some((_, text)) = cases.last_mut().and_then(|case| case.parts.last_mut()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
}
