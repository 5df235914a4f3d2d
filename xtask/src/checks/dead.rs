//! Every source file is part of some crate.

use crate::{Problem, Tree};

/// Problems: files under `src` that no `mod` reaches.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let dead = |path: &str| {
        let (folder, name) = path.rsplit_once('/')?;
        let name = name.strip_suffix(".rs")?;
        if !format!("{folder}/").contains("/src/") || ["lib", "main", "build"].contains(&name) {
            return None;
        }
        if folder.ends_with("/src/bin") {
            return None;
        }
        let parents = if name == "mod" {
            return None;
        } else if folder.ends_with("/src") {
            vec![format!("{folder}/lib.rs"), format!("{folder}/main.rs")]
        } else {
            vec![format!("{folder}.rs"), format!("{folder}/mod.rs")]
        };
        let (root, inside) = path.split_at(path.find("/src/")? + 1);
        let manifest = tree.find(&format!("{root}Cargo.toml"));
        if manifest.is_some_and(|manifest| manifest.text.contains(&format!("path = \"{inside}\""))) {
            return None;
        }
        let declares = |parent: &String| tree.find(parent).is_some_and(|file| declares(&file.text, name));
        (!parents.iter().any(declares)).then(|| Problem::whole(path, "is part of no crate: nothing declares it"))
    };
    tree.rust().filter_map(|file| dead(&file.path)).collect()
}

fn declares(text: &str, name: &str) -> bool {
    let wanted = format!("mod {name};");
    text.lines().any(|line| line.trim_start().ends_with(&wanted) || line.contains(&format!("\"{name}.rs\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_declares_fails() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "pub mod b;\nmod c;\n"),
            ("crates/a/src/b.rs", "mod inner;\n"),
            ("crates/a/src/b/inner.rs", ""),
            ("crates/a/src/b/lost.rs", ""),
            ("crates/a/src/c.rs", ""),
            ("crates/a/src/d.rs", ""),
            ("crates/a/src/tool.rs", ""),
            ("crates/a/Cargo.toml", "[[bin]]\npath = \"src/tool.rs\"\n"),
        ]);
        let places: Vec<_> = check(&tree).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["crates/a/src/b/lost.rs", "crates/a/src/d.rs"]);
    }
}
