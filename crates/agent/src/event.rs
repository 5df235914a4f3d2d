//! What a run tells while it works: live display and NDJSON.

use edgecoder_inference::Sending;
use edgecoder_types::ids::RunId;
use edgecoder_types::{Layer, RunStatus};
use serde::Serialize;

use crate::edit::AppliedEdit;
use crate::oracle::OracleKind;
use crate::report::RunReport;
use crate::search::prompt::PromptKind;

/// One thing that happened. The JSON form has the variant's name under `event`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The run has an id and its checkpoint is taken.
    Started {
        /// The run.
        run: RunId,
        /// Files in the checkpoint.
        files: usize,
        /// Files that were left out, with reasons.
        skipped: Vec<String>,
        /// The seed of all samples.
        seed: u64,
        /// Whether this continues an earlier process.
        resumed: bool,
    },
    /// The oracle and the targets are known; the oracle was seen to fail.
    Planned {
        /// Where the oracle comes from.
        oracle: OracleKind,
        /// Test files or the command.
        tests: Vec<String>,
        /// Tests that have to pass.
        expected: usize,
        /// How many of them pass now.
        passing: usize,
        /// Layer of the first run.
        layer: Option<Layer>,
        /// Functions to write, `path: name`.
        targets: Vec<String>,
    },
    /// Something the user should know.
    Notice {
        /// Stable code.
        code: String,
        /// One sentence.
        message: String,
    },
    /// A request is sent to a server now; nothing of it has left before.
    Sent {
        /// What, where to, how much.
        #[serde(flatten)]
        sending: Sending,
    },
    /// There is no test: the model is writing some itself.
    WritingTests {
        /// The function.
        function: String,
        /// Answers in the batch.
        width: usize,
    },
    /// The tests that the model wrote itself. Passing them verifies nothing.
    SelfTests {
        /// One assert each.
        tests: Vec<String>,
    },
    /// A batch of candidates is being written.
    BatchStarted {
        /// Number of the batch, from 1.
        batch: u32,
        /// What is written, `path: name`.
        target: String,
        /// How it is asked for.
        prompt: PromptKind,
        /// Candidates in the batch.
        width: usize,
    },
    /// New text of a candidate.
    Token {
        /// Number of the sample in the run, from 1.
        sample: u32,
        /// The text.
        text: String,
    },
    /// A candidate is written and is being run.
    Checking {
        /// Number of the sample in the run, from 1.
        sample: u32,
    },
    /// A candidate was run (or was not worth running).
    Candidate {
        /// Number of the sample in the run, from 1.
        sample: u32,
        /// Expected tests that pass with it.
        passed: usize,
        /// Expected tests.
        total: usize,
        /// How its run ended; `None`: it was empty, no code, or equal to an earlier one.
        status: Option<RunStatus>,
        /// Stable code: the run's reason, or `duplicate` or `no_code`.
        reason: String,
        /// First failure.
        error: Option<String>,
        /// Wall clock of its run, in microseconds.
        duration_us: u64,
    },
    /// A candidate became the best of its target.
    Best {
        /// Number of the sample in the run, from 1.
        sample: u32,
        /// Expected tests that pass with it.
        passed: usize,
        /// Expected tests.
        total: usize,
        /// The body.
        body: String,
    },
    /// Small edits of a batch's wrong candidates are being run.
    Editing {
        /// What is written, `path: name`.
        target: String,
        /// Candidates that are edited.
        candidates: usize,
    },
    /// An edited candidate passes what it has to; no token was spent on it.
    Edited {
        /// Number of the sample that was edited, from 1.
        sample: u32,
        /// What was changed, one upon the other.
        edits: Vec<AppliedEdit>,
        /// Edited candidates that were run for it.
        runs: usize,
        /// Edits of this sample that pass; further inputs chose between them.
        passing: usize,
        /// Expected tests that pass with it.
        passed: usize,
        /// Expected tests.
        total: usize,
    },
    /// The next batch starts from the best candidate's error.
    Repairing {
        /// What is written, `path: name`.
        target: String,
        /// The error that the prompt shows.
        error: String,
    },
    /// A target's tests pass.
    TargetSolved {
        /// What was written, `path: name`.
        target: String,
        /// Number of the sample in the run, from 1.
        sample: u32,
        /// Expected tests that pass now.
        passed: usize,
        /// Expected tests.
        total: usize,
    },
    /// Everything is being run once more, on the exact final files.
    FinalCheck {
        /// Expected tests.
        total: usize,
    },
    /// The receipt says that every expected test passed.
    Verified {
        /// Tests that passed.
        passed: usize,
        /// The layer that ran them.
        layer: Option<Layer>,
    },
    /// The end. Always the last event.
    Finished {
        /// The report.
        report: Box<RunReport>,
    },
}
