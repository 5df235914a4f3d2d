//! Which of two candidates is better.

use std::collections::BTreeSet;

use edgecoder_types::{RunResult, RunStatus, Verdict};
use serde::{Deserialize, Serialize};

/// What a run says about a candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Score {
    /// Expected tests that passed.
    pub(crate) passed: BTreeSet<String>,
    /// First failure among the wanted tests: `id: message`.
    pub(crate) first_error: Option<String>,
    /// Whether everything expected passed.
    pub(crate) all: bool,
}

/// Reads a run. `wanted` are the tests whose failure is worth telling first.
pub(crate) fn score(result: &RunResult, expected: &BTreeSet<String>, wanted: &[String]) -> Score {
    let passed: BTreeSet<String> = result
        .tests
        .iter()
        .filter(|test| test.verdict == Verdict::Passed && expected.contains(&test.id))
        .map(|test| test.id.clone())
        .collect();
    let failures = || {
        result.tests.iter().filter(|test| matches!(test.verdict, Verdict::Failed | Verdict::Error | Verdict::Missing))
    };
    let first = failures().find(|test| wanted.contains(&test.id)).or_else(|| failures().next());
    let first_error = match first {
        Some(test) => Some(format!("{}: {}", test.id, test.message)),
        None if result.status == RunStatus::Passed => None,
        None => Some(format!("{}: {}", result.reason, result.detail)),
    };
    let evidence = result.status.is_evidence() && result.status != RunStatus::Forged;
    let all = result.status == RunStatus::Passed && passed.len() == expected.len() && !expected.is_empty();
    Score { passed: if evidence { passed } else { BTreeSet::new() }, first_error, all }
}
