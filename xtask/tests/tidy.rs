//! Goal: the rules hold for the project as it is. Method: run every check on the real files and crates.

use std::path::Path;

use xtask::{Tree, checks, graph};

#[test]
fn the_project_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tree = Tree::load(root).unwrap();
    assert!(tree.files.len() > 50, "git lists {} files only", tree.files.len());
    let problems = checks::all(&tree, &graph::load(root).unwrap());
    let text: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", text.join("\n"));
}
