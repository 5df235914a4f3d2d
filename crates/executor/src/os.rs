//! The OS layer.

use std::path::PathBuf;

use edgecoder_types::{RunRequest, RunStatus, TestOutcome};

use crate::contract::{Cancel, ExecutorError};

/// Where the OS layer finds things.
#[derive(Debug)]
pub struct OsConfig {
    /// An executable that calls [`crate::helper_main`] first in `main`.
    pub helper: PathBuf,
    /// Scratch space on the host.
    pub scratch: PathBuf,
}

/// What a run in the OS layer yields.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are those of RunResult")]
pub struct OsOutcome {
    pub status: RunStatus,
    pub reason: String,
    pub detail: String,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit_code: Option<i32>,
    pub tests: Vec<TestOutcome>,
    pub peak_memory_bytes: Option<u64>,
    pub duration_us: u64,
    pub runtime: String,
}

/// The OS sandbox.
#[derive(Debug)]
pub struct OsSandbox {
    config: OsConfig,
}

impl OsSandbox {
    /// Uses a configuration.
    pub fn new(config: OsConfig) -> Self {
        Self { config }
    }

    /// Refuses: no backend exists yet.
    pub fn run(&self, _request: &RunRequest, _cancel: &Cancel) -> Result<OsOutcome, ExecutorError> {
        Ok(OsOutcome {
            status: RunStatus::Refused,
            reason: "sandbox_unavailable".to_owned(),
            detail: format!("no OS sandbox in {}", self.config.helper.display()),
            stdout: Vec::new(),
            stderr: Vec::new(),
            exit_code: None,
            tests: Vec::new(),
            peak_memory_bytes: None,
            duration_us: 0,
            runtime: String::new(),
        })
    }
}
