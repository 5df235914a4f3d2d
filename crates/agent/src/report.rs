//! How a run ended.

use edgecoder_types::ids::RunId;
use edgecoder_types::{Attestation, ReceiptBody};
use serde::{Deserialize, Serialize};

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The executor's receipt for the exact final code says so.
    Verified,
    /// Tests of the model's own pass. Not a proof.
    SelfTested,
    /// The budget ran out first.
    Exhausted,
    /// The tests passed before anything was written.
    AlreadyPassing,
    /// The user stopped it.
    Cancelled,
    /// Somebody else has to look: nothing to write was found, or policy or the sandbox refuses.
    Refused,
}

/// Tokens and candidates that were used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunUsage {
    /// Candidates written.
    pub samples: u32,
    /// Batches.
    pub batches: u32,
    /// Prompt tokens.
    pub prompt_tokens: u64,
    /// Generated tokens.
    pub completion_tokens: u64,
    /// Runs in the executor.
    pub runs: u32,
    /// Wall clock over all resumptions, in milliseconds.
    pub wall_ms: u64,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run.
    pub id: RunId,
    /// The outcome.
    pub outcome: Outcome,
    /// The command line's exit status: 0 verified, 1 not verified, 2 nothing to judge by or files that are no Python, 3 no
    /// sandbox may or can run it.
    pub exit_code: u8,
    /// Stable code: why it ended so.
    pub reason: String,
    /// One sentence for a person.
    pub message: String,
    /// Expected tests that pass with the diff.
    pub tests_passed: usize,
    /// Expected tests.
    pub tests_total: usize,
    /// Expected tests that passed before.
    pub tests_passed_before: usize,
    /// The unified diff of the final code or of the best attempt; empty when nothing was written.
    pub diff: String,
    /// Why the best attempt fails; `None` when it does not.
    pub last_error: Option<String>,
    /// Functions that are still unsolved, `path: name`.
    pub unsolved: Vec<String>,
    /// Asserts that the model wrote itself because there was no test; empty where others decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub self_tests: Vec<String>,
    /// The receipt of the final run (verified only).
    pub receipt: Option<ReceiptBody>,
    /// The signed statement about it, where the executor has a key.
    pub attestation: Option<Attestation>,
    /// What was used.
    pub usage: RunUsage,
    /// Commands that make sense next, ready to paste.
    pub next_steps: Vec<String>,
}
