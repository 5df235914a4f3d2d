//! What the agent, the command line and the swarm see of the executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgecoder_types::{ErrorKind, Language, RunRequest, RunResult, Violation};

/// A flag that ends a run. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks to stop. Safe in a signal handler.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether someone asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Why the executor could not even run the request. A program that fails is a `RunResult`, never an error.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The request is malformed: a path outside the run, a file twice, a missing entry.
    #[error("bad run request: {0}")]
    Invalid(String),
    /// A worker process or a sandbox could not be set up.
    #[error("{context}")]
    Setup {
        /// What was being done.
        context: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The run ended, but its receipt cannot be signed or kept.
    #[error("the receipt of a run cannot be kept")]
    Receipt(#[source] Box<crate::receipt::ReceiptError>),
    /// A worker answered nonsense: a fault of ours.
    #[error("executor worker: {0}")]
    Protocol(String),
}

impl ExecutorError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Setup { .. } => ErrorKind::Unavailable,
            Self::Receipt(error) => error.kind(),
            Self::Protocol(_) => ErrorKind::Internal,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "run_request_invalid",
            Self::Setup { .. } => "sandbox_setup_failed",
            Self::Receipt(error) => error.code(),
            Self::Protocol(_) => "executor_fault",
        }
    }
}

/// Something that runs requests. The executor itself is one; a swarm is another.
pub trait Runner: Send + Sync {
    /// Runs one request to its end, or until `cancel`.
    fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError>;

    /// Checks one file against the language's subset; an empty list means it is inside.
    fn check(&self, language: Language, path: &str, content: &[u8]) -> Result<Vec<Violation>, ExecutorError>;
}
