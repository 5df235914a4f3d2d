//! What an embedded interpreter answers.

use serde::{Deserialize, Serialize};

use crate::run::{RunStatus, TestOutcome};
use crate::subset::Violation;

/// What an embedded interpreter delivers exactly once. The executor adds layer, times and the receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub status: RunStatus,
    /// Stable reason code.
    pub reason: String,
    /// One sentence for a person.
    pub detail: String,
    /// Captured output, cut at the limit.
    #[serde(with = "crate::receipt::bytes")]
    pub stdout: Vec<u8>,
    /// Captured error output, tracebacks included.
    #[serde(with = "crate::receipt::bytes")]
    pub stderr: Vec<u8>,
    /// Exit status, when the program ended by itself.
    pub exit_code: Option<i32>,
    /// Executed tests in order, then missing ones.
    pub tests: Vec<TestOutcome>,
    /// Subset violations (status `Rejected`).
    pub violations: Vec<Violation>,
    /// Fuel used.
    pub fuel: u64,
}
