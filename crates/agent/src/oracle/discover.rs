//! Test files of a repository.

use crate::workspace::Tree;

/// Whether the path is a test file, or a helper beside tests.
pub(crate) fn is_test_path(path: &str) -> bool {
    is_test_file(path) || path.split('/').rev().skip(1).any(|folder| folder == "tests" || folder == "test")
}

/// Whether the file's own name says that it holds tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some(stem) = name.strip_suffix(".py") else { return false };
    stem.starts_with("test_") || stem.ends_with("_test") || stem == "tests" || stem == "test"
}

/// What the repository offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Files to collect tests from.
    pub(crate) tests: Vec<String>,
    /// All files that belong to the oracle: tests, their helpers and data, and what steers test runners.
    pub(crate) oracle: Vec<String>,
}

/// Finds the test files. A `tests` folder whose files have other names counts when nothing else is there.
pub(crate) fn discover(tree: &Tree) -> Found {
    let steering = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        ["conftest.py", "pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "sitecustomize.py"].contains(&name)
    };
    let paths = || tree.iter().map(|(path, _)| path.clone());
    let mut tests: Vec<String> = paths().filter(|path| is_test_file(path)).collect();
    if tests.is_empty() {
        let plain = |path: &String| {
            let name = path.rsplit('/').next().unwrap_or(path);
            has_extension(path, "py") && is_test_path(path) && !steering(path) && !name.starts_with("__")
        };
        tests = paths().filter(plain).collect();
    }
    let oracle = paths().filter(|path| is_test_path(path) || steering(path)).collect();
    Found { tests, oracle }
}

/// Whether the path ends in this extension, in lower case.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_their_helpers_are_found() {
        let mut tree = Tree::default();
        for path in
            ["a.py", "test_a.py", "pkg/b_test.py", "tests/helper.py", "tests/data.txt", "conftest.py", "contest.py"]
        {
            tree = tree.with_text(path, "");
        }
        let found = discover(&tree);
        assert_eq!(found.tests, ["pkg/b_test.py", "test_a.py"]);
        assert_eq!(found.oracle, ["conftest.py", "pkg/b_test.py", "test_a.py", "tests/data.txt", "tests/helper.py"]);
        let other = Tree::default().with_text("tests/checks.py", "").with_text("tests/__init__.py", "");
        assert_eq!(discover(&other).tests, ["tests/checks.py"]);
        assert_eq!(discover(&Tree::default()), Found::default());
    }
}
