//! Differences of texts: carried out they give the new text, taken back the old one.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use edgecoder_agent::fuzzing::{carry_out, diff, take_back};
use edgecoder_agent::{Hunk, LineKind, Patch};

use super::Target;
use crate::draw::pieces;

pub(super) const TARGET: Target = Target {
    name: "patch",
    about: "differences: carried out and taken back, on other texts, and hunks that nobody made",
    words: WORDS,
    grammar: None,
    smoke_cases: 12_000,
    open: || Ok(Box::new(one)),
};

/// The old text, the new one, a text that somebody has changed meanwhile, and hunks from elsewhere.
fn one(data: &[u8]) -> Result<()> {
    let all: Vec<&[u8]> = pieces(data);
    let piece = |index: usize| all.get(index).copied().unwrap_or_default();
    let tree = |content: &[u8]| BTreeMap::from([("file".to_owned(), content.to_vec())]);
    let patch = diff(&tree(piece(0)), &tree(piece(1)));
    ensure!(serde_json::from_str::<Patch>(&serde_json::to_string(&patch)?)? == patch, "the patch reads otherwise");
    ensure!(patch.is_empty() == (piece(0) == piece(1)), "empty where something changed, or not where nothing did");
    if let (Ok(before), Ok(after)) = (std::str::from_utf8(piece(0)), std::str::from_utf8(piece(1)))
        && let [file] = patch.files.as_slice()
    {
        let applied = carry_out(before, &file.hunks);
        ensure!(applied.as_deref() == Ok(after), "carried out: {applied:?}");
        let back = take_back(after, file);
        ensure!(back.as_deref() == Ok(before), "taken back: {back:?}");
        ensure!(patch.unified().lines().count() >= 4, "a diff without lines");
    }
    let theirs = String::from_utf8_lossy(piece(2));
    for file in &patch.files {
        keeps_the_rest(&theirs, &file.hunks)?;
    }
    if let Ok(hunks) = serde_json::from_slice::<Vec<Hunk>>(piece(3)) {
        keeps_the_rest(&theirs, &hunks)?;
        for hunk in &hunks {
            ensure!(hunk.header().starts_with("@@ -"), "a header: {}", hunk.header());
        }
    }
    Ok(())
}

/// What hunks that fit make of a text has its bytes, without those they remove and with those they add.
fn keeps_the_rest(text: &str, hunks: &[Hunk]) -> Result<()> {
    let Ok(after) = carry_out(text, hunks) else { return Ok(()) };
    let bytes = |wanted: LineKind| {
        let lines = hunks.iter().flat_map(|hunk| &hunk.lines);
        lines.filter(|(kind, _)| *kind == wanted).map(|(_, line)| line.len()).sum::<usize>()
    };
    let expected = text.len() + bytes(LineKind::Add) - bytes(LineKind::Remove);
    ensure!(after.len() == expected, "{} bytes where {expected} are expected", after.len());
    Ok(())
}

const WORDS: &[&str] = &[
    "a\n",
    "b\n",
    "\n",
    "\r\n",
    "    return x\n",
    "def f():\n",
    "\"lines\":",
    "\"old_start\":",
    "\"new_start\":",
    "[\" \",\"a\\n\"]",
    "[\"+\",\"b\\n\"]",
    "[\"-\",\"a\\n\"]",
    "@@ -1 +1 @@",
    "\n====\n",
];
