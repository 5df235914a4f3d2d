//! A set of files in memory, each known by its digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgecoder_types::{Digest, FileRole, SourceFile};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::AgentError;

/// SHA-256 of the bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its bytes.
    pub(crate) content: Arc<[u8]>,
    /// Their digest.
    pub(crate) digest: Digest,
    /// Whether its owner may execute it.
    pub(crate) executable: bool,
}

impl Entry {
    pub(crate) fn new(content: &[u8], executable: bool) -> Self {
        Self { content: Arc::from(content), digest: digest_of(content), executable }
    }

    /// The text, if it is UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.content).ok()
    }
}

/// One line of a stored tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryRecord {
    pub(crate) digest: Digest,
    #[serde(default)]
    pub(crate) executable: bool,
}

/// Files by path. Paths are relative, `/`-separated, without `.` or `..` parts; iteration is in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<String, Entry>);

impl Tree {
    /// The file at this path.
    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.0.get(path)
    }

    /// The text of the file at this path, if there is one and it is UTF-8.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).and_then(Entry::text)
    }

    /// All files in ascending order of path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.0.iter()
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds or replaces a file.
    pub(crate) fn insert(&mut self, path: &str, entry: Entry) {
        self.0.insert(path.to_owned(), entry);
    }

    /// The same tree with one text changed; keeps the file's mode.
    pub(crate) fn with_text(&self, path: &str, text: &str) -> Self {
        let mut changed = self.clone();
        let executable = self.get(path).is_some_and(|entry| entry.executable);
        changed.insert(path, Entry::new(text.as_bytes(), executable));
        changed
    }

    /// Digests and modes, for storing.
    pub(crate) fn records(&self) -> BTreeMap<String, EntryRecord> {
        let record = |entry: &Entry| EntryRecord { digest: entry.digest, executable: entry.executable };
        self.0.iter().map(|(path, entry)| (path.clone(), record(entry))).collect()
    }

    /// The files of a run request.
    pub(crate) fn source_files(&self, role: impl Fn(&str) -> FileRole) -> Vec<SourceFile> {
        let file = |(path, entry): (&String, &Entry)| SourceFile {
            path: path.clone(),
            content: entry.content.to_vec(),
            role: role(path),
        };
        self.0.iter().map(file).collect()
    }
}

/// Checks that a path is plain and relative and stays inside.
///
/// # Errors
/// [`AgentError::UnsafePath`] otherwise.
pub(crate) fn check_path(path: &str) -> Result<(), AgentError> {
    let wrong = |why| Err(AgentError::UnsafePath { path: path.chars().take(200).collect(), why });
    if path.is_empty() {
        return wrong("it is empty");
    }
    if path.starts_with('/') || path.contains('\\') {
        return wrong("it is absolute or has a backslash");
    }
    if path.chars().any(char::is_control) {
        return wrong("it holds a control character");
    }
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return wrong("it has an empty, `.` or `..` part");
        }
        if part.eq_ignore_ascii_case(".git") {
            return wrong("it leads into .git");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_or_confuse_are_refused() {
        for path in ["a.py", "a/b.py", "a b/ü.py", "..a/b..", ".github/x"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", "/a", "a//b", "./a", "a/../b", "..", "a\\b", "a\0b", "a\nb", ".git/config", "x/.GIT/hooks"] {
            assert!(matches!(check_path(path), Err(AgentError::UnsafePath { .. })), "{path:?}");
        }
    }
}
