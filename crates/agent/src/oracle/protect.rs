//! Files that a candidate may not touch, whatever it says.

use super::Oracle;
use crate::error::AgentError;
use crate::workspace::Tree;

/// Files that steer how tests are found or run, by their last path part.
const STEERING: [&str; 12] = [
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "noxfile.py",
    "pyproject.toml",
    "sitecustomize.py",
    "usercustomize.py",
    "makefile",
    "unittest.cfg",
];

/// Modules of Python and of test runners that a local file of the same name would replace.
const SHADOWED: [&str; 10] =
    ["unittest", "pytest", "_pytest", "doctest", "builtins", "sys", "os", "importlib", "runpy", "encodings"];

/// Whether a change to this path could change the verdict without changing the program.
pub(crate) fn is_protected(path: &str, oracle: &Oracle) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let module = name.strip_suffix(".py").unwrap_or(&name);
    let top = path.split('/').next().unwrap_or(path);
    oracle.role(path) == edgecoder_types::FileRole::Oracle
        || STEERING.contains(&name.as_str())
        || ["pth", "pyc", "so"].iter().any(|extension| super::discover::has_extension(&name, extension))
        || SHADOWED.contains(&module)
        || SHADOWED.contains(&top)
        || super::discover::is_test_path(path)
}

/// Checks a whole candidate tree against the checkpoint: every path it adds, changes or removes
/// has to be free, and every file of the oracle has to be there, unchanged.
///
/// # Errors
/// [`AgentError::Protected`] with the first offending path.
pub(crate) fn check_candidate(checkpoint: &Tree, candidate: &Tree, oracle: &Oracle) -> Result<(), AgentError> {
    let refuse = |path: &str| Err(AgentError::Protected { path: path.to_owned() });
    for (path, entry) in candidate.iter() {
        let changed = checkpoint.get(path) != Some(entry);
        if changed {
            crate::workspace::tree::check_path(path)?;
            if is_protected(path, oracle) {
                return refuse(path);
            }
        }
    }
    for (path, _) in checkpoint.iter() {
        if candidate.get(path).is_none() {
            return refuse(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::OracleKind;
    use edgecoder_types::TestPlan;

    #[test]
    fn everything_that_decides_is_protected() {
        let oracle = Oracle {
            plan: TestPlan::Files(vec!["checks/a.py".into()]),
            files: vec!["checks/a.py".into()],
            added: vec![("test_task.py".into(), String::new())],
            ..Oracle::new(OracleKind::Repository)
        };
        for path in [
            "checks/a.py",
            "test_task.py",
            "conftest.py",
            "a/conftest.py",
            "pytest.ini",
            "setup.cfg",
            "tox.ini",
            "pyproject.toml",
            "sitecustomize.py",
            "lib/usercustomize.py",
            "x.pth",
            "tests/helper.py",
            "test_new.py",
            "a/b_test.py",
            "unittest.py",
            "unittest/__init__.py",
            "pytest.py",
            "Makefile",
        ] {
            assert!(is_protected(path, &oracle), "{path}");
        }
        for path in ["a.py", "pkg/contest.py", "checks/b.py", "latest.py", "attest/run.py"] {
            assert!(!is_protected(path, &oracle), "{path}");
        }
        let tree = Tree::default().with_text("a.py", "1").with_text("checks/a.py", "assert 0");
        assert!(check_candidate(&tree, &tree.with_text("a.py", "2"), &oracle).is_ok());
        assert!(check_candidate(&tree, &tree.with_text("checks/a.py", ""), &oracle).is_err());
        assert!(check_candidate(&tree, &tree.with_text("../x.py", ""), &oracle).is_err());
        assert!(check_candidate(&tree, &Tree::default().with_text("a.py", "1"), &oracle).is_err());
    }
}
