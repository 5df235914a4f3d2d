//! Doors for the project's fuzz targets to what is private here. Nothing else uses them.

use std::collections::BTreeMap;

use crate::patch::{FilePatch, Hunk, Patch, apply};
use crate::python::{
    functions::{Block, blocks},
    parse,
};
use crate::search::{chat, extract};
use crate::workspace::Tree;
use crate::workspace::tree::Entry;

/// The patch that turns one set of files into another.
pub fn diff(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Patch {
    let tree = |files: &BTreeMap<String, Vec<u8>>| {
        let mut tree = Tree::default();
        for (path, content) in files {
            tree.insert(path, Entry::new(content, false));
        }
        tree
    };
    Patch::between(&tree(before), &tree(after))
}

/// The text with the hunks carried out, or why they do not fit.
///
/// # Errors
/// What differs.
pub fn carry_out(text: &str, hunks: &[Hunk]) -> Result<String, String> {
    apply::carry_out(text, hunks).map_err(|misfit| misfit.why)
}

/// The text with the file's hunks taken back, or why they do not fit.
///
/// # Errors
/// What differs.
pub fn take_back(text: &str, file: &FilePatch) -> Result<String, String> {
    apply::take_back(text, file).map_err(|misfit| misfit.why)
}

/// Functions, methods and classes of a module by qualified name, in source order. `None`: it is no Python.
pub fn functions(source: &str) -> Option<Vec<String>> {
    let module = parse(source)?;
    Some(blocks(source, &module).iter().map(Block::qualified_name).collect())
}

/// Most functions that are written anew from one answer.
const BLOCKS_MAX: usize = 6;

/// The source with each of its first functions written anew from a model's text: its name, and the whole source.
pub fn bodies(answer: &str, source: &str) -> Vec<(String, String)> {
    let Some(module) = parse(source) else { return Vec::new() };
    let mut found = Vec::new();
    for block in blocks(source, &module).into_iter().take(BLOCKS_MAX) {
        let begun = block.indent.clone();
        for body in [chat::body_of(answer, &block), extract::body_of(answer, &begun, &block)].into_iter().flatten() {
            found.push((block.qualified_name(), block.with_body(source, &body)));
        }
    }
    found
}
