//! What can go wrong around a run. A task that is not solved is a report, never an error.

use std::path::{Path, PathBuf};

use edgecoder_executor::ExecutorError;
use edgecoder_inference::InferenceError;
use edgecoder_types::ErrorKind;

use crate::state::InvalidTransition;

/// Why the agent could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The options contradict each other or the repository.
    #[error("{0}")]
    Usage(String),
    /// A path leads outside the repository or is not a plain relative path.
    #[error("{path:?} is not a plain path inside the repository: {why}")]
    UnsafePath {
        /// The path, as given.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The repository is larger than the agent copies.
    #[error("{what} is more than the limit of {limit}; give a smaller --repo or list large folders in .gitignore")]
    TooLarge {
        /// What was counted, with its size.
        what: String,
        /// The bound.
        limit: String,
    },
    /// A change to a file that decides the verdict.
    #[error("{path} decides the verdict and may not be changed by a candidate")]
    Protected {
        /// The file.
        path: String,
    },
    /// The `--test` command cannot be started.
    #[error("the test command {command:?} does not start: {why}; check its spelling or give another --test")]
    TestCommand {
        /// The program's name.
        command: String,
        /// What was tried.
        why: String,
    },
    /// An option of the `--test` command that the built-in runner does not know.
    #[error(
        "--test: {option:?}: {why}; leave it out, or put the command into a script, whose exit status then decides"
    )]
    TestOption {
        /// The option, as given.
        option: String,
        /// What is wrong with it.
        why: String,
    },
    /// The `--test` command means no test.
    #[error("--test {command:?} selects no test: {why}")]
    NothingSelected {
        /// The command.
        command: String,
        /// What was looked at.
        why: String,
    },
    /// No such run in the store.
    #[error("there is no run {0}; `edgecoder runs` lists them")]
    RunNotFound(String),
    /// Another process works on the run.
    #[error("run {0} is in use by another process")]
    RunBusy(String),
    /// The run has nothing to apply or to undo.
    #[error("{0}")]
    NothingToDo(String),
    /// The user's file has changed where the agent's hunk belongs.
    #[error("{path}: {}{why}; nothing was changed", misfit(*hunk, *hunks, header))]
    Conflict {
        /// The file.
        path: String,
        /// Number of the hunk, from 1; 0 for the file as a whole.
        hunk: usize,
        /// How many hunks the file has.
        hunks: usize,
        /// The hunk's `@@` line.
        header: String,
        /// What differs.
        why: String,
    },
    /// The run's journal does not belong to this continuation.
    #[error("the journal of this run cannot be continued: {0}; start a new run")]
    Journal(String),
    /// The disk is full, or a quota is.
    #[error("no space left while writing {path}; free some and try again, nothing was half-written")]
    NoSpace {
        /// What was written.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// Permission is missing.
    #[error("no permission to {action} {path}; change its mode or choose another folder")]
    Denied {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// Some other failure of the file system.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// The executor failed.
    #[error("the executor failed")]
    Executor(#[from] ExecutorError),
    /// The model failed.
    #[error("the model failed")]
    Model(#[from] InferenceError),
    /// A fault of ours.
    #[error("internal fault")]
    State(#[from] InvalidTransition),
}

/// Which hunk it is about; nothing where it is about the file as a whole.
fn misfit(hunk: usize, hunks: usize, header: &str) -> String {
    if hunk == 0 { String::new() } else { format!("hunk {hunk} of {hunks} ({header}) does not fit: ") }
}

impl AgentError {
    /// Sorts an I/O error by what the user can do about it.
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let path = path.to_path_buf();
        match source.kind() {
            Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => Self::NoSpace { path, source },
            Io::PermissionDenied | Io::ReadOnlyFilesystem => Self::Denied { action, path, source },
            _ => Self::Io { action, path, source },
        }
    }

    /// Whether the options or the repository are wrong: the same run can only fail the same way.
    pub(crate) fn is_wrong_input(&self) -> bool {
        match self {
            Self::Usage(_) | Self::UnsafePath { .. } | Self::TooLarge { .. } | Self::TestCommand { .. } => true,
            Self::TestOption { .. } | Self::NothingSelected { .. } => true,
            Self::Executor(ExecutorError::Invalid(_)) => true,
            Self::Protected { .. } | Self::RunNotFound(_) | Self::RunBusy(_) | Self::NothingToDo(_) => false,
            Self::Conflict { .. } | Self::Journal(_) | Self::NoSpace { .. } | Self::Denied { .. } => false,
            Self::Io { .. } | Self::Executor(_) | Self::Model(_) | Self::State(_) => false,
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Usage(_) | Self::UnsafePath { .. } | Self::TooLarge { .. } => ErrorKind::Invalid,
            Self::TestCommand { .. } | Self::TestOption { .. } | Self::NothingSelected { .. } => ErrorKind::Invalid,
            Self::Protected { .. } => ErrorKind::Forbidden,
            Self::RunNotFound(_) => ErrorKind::NotFound,
            Self::RunBusy(_) | Self::NothingToDo(_) | Self::Conflict { .. } | Self::Journal(_) => ErrorKind::Conflict,
            Self::NoSpace { .. } => ErrorKind::Exhausted,
            // What a file's mode forbids is no refusal by a policy of ours.
            Self::Io { .. } | Self::Denied { .. } => ErrorKind::Unavailable,
            Self::Executor(error) => error.kind(),
            Self::Model(error) => error.kind(),
            Self::State(_) => ErrorKind::Internal,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::UnsafePath { .. } => "path_outside_repository",
            Self::TooLarge { .. } => "repository_too_large",
            Self::Protected { .. } => "oracle_protected",
            Self::TestCommand { .. } => "test_command_not_found",
            Self::TestOption { .. } => "test_option_unknown",
            Self::NothingSelected { .. } => "no_tests_selected",
            Self::RunNotFound(_) => "run_not_found",
            Self::RunBusy(_) => "run_busy",
            Self::NothingToDo(_) => "nothing_to_do",
            Self::Conflict { .. } => "patch_conflict",
            Self::Journal(_) => "journal_mismatch",
            Self::NoSpace { .. } => "no_space",
            Self::Denied { .. } => "permission_denied",
            Self::Io { .. } => "file_system",
            Self::Executor(error) => error.code(),
            Self::Model(error) => error.code(),
            Self::State(_) => "agent_fault",
        }
    }

    /// The exit status that the command line gives for it: 2 for usage, 3 for policy, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            ErrorKind::Invalid | ErrorKind::NotFound => 2,
            ErrorKind::Forbidden | ErrorKind::Unauthenticated => 3,
            ErrorKind::Conflict | ErrorKind::Exhausted | ErrorKind::Unavailable | ErrorKind::Internal => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_forbids_is_no_policy() {
        for kind in [std::io::ErrorKind::PermissionDenied, std::io::ErrorKind::ReadOnlyFilesystem] {
            let error = AgentError::io("write", Path::new("a.py"), kind.into());
            assert_eq!((error.code(), error.exit_code()), ("permission_denied", 1), "{error}");
        }
    }
}
