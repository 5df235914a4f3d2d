//! Which files a verdict can hang on: the tests, what steers them, and what these import.

use std::collections::BTreeSet;

use edgecoder_types::TestPlan;

use super::Oracle;
use crate::python::names::{self, Import};
use crate::python::parse;
use crate::search::target::mentions;
use crate::workspace::Tree;

/// The files of the tree that the tests need, and those that the user named. Imports that are built at run time are not
/// seen.
pub(crate) fn needed(tree: &Tree, oracle: &Oracle, task: &str, file: Option<&str>) -> BTreeSet<String> {
    let mut open: Vec<String> = match &oracle.plan {
        TestPlan::Files(files) | TestPlan::Selected(files) | TestPlan::Collect(files) => files.clone(),
        TestPlan::Command(_) | TestPlan::None => Vec::new(),
    };
    open.extend(oracle.added.iter().map(|(path, _)| path.clone()));
    open.extend(file.map(str::to_owned));
    let is_named = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name == "conftest.py" || name == "sitecustomize.py" || mentions(task, name)
    };
    open.extend(tree.iter().map(|(path, _)| path).filter(|path| is_named(path)).cloned());
    let mut found = BTreeSet::new();
    while let Some(path) = open.pop() {
        let added = oracle.added.iter().find(|(added, _)| *added == path).map(|(_, text)| text.as_str());
        let module = added.or_else(|| tree.text(&path)).and_then(parse);
        if !found.insert(path.clone()) {
            continue;
        }
        for import in module.iter().flat_map(names::imports) {
            open.extend(files_of(tree, &path, &import));
        }
    }
    found
}

/// Every file of the tree that this import may run: the module, a submodule of its name, and the packages above.
fn files_of(tree: &Tree, path: &str, import: &Import) -> Vec<String> {
    let folders: Vec<&str> = path.rsplit_once('/').map(|(folder, _)| folder.split('/').collect()).unwrap_or_default();
    let mut starts: Vec<String> = Vec::new();
    if import.level == 0 {
        // A test runner puts the folder of a test, or one above it, on the path.
        starts.extend((0..=folders.len()).filter_map(|depth| folders.get(..depth)).map(|parts| parts.join("/")));
        starts.push("src".to_owned());
    } else {
        let up = usize::try_from(import.level - 1).unwrap_or(usize::MAX);
        starts
            .extend(folders.len().checked_sub(up).and_then(|depth| folders.get(..depth)).map(|parts| parts.join("/")));
    }
    let dotted = import.module.split('.').chain(import.name.as_deref()).filter(|part| !part.is_empty());
    let mut found = Vec::new();
    let mut step = |place: &str| {
        for file in [format!("{place}.py"), format!("{place}/__init__.py")] {
            let file = file.trim_start_matches('/').to_owned();
            if tree.get(&file).is_some() {
                found.push(file);
            }
        }
    };
    for start in starts {
        let mut place = start;
        step(&place);
        for part in dotted.clone() {
            place = if place.is_empty() { part.to_owned() } else { format!("{place}/{part}") };
            step(&place);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::OracleKind;

    #[test]
    fn the_needed_files_are_those_that_the_tests_reach() {
        let mut tree = Tree::default();
        for (path, text) in [
            ("conftest.py", "import steer\n"),
            ("steer.py", ""),
            ("tests/test_a.py", "import helper\nfrom pkg.inner import part\n\ndef test():\n    import late\n"),
            ("tests/helper.py", ""),
            ("tests/fixtures/broken.py", "def f(:\n"),
            ("pkg/__init__.py", ""),
            ("pkg/inner/__init__.py", "from . import near\nfrom ..far import x\n"),
            ("pkg/inner/part.py", ""),
            ("pkg/inner/near.py", ""),
            ("pkg/far.py", ""),
            ("pkg/other.py", ""),
            ("src/late.py", "import pkg.nowhere, os\n"),
            ("named.py", ""),
            ("doc.py", "import pkg.other\n"),
            ("written.py", ""),
        ] {
            tree = tree.with_text(path, text);
        }
        let oracle = Oracle {
            plan: TestPlan::Files(vec!["tests/test_a.py".to_owned()]),
            added: vec![("test_task.py".to_owned(), "from written import f\n".to_owned())],
            ..Oracle::new(OracleKind::Repository)
        };
        let found: Vec<String> = needed(&tree, &oracle, "correct named.py", Some("x.py")).into_iter().collect();
        assert_eq!(
            found,
            [
                "conftest.py",
                "named.py",
                "pkg/__init__.py",
                "pkg/far.py",
                "pkg/inner/__init__.py",
                "pkg/inner/near.py",
                "pkg/inner/part.py",
                "src/late.py",
                "steer.py",
                "test_task.py",
                "tests/helper.py",
                "tests/test_a.py",
                "written.py",
                "x.py",
            ]
        );
    }
}
