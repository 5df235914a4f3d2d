//! Every crate takes the workspace's lints.

use crate::{Package, Problem, Tree};

/// Problems: manifests without `[lints] workspace = true`.
pub fn check(tree: &Tree, packages: &[Package]) -> Vec<Problem> {
    let lacks = |package: &&Package| {
        let text = tree.find(&package.manifest).map_or("", |file| file.text.as_str());
        let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
        !lines.by_ref().take_while(|line| !line.starts_with('[')).any(|line| line == "workspace = true")
    };
    packages
        .iter()
        .filter(lacks)
        .map(|package| Problem::whole(&package.manifest, "has no [lints] with workspace = true"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_without_lints_fails() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\n\n[lints]\n[dependencies]\nworkspace = true\n"),
        ]);
        let problems = check(&tree, &[Package::of("a", &[]), Package::of("b", &[])]);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].place, "crates/b/Cargo.toml");
    }
}
