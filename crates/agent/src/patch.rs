//! The result of a run: hunks against the checkpoint.

pub(crate) mod apply;
pub(crate) mod files;
pub(crate) mod transaction;

use std::collections::VecDeque;

use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use crate::workspace::Tree;

/// Lines of context around a hunk.
const CONTEXT: usize = 3;

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The file is new.
    Create,
    /// Lines change.
    Modify,
    /// The file goes away.
    Delete,
}

/// What a line of a hunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// In both versions.
    #[serde(rename = " ")]
    Context,
    /// In the old version only.
    #[serde(rename = "-")]
    Remove,
    /// In the new version only.
    #[serde(rename = "+")]
    Add,
}

/// Lines that change together, with their surroundings. Texts keep their line ends, or their lack of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// First line in the old version, from 0.
    pub old_start: usize,
    /// First line in the new version, from 0.
    pub new_start: usize,
    /// The lines.
    pub lines: Vec<(LineKind, String)>,
}

impl Hunk {
    /// The lines of the old version.
    pub(crate) fn old(&self) -> Vec<&str> {
        self.side(LineKind::Remove)
    }

    /// The lines of the new version.
    pub(crate) fn new_lines(&self) -> Vec<&str> {
        self.side(LineKind::Add)
    }

    fn side(&self, own: LineKind) -> Vec<&str> {
        let of_side = |(kind, _): &&(LineKind, String)| *kind == LineKind::Context || *kind == own;
        self.lines.iter().filter(of_side).map(|(_, text)| text.as_str()).collect()
    }

    /// The `@@` line.
    pub fn header(&self) -> String {
        let range = |start: usize, count: usize| {
            let start = if count == 0 { start } else { start.saturating_add(1) };
            if count == 1 { start.to_string() } else { format!("{start},{count}") }
        };
        format!("@@ -{} +{} @@", range(self.old_start, self.old().len()), range(self.new_start, self.new_lines().len()))
    }

    /// The hunk that takes this one back.
    pub(crate) fn reversed(&self) -> Self {
        let flip = |(kind, text): &(LineKind, String)| {
            let kind = match kind {
                LineKind::Context => LineKind::Context,
                LineKind::Remove => LineKind::Add,
                LineKind::Add => LineKind::Remove,
            };
            (kind, text.clone())
        };
        Self { old_start: self.new_start, new_start: self.old_start, lines: self.lines.iter().map(flip).collect() }
    }
}

/// The change of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    /// The file, relative to the repository.
    pub path: String,
    /// What happens to it.
    pub kind: ChangeKind,
    /// Digest of the checkpoint's bytes; `None` for a new file.
    pub before: Option<Digest>,
    /// Digest of the final bytes; `None` for a deleted file.
    pub after: Option<Digest>,
    /// The hunks, in ascending order.
    pub hunks: Vec<Hunk>,
}

/// All changes of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// By file, in ascending order of path.
    pub files: Vec<FilePatch>,
}

impl Patch {
    /// The patch that turns one tree into another.
    pub(crate) fn between(before: &Tree, after: &Tree) -> Self {
        let mut files = Vec::new();
        for (path, old) in before.iter() {
            match after.get(path) {
                Some(new) if new.digest != old.digest => {
                    let hunks = hunks(&text(&old.content), &text(&new.content));
                    files.push(FilePatch {
                        path: path.clone(),
                        kind: ChangeKind::Modify,
                        before: Some(old.digest),
                        after: Some(new.digest),
                        hunks,
                    });
                }
                Some(_) => {}
                None => files.push(FilePatch {
                    path: path.clone(),
                    kind: ChangeKind::Delete,
                    before: Some(old.digest),
                    after: None,
                    hunks: hunks(&text(&old.content), ""),
                }),
            }
        }
        let added = after.iter().filter(|(path, _)| before.get(path).is_none());
        files.extend(added.map(|(path, new)| FilePatch {
            path: path.clone(),
            kind: ChangeKind::Create,
            before: None,
            after: Some(new.digest),
            hunks: hunks("", &text(&new.content)),
        }));
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Self { files }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The unified diff, as git and patch read it.
    pub fn unified(&self) -> String {
        let mut out = String::new();
        for file in &self.files {
            let (old, new) = match file.kind {
                ChangeKind::Create => ("/dev/null".to_owned(), format!("b/{}", file.path)),
                ChangeKind::Modify => (format!("a/{}", file.path), format!("b/{}", file.path)),
                ChangeKind::Delete => (format!("a/{}", file.path), "/dev/null".to_owned()),
            };
            out.extend(["--- ", &old, "\n+++ ", &new, "\n"]);
            for hunk in &file.hunks {
                out.push_str(&hunk.header());
                out.push('\n');
                for (kind, text) in &hunk.lines {
                    out.push(match kind {
                        LineKind::Context => ' ',
                        LineKind::Remove => '-',
                        LineKind::Add => '+',
                    });
                    out.push_str(text);
                    if !text.ends_with('\n') {
                        out.push_str("\n\\ No newline at end of file\n");
                    }
                }
            }
        }
        out
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The lines of a text, ends included. Only `\n` ends a line, so that every byte belongs to one.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let (old, new) = (lines(old), lines(new));
    let diff = TextDiff::from_slices(&old, &new);
    // The places are counted here: those that the differ gives for the other side of a change may be off.
    let (mut old_at, mut new_at, mut since) = (0, 0, usize::MAX);
    let (mut found, mut before): (Vec<Hunk>, VecDeque<String>) = (Vec::new(), VecDeque::new());
    for change in diff.iter_all_changes() {
        let text = change.value().to_owned();
        let (kind, in_old, in_new) = match change.tag() {
            ChangeTag::Equal => (LineKind::Context, 1, 1),
            ChangeTag::Delete => (LineKind::Remove, 1, 0),
            ChangeTag::Insert => (LineKind::Add, 0, 1),
        };
        if kind == LineKind::Context {
            since = since.saturating_add(1);
            match found.last_mut() {
                Some(hunk) if since <= CONTEXT => hunk.lines.push((kind, text)),
                _ => before.push_back(text),
            }
            // As much as a hunk can need before its first change.
            if before.len() > CONTEXT {
                before.pop_front();
            }
        } else {
            let gap = before.drain(..).map(|text| (LineKind::Context, text));
            match found.last_mut() {
                Some(hunk) if since <= 2 * CONTEXT => hunk.lines.extend(gap),
                _ => {
                    let lines: Vec<_> = gap.collect();
                    let (old_start, new_start) = (old_at - lines.len(), new_at - lines.len());
                    found.push(Hunk { old_start, new_start, lines });
                }
            }
            since = 0;
            if let Some(hunk) = found.last_mut() {
                hunk.lines.push((kind, text));
            }
        }
        old_at += in_old;
        new_at += in_new;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diff_reads_as_git_writes_it() {
        let before = Tree::default().with_text("a.py", "1\n2\n3\n4\n5\n6\n7\n8\n9").with_text("gone.py", "x\n");
        let after = Tree::default().with_text("a.py", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n").with_text("new.py", "y\n");
        let patch = Patch::between(&before, &after);
        assert_eq!(
            patch.unified(),
            "--- a/a.py\n+++ b/a.py\n@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n-9\n\\ No newline at end of file\n+9\n\
             --- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+y\n"
        );
        assert!(Patch::between(&before, &before).is_empty());
        let json = serde_json::to_string(&patch).unwrap();
        assert_eq!(serde_json::from_str::<Patch>(&json).unwrap(), patch);
    }
}
