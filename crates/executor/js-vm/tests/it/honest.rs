//! Ordinary candidates with ordinary tests: Node and the embedded layer judge them alike, and twice the same.

use std::process::{Command, Stdio};

use edgecoder_types::{FileRole, RunStatus, TestPlan};

use crate::support::{self, file};

const JUDGED: &str = include_str!("../honest/judged.txt");

fn is_module(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("import ") || line.starts_with("export "))
}

/// Whether Node's own runner passes the tests.
fn passes_in_node(files: &[(&str, &str)], test: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("the files can be written");
    }
    let ran = Command::new("node").arg(test).current_dir(folder.path()).env("TZ", "UTC").stdin(Stdio::null()).output();
    ran.expect("Node is installed").status.success()
}

#[test]
fn verdicts_agree_with_node() {
    let cases = support::cases(JUDGED);
    assert!(cases.len() >= 40, "{}", cases.len());
    support::all(&cases, |(name, body)| {
        let (candidate, oracle) = body.split_once("\n---\n").expect("a candidate and its tests");
        let solution = if is_module(candidate) { "sol.mjs" } else { "sol.js" };
        let test = if is_module(oracle) { "t.mjs" } else { "t.js" };
        let files = vec![file(solution, FileRole::Candidate, candidate), file(test, FileRole::Oracle, oracle)];
        let request = support::request(Some(solution), files, TestPlan::Files(vec![test.to_owned()]));
        let (first, second) = (support::run(&request).ending(), support::run(&request).ending());
        let wanted = !name.ends_with("(wrong)");
        let ours = if wanted { RunStatus::Passed } else { RunStatus::Failed };
        let theirs = passes_in_node(&[(solution, candidate), (test, oracle)], test);
        let whole = |ending| serde_json::to_string(ending).unwrap_or_default();
        if first.status != ours || theirs != wanted || whole(&first) != whole(&second) {
            return Err(format!("{name}: Node {theirs}, {first:?}\n{second:?}"));
        }
        Ok(())
    });
}
