//! The cases in `border/*.txt`.

use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, SourceFile, TestPlan};

use super::cases::Case;
use super::file;

/// What an attack is judged by that brings no tests.
pub const TESTS: &str = "import unittest\nfrom solution import add\n\ndef test_small():\n    assert add(1, 2) == 3\n\n\
                     def test_list():\n    assert [add(2, 2)] == [4]\n\nclass Case(unittest.TestCase):\n    \
                     def test_unit(self):\n        self.assertEqual(add(5, 6), 11)\n";

/// The files of an honest case; `replaced` makes its candidate wrong.
pub fn files(case: &Case, replaced: &[(&str, &str)]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for (head, text) in &case.parts {
        let mut add = |path: &str, role| {
            let mut text = text.clone();
            if role == FileRole::Candidate {
                for (old, new) in replaced {
                    text = text.replace(old, new);
                }
            }
            files.push(file(path, &text, role));
        };
        match head.split_once(' ') {
            None if head == "right" => add("solution.py", FileRole::Candidate),
            None if head == "tests" => add("test_solution.py", FileRole::Oracle),
            Some(("candidate", path)) => add(path, FileRole::Candidate),
            Some(("oracle", path)) => add(path, FileRole::Oracle),
            _ => {}
        }
    }
    files
}

/// The files of an honest case with a wrong candidate.
pub fn changed(case: &Case) -> Vec<SourceFile> {
    let wrong = case.part("wrong").expect("how to make it wrong");
    let replaced: Vec<_> = wrong.lines().filter_map(|line| line.split_once(" => ")).collect();
    let changed = files(case, &replaced);
    assert_ne!(changed, files(case, &[]), "{}: nothing is replaced", case.name);
    changed
}

/// Runs the tests among the files.
pub fn request(mut files: Vec<SourceFile>, timeout_ms: u64, layer: LayerChoice) -> RunRequest {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let is_test = |file: &&SourceFile| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        file.role == FileRole::Oracle && name.starts_with("test_")
    };
    let tests = files.iter().filter(is_test).map(|file| file.path.clone()).collect();
    RunRequest {
        language: Language::Python,
        entry: files.iter().find(|file| file.path == "solution.py").map(|file| file.path.clone()),
        files,
        tests: TestPlan::Files(tests),
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits { timeout_ms, ..Limits::default() },
        layer,
        seed: 1,
    }
}
