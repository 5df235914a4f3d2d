//! A bound that nobody checks is no bound: every `const …_MAX` is used.

use crate::{Problem, Tree};

/// Problems: bounds that stand only where they are defined.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        for (number, line) in file.lines() {
            if let Some(name) = defined(line)
                && !is_used(tree, &file.path, number, name)
            {
                problems.push(Problem::at(&file.path, number, format!("{name} is never used")));
            }
        }
    }
    problems
}

/// The name, when the line defines a bound.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
    let name = line.strip_prefix("const ")?.split_once(':')?.0.trim();
    name.ends_with("_MAX").then_some(name)
}

fn is_used(tree: &Tree, path: &str, defined_at: usize, name: &str) -> bool {
    tree.rust().any(|file| {
        file.lines().any(|(number, line)| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains(name) && !(file.path == path && number == defined_at) && defined(line) != Some(name)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_bound_fails() {
        let tree = Tree::of(&[
            ("a.rs", "pub const A_MAX: usize = 1;\nconst B_MAX: usize = 2;\n// B_MAX\nlet x = B_MAX;\n"),
            ("b.rs", "// A_MAX is only named here\n"),
        ]);
        assert_eq!(check(&tree), [Problem::at("a.rs", 1, "A_MAX is never used")]);
    }
}
