//! What decides that a task is done, taken from the original checkpoint before anything is written.

pub(crate) mod asked;
pub(crate) mod command;
pub(crate) mod discover;
pub(crate) mod doctests;
pub(crate) mod needed;
pub(crate) mod protect;
pub(crate) mod runner;
pub(crate) mod selection;
pub(crate) mod self_tests;
pub(crate) mod task_text;

use edgecoder_types::{FileRole, RunRequest, TestPlan};
use edgecoder_types::{Language, LayerChoice, Limits};
use serde::{Deserialize, Serialize};

use crate::workspace::Tree;

/// Where the oracle comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OracleKind {
    /// Test files of the repository.
    Repository,
    /// The user's test command.
    Command,
    /// Asserts, doctests or examples in the task's text.
    Task,
    /// Doctests of the repository's own modules.
    Doctest,
    /// Tests that the model wrote: never a verdict, only a hint.
    SelfWritten,
}

/// The oracle of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Oracle {
    /// Where it comes from.
    pub(crate) kind: OracleKind,
    /// How the executor judges.
    pub(crate) plan: TestPlan,
    /// Files with role `Oracle`: they decide the verdict and cannot be touched.
    pub(crate) files: Vec<String>,
    /// Files that the agent adds for judging only (from the task's text), by path: never part of the diff.
    pub(crate) added: Vec<(String, String)>,
    /// Files that are no Python and that nothing needs: the executor is not given them.
    pub(crate) left_out: Vec<String>,
    /// Where it runs.
    pub(crate) layer: LayerChoice,
}

impl Oracle {
    /// An oracle of this kind that judges nothing yet.
    pub(crate) fn new(kind: OracleKind) -> Self {
        Self {
            kind,
            plan: TestPlan::None,
            files: Vec::new(),
            added: Vec::new(),
            left_out: Vec::new(),
            layer: LayerChoice::Auto,
        }
    }

    /// The role of a file.
    pub(crate) fn role(&self, path: &str) -> FileRole {
        let decides = self.files.iter().any(|file| file == path) || self.added.iter().any(|(file, _)| file == path);
        if decides { FileRole::Oracle } else { FileRole::Candidate }
    }

    /// The request that judges this tree.
    pub(crate) fn request(&self, tree: &Tree, expected: &[String], seed: u64) -> RunRequest {
        let mut judged = tree.clone();
        for (path, text) in &self.added {
            judged = judged.with_text(path, text);
        }
        let mut files = judged.source_files(|path| self.role(path));
        files.retain(|file| !self.left_out.contains(&file.path));
        let language = match self.plan {
            TestPlan::Command(_) => Language::Command,
            TestPlan::None | TestPlan::Files(_) | TestPlan::Selected(_) | TestPlan::Collect(_) => Language::Python,
        };
        RunRequest {
            language,
            entry: None,
            files,
            tests: self.plan.clone(),
            expected_tests: expected.to_vec(),
            stdin: Vec::new(),
            args: Vec::new(),
            limits: limits(&self.plan),
            layer: self.layer,
            seed,
        }
    }
}

/// A command may start a whole toolchain; tests in the interpreter get the ordinary bounds.
fn limits(plan: &TestPlan) -> Limits {
    match plan {
        TestPlan::Command(_) => {
            Limits { timeout_ms: 120_000, memory_bytes: 2 << 30, output_bytes: 4 << 20, ..Limits::default() }
        }
        TestPlan::None | TestPlan::Files(_) | TestPlan::Selected(_) | TestPlan::Collect(_) => Limits::default(),
    }
}
