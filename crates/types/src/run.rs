//! `RunRequest` and `RunResult`: the executor's contract.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::receipt::{self, Attestation, ReceiptBody};
use crate::subset::Violation;

/// A language that the executor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript (ECMAScript modules or scripts).
    JavaScript,
    /// No interpreter of ours: a command in the OS layer.
    Command,
}

/// Where a run took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The subset in an embedded interpreter without a host environment.
    Embedded,
    /// The OS sandbox.
    Os,
}

/// Which layer the caller asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerChoice {
    /// Embedded when the subset check passes, else the OS layer.
    #[default]
    Auto,
    /// Embedded or refuse.
    Embedded,
    /// OS layer or refuse.
    Os,
}

/// Who wrote a file, as far as trust goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// Code under test: may be hostile to the verdict.
    Candidate,
    /// A test file from the original checkpoint: decides the verdict.
    Oracle,
}

/// One file of a run. `path` is relative, `/`-separated, without `.` or `..` parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Where the program sees the file.
    pub path: String,
    /// The bytes.
    #[serde(with = "receipt::bytes")]
    pub content: Vec<u8>,
    /// Whether the file is under test or decides the test.
    pub role: FileRole,
}

/// How a run is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestPlan {
    /// No tests: run the entry as a program.
    None,
    /// Run these files (paths among the request's files) with the built-in collector: top-level
    /// asserts, doctest examples, `unittest` cases, pytest-style functions and classes. Bare
    /// names of an assert-style test file that imports nothing of the entry resolve in the entry's namespace.
    Files(Vec<String>),
    /// As `Files`, but only the request's expected tests count: what else these files hold may run, and is left out of the
    /// result.
    Selected(Vec<String>),
    /// Only collect the test ids of these files; run none. Every outcome is `Verdict::Collected`.
    Collect(Vec<String>),
    /// Run this command in the OS layer; its exit status 0 counts as one passing test
    /// named `command`, unless it is a pytest or unittest invocation, which is collected case by case.
    Command(Vec<String>),
}

/// A program to run, whole: nothing else reaches the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// What the entry is written in.
    pub language: Language,
    /// The file that runs first (a path among `files`); `None` when only tests run.
    pub entry: Option<String>,
    /// Every file, in ascending order of path.
    pub files: Vec<SourceFile>,
    /// How the run is judged.
    pub tests: TestPlan,
    /// Test ids that have to be executed and pass; empty: whatever is collected.
    #[serde(default)]
    pub expected_tests: Vec<String>,
    /// Standard input.
    #[serde(default, with = "receipt::bytes")]
    pub stdin: Vec<u8>,
    /// Arguments after the program's name.
    #[serde(default)]
    pub args: Vec<String>,
    /// Bounds.
    pub limits: Limits,
    /// Wanted layer.
    pub layer: LayerChoice,
    /// Seeds `random`, hashing and the virtual clock.
    #[serde(with = "receipt::decimal")]
    pub seed: u64,
}

/// How a run ended. `is_evidence` tells which endings may stand in a receipt that proves something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Tests were asked for, at least one ran, all expected ones ran and all passed.
    Passed,
    /// No tests were asked for; the program ended with exit status 0.
    Completed,
    /// At least one test failed, or an expected test did not run.
    Failed,
    /// Tests were asked for and none was collected.
    NoTests,
    /// The program ended with an uncaught exception or a nonzero exit status.
    Error,
    /// The subset check refused the program (embedded layer was asked for, or the source cannot be parsed).
    Rejected,
    /// Candidate code tried to decide its own verdict.
    Forged,
    /// Fuel ran out.
    OutOfFuel,
    /// Backstop: wall clock.
    TimedOut,
    /// Backstop: memory.
    OutOfMemory,
    /// More output than the limit.
    OutputLimit,
    /// The interpreter or the sandboxed process died by a signal of its own.
    Crashed,
    /// No layer that satisfies the request works here, or policy forbids it.
    Refused,
    /// The caller cancelled.
    Cancelled,
}

impl RunStatus {
    /// Whether equal runs end this way everywhere, so that a receipt of it can be re-run and compared.
    pub const fn is_evidence(self) -> bool {
        match self {
            Self::Passed | Self::Completed | Self::Failed | Self::NoTests | Self::Error => true,
            Self::Rejected | Self::Forged | Self::OutOfFuel | Self::OutputLimit => true,
            Self::TimedOut | Self::OutOfMemory | Self::Crashed | Self::Refused | Self::Cancelled => false,
        }
    }
}

/// What became of one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Passed.
    Passed,
    /// An assertion did not hold.
    Failed,
    /// Something else than an assertion was raised.
    Error,
    /// Skipped by a decorator or `skipTest`; counts as neither passed nor failed.
    Skipped,
    /// Collected, not run (`TestPlan::Collect`).
    Collected,
    /// Expected, but never executed.
    Missing,
}

/// One test's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOutcome {
    /// `path::Class::name`, `path::name`, `path::assert:LINE` or `path::doctest:NAME:LINE`;
    /// a repeated id gets `#2`, `#3`, ….
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it failed: last line of the error, cut to 400 characters; empty when it passed.
    /// Not part of the receipt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Counts over a list of outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCounts {
    /// Collected or expected.
    pub total: u32,
    /// `Verdict::Passed`.
    pub passed: u32,
    /// `Failed`, `Error` and `Missing`.
    pub failed: u32,
    /// `Skipped`.
    pub skipped: u32,
}

impl TestCounts {
    /// Counts the outcomes.
    pub fn of(outcomes: &[TestOutcome]) -> Self {
        let count = |wanted: &[Verdict]| {
            u32::try_from(outcomes.iter().filter(|o| wanted.contains(&o.verdict)).count()).unwrap_or(u32::MAX)
        };
        Self {
            total: u32::try_from(outcomes.len()).unwrap_or(u32::MAX),
            passed: count(&[Verdict::Passed]),
            failed: count(&[Verdict::Failed, Verdict::Error, Verdict::Missing]),
            skipped: count(&[Verdict::Skipped]),
        }
    }
}

/// What a run yields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// How it ended.
    pub status: RunStatus,
    /// Stable machine code, finer than `status`, e.g. `assertion_failed`, `import_denied`, `fuel_exhausted`.
    pub reason: String,
    /// One sentence for a person: what happened and, for `auto`, which layer ran and why.
    pub detail: String,
    /// Where it ran; `None` when nothing ran.
    pub layer: Option<Layer>,
    /// Captured output.
    #[serde(with = "receipt::lossy")]
    pub stdout: Vec<u8>,
    /// Captured error output (tracebacks included).
    #[serde(with = "receipt::lossy")]
    pub stderr: Vec<u8>,
    /// Exit status; `None` when the run did not end by itself.
    pub exit_code: Option<i32>,
    /// Counts.
    pub counts: TestCounts,
    /// Every test, in order of execution, then missing ones.
    pub tests: Vec<TestOutcome>,
    /// Violations that made the subset check fail (also set when `auto` then took the OS layer).
    pub violations: Vec<Violation>,
    /// Fuel used (embedded layer).
    pub fuel: Option<u64>,
    /// Wall clock of the run, in microseconds. Not part of the receipt.
    pub duration_us: u64,
    /// Peak memory, in bytes, where it is known. Not part of the receipt.
    pub peak_memory_bytes: Option<u64>,
    /// The record of this run; `None` when nothing ran or the ending is no evidence.
    pub receipt: Option<ReceiptBody>,
    /// The body, signed, where the caller gave a key.
    pub attestation: Option<Attestation>,
}
