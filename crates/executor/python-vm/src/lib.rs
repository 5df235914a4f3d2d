//! The embedded Python: RustPython without a host environment, with fuel, virtual time, seeded
//! randomness and a native recorder of test verdicts.
//!
//! Runs inside a locked-down worker process that executes one program and dies.

use edgecoder_types::{RunRequest, RunStatus, TestOutcome, Violation};
use serde::{Deserialize, Serialize};

/// What [`Vm::run`] delivers exactly once. The executor adds layer, times and the receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub status: RunStatus,
    /// Stable reason code.
    pub reason: String,
    /// One sentence for a person.
    pub detail: String,
    /// Captured output, cut at the limit.
    #[serde(with = "edgecoder_types::receipt::bytes")]
    pub stdout: Vec<u8>,
    /// Captured error output, tracebacks included.
    #[serde(with = "edgecoder_types::receipt::bytes")]
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

/// A booted interpreter. Booting is the expensive part; a process boots once, forks, and each
/// child runs one program.
#[derive(Debug)]
pub struct Vm {}

impl Vm {
    /// Builds the interpreter and imports what nearly every program needs.
    pub fn boot() -> Self {
        Self {}
    }

    /// Checks, instruments, compiles and runs one request, then hands the ending to `deliver`, which does not return
    /// (it writes the answer and ends the process). `deliver` may be called from deep inside
    /// the program, when fuel or the output limit ends it.
    pub fn run(self, _request: RunRequest, deliver: fn(Ending) -> !) -> ! {
        deliver(Ending {
            status: RunStatus::Refused,
            reason: String::new(),
            detail: String::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            exit_code: None,
            tests: Vec::new(),
            violations: Vec::new(),
            fuel: 0,
        })
    }

    /// Only checks the request's files.
    pub fn check(&self, _request: &RunRequest) -> Vec<Violation> {
        Vec::new()
    }
}
