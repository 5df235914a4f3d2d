//! A runner that keeps the receipt of every passing run, so that what the agent calls verified can
//! be re-run later.

use edgecoder_executor::{Cancel, Executor, ExecutorError, Runner};
use edgecoder_types::{Language, RunRequest, RunResult, RunStatus, Violation};

/// Passes everything on to the executor.
#[derive(Debug)]
pub(crate) struct KeepingRunner {
    executor: Executor,
}

impl KeepingRunner {
    /// Wraps the executor.
    pub(crate) fn new(executor: Executor) -> Self {
        Self { executor }
    }
}

impl Runner for KeepingRunner {
    fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        let mut result = self.executor.run(request, cancel)?;
        if result.status == RunStatus::Passed && result.receipt.is_some() {
            let kept = self.executor.keep_receipt(request, &result);
            let kept = kept.map_err(|error| ExecutorError::Receipt(Box::new(error)))?;
            result.attestation = kept.0.attestation;
        }
        Ok(result)
    }

    fn check(&self, language: Language, path: &str, content: &[u8]) -> Result<Vec<Violation>, ExecutorError> {
        self.executor.check(language, path, content)
    }
}
