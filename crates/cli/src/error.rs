//! What the command line says when something goes wrong: `error[code]: message`, `hint: …`, a status.

use std::io;
use std::path::PathBuf;

use edgecoder_agent::AgentError;
use edgecoder_executor::ExecutorError;
use edgecoder_executor::receipt::ReceiptError;
use edgecoder_http::HttpError;
use edgecoder_inference::InferenceError;
use edgecoder_types::ErrorKind;

use crate::exit::Exit;

/// Everything that ends a command early. `docs/errors.md` has an entry for every code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The command line makes no sense; `hint` is what clap suggests.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// A file that was named isn't there.
    #[error("there is no file {}", .path.display())]
    FileNotFound { path: PathBuf, near: Option<String> },
    /// A directory where a file is wanted, or the other way round.
    #[error("{} is {found}, not {wanted}", .path.display())]
    WrongFileType { path: PathBuf, found: &'static str, wanted: &'static str },
    /// The file is there but can't be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Can't write a file or a directory of ours.
    #[error("cannot write {}", .path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// More source than a checker reads.
    #[error("{} has {bytes} bytes; at most {max} are read", .path.display())]
    SourceTooLarge { path: PathBuf, bytes: u64, max: usize },
    /// No `--lang` and no ending that tells.
    #[error("cannot tell the language of {}", .path.display())]
    UnknownLanguage { path: PathBuf },
    /// The configuration is wrong; the message says where.
    #[error("{message}")]
    Config { message: String, hint: Option<String> },
    /// No place for our files.
    #[error("neither XDG_DATA_HOME nor HOME is set, so there is no place for models and runs")]
    NoDataDir,
    /// Standard output is gone or full.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    /// From the executor.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// From reading, keeping or re-running a receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// From the agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// From the model.
    #[error(transparent)]
    Inference(#[from] InferenceError),
}

impl CliError {
    /// Stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::FileNotFound { .. } => "file_not_found",
            Self::WrongFileType { .. } => "wrong_file_type",
            Self::Unreadable { .. } => "file_unreadable",
            Self::Unwritable { .. } => "not_writable",
            Self::SourceTooLarge { .. } => "source_too_large",
            Self::UnknownLanguage { .. } => "unknown_language",
            Self::Config { .. } => "config_invalid",
            Self::NoDataDir => "no_data_dir",
            Self::Output(_) => "output_failed",
            Self::Executor(error) => error.code(),
            Self::Receipt(error) => error.code(),
            Self::Agent(error) => error.code(),
            Self::Inference(error) => error.code(),
        }
    }

    /// What to do about it, where one sentence helps.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Executor(error) | Self::Agent(AgentError::Executor(error)) => executor_hint(error),
            Self::Inference(error) | Self::Agent(AgentError::Model(error)) => inference_hint(error),
            Self::Agent(AgentError::Conflict { .. }) => Some(
                "`edgecoder show RUN --diff` prints the change, to be put in by hand; or run the task again on the \
                 files as they are now"
                    .to_owned(),
            ),
            Self::Usage { hint, .. } | Self::Config { hint, .. } => hint.clone(),
            Self::FileNotFound { near, .. } => near.as_ref().map(|name| format!("did you mean {name}?")),
            Self::UnknownLanguage { .. } => Some("say which with --lang python".to_owned()),
            Self::SourceTooLarge { .. } => Some("split the program, or pass data as a file that it reads".to_owned()),
            Self::Unwritable { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space, or set EDGECODER_STORAGE_DATA_DIR to a directory on another disk".to_owned())
            }
            Self::Unwritable { .. } => {
                Some("check its permissions, or set EDGECODER_STORAGE_DATA_DIR to a directory of yours".to_owned())
            }
            Self::NoDataDir => Some("set HOME, XDG_DATA_HOME or EDGECODER_STORAGE_DATA_DIR".to_owned()),
            Self::WrongFileType { .. }
            | Self::Unreadable { .. }
            | Self::Output(_)
            | Self::Receipt(_)
            | Self::Agent(_) => None,
        }
    }

    /// The exit status.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. }
            | Self::FileNotFound { .. }
            | Self::WrongFileType { .. }
            | Self::Unreadable { .. }
            | Self::SourceTooLarge { .. }
            | Self::UnknownLanguage { .. }
            | Self::Config { .. } => Exit::Usage,
            Self::Unwritable { .. } | Self::NoDataDir => Exit::Failure,
            Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => Exit::BrokenPipe,
            Self::Output(_) => Exit::Failure,
            Self::Executor(error) => exit_of(error.kind()),
            Self::Receipt(ReceiptError::Malformed { .. }) => Exit::Usage,
            // A receipt that does not hold is an answer, not wrong usage.
            Self::Receipt(_) => Exit::Failure,
            Self::Agent(error) => exit_of(error.kind()),
            Self::Inference(InferenceError::Corrupt(_)) => Exit::Failure,
            Self::Inference(error) => exit_of(error.kind()),
        }
    }

    /// The message with its causes, joined by colons.
    pub(crate) fn message(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

fn executor_hint(error: &ExecutorError) -> Option<String> {
    match error {
        ExecutorError::Setup { .. } => {
            Some("`edgecoder doctor` says which sandbox layers work here and how to fix the others".to_owned())
        }
        ExecutorError::Invalid(_) | ExecutorError::Receipt(_) | ExecutorError::Protocol(_) => None,
    }
}

fn inference_hint(error: &InferenceError) -> Option<String> {
    match error {
        InferenceError::NotFound(_) => {
            Some("`edgecoder model list` shows what there is, `edgecoder model pull` fetches the default".to_owned())
        }
        InferenceError::Corrupt(_) => {
            Some("`edgecoder model remove` and `edgecoder model pull` fetch it again".to_owned())
        }
        InferenceError::Egress { .. } => Some(
            "`edgecoder run --preview` shows what would be sent; --allow-egress allows it for this run, and the setting \
             net.allow_egress for good"
                .to_owned(),
        ),
        InferenceError::Http(HttpError::Status { status: 401 | 403, .. }) => {
            Some("check the key: EDGECODER_MODEL_OPENAI_KEY, or the file that model.openai.key_file names".to_owned())
        }
        InferenceError::Http(HttpError::Untrusted { .. }) => {
            Some("net.ca_file names the certificate of your own authority".to_owned())
        }
        InferenceError::Http(error) if error.is_retryable() => {
            Some("is the server running? `edgecoder doctor` asks it; a run that had begun goes on with `edgecoder resume last`".to_owned())
        }
        InferenceError::Invalid(_)
        | InferenceError::DoesNotFit { .. }
        | InferenceError::Unavailable(_)
        | InferenceError::KeyUnprotected(_)
        | InferenceError::Server { .. }
        | InferenceError::Http(_)
        | InferenceError::Internal(_) => None,
    }
}

/// Kinds map to statuses here and nowhere else.
fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        // What is not found was named by the user.
        ErrorKind::Invalid | ErrorKind::NotFound => Exit::Usage,
        ErrorKind::Unauthenticated | ErrorKind::Forbidden => Exit::Refused,
        ErrorKind::Conflict | ErrorKind::Exhausted | ErrorKind::Unavailable | ErrorKind::Internal => Exit::Failure,
    }
}

impl From<clap::Error> for CliError {
    /// Takes clap's text apart, so that usage errors look like all others.
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        let mut message = String::new();
        let mut hints = Vec::new();
        for line in text.lines() {
            let line = line.trim();
            if let Some(first) = line.strip_prefix("error: ") {
                first.clone_into(&mut message);
            } else if let Some(tip) = line.strip_prefix("tip: ") {
                hints.push(tip.to_owned());
            } else if let Some(usage) = line.strip_prefix("Usage: ") {
                hints.push(format!("usage is {usage}"));
            } else if hints.is_empty() && !line.is_empty() && !line.starts_with("For more information") {
                message.push(' ');
                message.push_str(line);
            }
        }
        hints.push("see --help".to_owned());
        Self::Usage { message, hint: Some(hints.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_joined_once() {
        let error = CliError::Unreadable { path: "a.py".into(), source: io::Error::other("no reason") };
        assert_eq!(error.message(), "cannot read a.py: no reason");
        assert_eq!((error.code(), error.exit().status()), ("file_unreadable", 2));
    }

    #[test]
    fn a_reader_that_left_is_quiet() {
        let error = CliError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error.exit(), Exit::BrokenPipe);
    }

    #[test]
    fn a_full_disk_says_so() {
        let source = io::Error::from(io::ErrorKind::StorageFull);
        let error = CliError::Unwritable { path: "x".into(), source };
        assert!(error.hint().is_some_and(|hint| hint.starts_with("free some space")));
    }
}
