//! Why an exchange failed.

use std::time::Duration;

use edgecoder_types::ErrorKind;

/// Everything that ends an exchange early. Texts hold no secret: headers are never part of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address is none that this client talks to.
    #[error("{0}")]
    Url(String),
    /// No connection.
    #[error("{to} cannot be reached: {why}")]
    Unreachable {
        /// Host and port.
        to: String,
        /// The system's or the proxy's words.
        why: String,
    },
    /// The server's certificate is not one that this machine trusts, or the handshake failed.
    #[error("{to} cannot be trusted: {why}")]
    Untrusted {
        /// Host and port.
        to: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing came for too long.
    #[error("{to} did not {what} within {} s", waited.as_secs_f32())]
    TimedOut {
        /// Host and port.
        to: String,
        /// What was waited for.
        what: &'static str,
        /// For how long.
        waited: Duration,
    },
    /// An answer that is no success.
    #[error("{to} answered with status {status}{}{detail}", if detail.is_empty() { "" } else { ": " })]
    Status {
        /// Host and port.
        to: String,
        /// The status.
        status: u16,
        /// The beginning of its body.
        detail: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The connection ended before the answer did.
    #[error("the answer of {to} broke off after {bytes} bytes")]
    Cut {
        /// Host and port.
        to: String,
        /// Bytes of its body that came.
        bytes: u64,
    },
    /// More than the caller wants.
    #[error("the answer of {to} has more than {bytes_max} bytes")]
    TooLarge {
        /// Host and port.
        to: String,
        /// The bound.
        bytes_max: u64,
    },
    /// A redirect that is not followed.
    #[error("{to} redirects to {target}: {why}")]
    Redirected {
        /// Host and port.
        to: String,
        /// Where it points.
        target: String,
        /// Why it is not followed.
        why: &'static str,
    },
    /// What came is no HTTP, or none that this client reads.
    #[error("{to} does not answer as an HTTP server should: {why}")]
    Protocol {
        /// Host and port.
        to: String,
        /// What is wrong.
        why: String,
    },
    /// A pin is none.
    #[error("{0:?} is no pin: it has to be sha256: and 64 hexadecimal digits in lower case")]
    Pin(String),
    /// The caller stopped it.
    #[error("the request was cancelled")]
    Cancelled,
    /// This machine has no certificates to check servers by.
    #[error("{0}")]
    NoRoots(String),
    /// The system refused what every exchange needs.
    #[error("cannot set up a connection: {0}")]
    Internal(String),
}

impl HttpError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url(_) | Self::Pin(_) => ErrorKind::Invalid,
            Self::Status { status: 401, .. } => ErrorKind::Unauthenticated,
            Self::Status { status: 403, .. } => ErrorKind::Forbidden,
            Self::Status { status: 404, .. } => ErrorKind::NotFound,
            Self::Status { status: 429, .. } => ErrorKind::Exhausted,
            Self::Status { status: 400..=499, .. } => ErrorKind::Invalid,
            Self::Untrusted { .. } | Self::Redirected { .. } => ErrorKind::Forbidden,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Cut { .. } | Self::Status { .. } => {
                ErrorKind::Unavailable
            }
            Self::TooLarge { .. } | Self::Protocol { .. } | Self::Cancelled | Self::NoRoots(_) => {
                ErrorKind::Unavailable
            }
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "url_invalid",
            Self::Pin(_) => "pin_invalid",
            Self::Unreachable { .. } => "server_unreachable",
            Self::Untrusted { .. } => "server_untrusted",
            Self::TimedOut { .. } => "server_timed_out",
            Self::Status { .. } => "server_refused",
            Self::Cut { .. } => "answer_cut",
            Self::TooLarge { .. } => "answer_too_large",
            Self::Redirected { .. } => "redirect_refused",
            Self::Protocol { .. } => "answer_malformed",
            Self::Cancelled => "request_cancelled",
            Self::NoRoots(_) => "no_certificates",
            Self::Internal(_) => "http_fault",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Cut { .. } => true,
            Self::Url(_)
            | Self::Pin(_)
            | Self::Untrusted { .. }
            | Self::TooLarge { .. }
            | Self::Redirected { .. }
            | Self::Protocol { .. }
            | Self::Cancelled
            | Self::NoRoots(_)
            | Self::Internal(_) => false,
        }
    }
}
