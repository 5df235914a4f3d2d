//! Files stay small enough to be read at one sitting.

use crate::tree::has_ending;
use crate::{Problem, SourceText, Tree};

/// Lines of a file that is not for tests, at most.
const LINES_MAX: usize = 600;
/// Lines wanted.
const LINES_WANTED: usize = 400;
/// Lines of a test file, at most.
const TEST_LINES_MAX: usize = 1_000;

fn is_code(file: &SourceText) -> bool {
    let endings = ["rs", "py", "sh"];
    !file.is_material() && (endings.iter().any(|ending| has_ending(&file.path, ending)) || file.path == "Makefile")
}

/// Problems: files over the limit.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let over = |file: &SourceText| {
        let max = if file.is_test() { TEST_LINES_MAX } else { LINES_MAX };
        let lines = file.text.lines().count();
        (lines > max).then(|| Problem::whole(&file.path, format!("has {lines} lines; at most {max}")))
    };
    tree.files.iter().filter(|file| is_code(file)).filter_map(over).collect()
}

/// No problems yet: files longer than wanted, longest first.
pub fn long_files(tree: &Tree) -> Vec<(usize, &str)> {
    let mut long: Vec<_> = tree
        .files
        .iter()
        .filter(|file| is_code(file) && !file.is_test())
        .map(|file| (file.text.lines().count(), file.path.as_str()))
        .filter(|(lines, _)| *lines > LINES_WANTED)
        .collect();
    long.sort_by(|a, b| b.cmp(a));
    long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_fail_and_tests_may_be_longer() {
        let long = "x\n".repeat(601);
        let tree = Tree::of(&[
            ("crates/a/src/a.rs", &long),
            ("crates/a/tests/b.rs", &long),
            ("examples/c/c.py", &long),
            ("crates/a/src/d.rs", "x\n"),
        ]);
        let places: Vec<_> = check(&tree).into_iter().map(|problem| problem.place).collect();
        assert_eq!(places, ["crates/a/src/a.rs"]);
        assert_eq!(long_files(&tree), [(601, "crates/a/src/a.rs")]);
    }

    #[test]
    fn tests_have_a_limit_too() {
        let tree = Tree::of(&[("crates/a/tests/b.rs", &"x\n".repeat(1_001))]);
        assert_eq!(check(&tree).len(), 1);
    }
}
