//! Why a call to a service failed.

use std::fmt;
use std::time::Duration;

use edgecoder_security::Rejection;
use edgecoder_security::request::SKEW_S_MAX;
use edgecoder_types::ErrorKind;

use crate::HttpError;

/// What a service said when it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Host and port.
    pub to: String,
    /// The status.
    pub status: u16,
    /// The problem's code; empty when the answer was none of ours.
    pub code: String,
    /// Its words.
    pub detail: String,
    /// The request's trace id, for the service's log.
    pub trace_id: Option<String>,
    /// How long it asks to wait.
    pub retry_after: Option<Duration>,
    /// By how much this machine's clock is ahead of the service's, in seconds; negative when it is behind.
    pub clock_ahead_s: Option<i64>,
}

impl Refusal {
    /// The clocks' difference where it is larger than what signatures allow.
    pub fn clock_off_s(&self) -> Option<i64> {
        self.clock_ahead_s.filter(|ahead| ahead.abs() > SKEW_S_MAX)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered with status {}", self.to, self.status)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        if let Some(ahead) = self.clock_off_s().filter(|_| self.status == 401) {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            write!(f, "; this machine's clock is {} s {side} the service's: set it right", ahead.abs())?;
        }
        Ok(())
    }
}

/// Why a call failed. Texts hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No answer came.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The service refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The answer is not signed by the service: somebody else may have given it.
    #[error("the answer of {to} is not signed by the service that was asked: {rejection}")]
    Unsigned {
        /// Host and port.
        to: String,
        /// What is wrong.
        rejection: Rejection,
    },
    /// The answer is not what it should be.
    #[error("the answer of {to} cannot be read: {why}")]
    Unreadable {
        /// Host and port.
        to: String,
        /// What is wrong.
        why: String,
    },
    /// The call can't be put into a request.
    #[error("the request cannot be built: {0}")]
    Unsendable(String),
}

impl CallError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Http(error) => error.kind(),
            Self::Refused(refusal) => match refusal.status {
                401 => ErrorKind::Unauthenticated,
                403 | 421 => ErrorKind::Forbidden,
                404 => ErrorKind::NotFound,
                409 | 422 => ErrorKind::Conflict,
                429 => ErrorKind::Exhausted,
                400..=499 => ErrorKind::Invalid,
                _ => ErrorKind::Unavailable,
            },
            Self::Unsigned { .. } => ErrorKind::Forbidden,
            Self::Unreadable { .. } => ErrorKind::Unavailable,
            Self::Unsendable(_) => ErrorKind::Internal,
        }
    }

    /// Stable code. What the service's own is, [`Refusal::code`] says.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Http(error) => error.code(),
            Self::Refused(_) => "service_refused",
            Self::Unsigned { .. } => "answer_unsigned",
            Self::Unreadable { .. } => "answer_unreadable",
            Self::Unsendable(_) => "request_unsendable",
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Http(error) => error.is_retryable(),
            Self::Refused(refusal) => {
                matches!(refusal.status, 408 | 429 | 500 | 502 | 503 | 504) || refusal.code == "idempotency_busy"
            }
            Self::Unsigned { .. } | Self::Unreadable { .. } | Self::Unsendable(_) => false,
        }
    }

    /// How long the service asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        if let Self::Refused(refusal) = self { refusal.retry_after } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_client_learns_by_how_much_its_clock_is_off() {
        let refusal = |status, clock_ahead_s| {
            let error = CallError::Refused(Box::new(Refusal {
                to: "a:1".to_owned(),
                status,
                code: "auth_failed".to_owned(),
                detail: "no".to_owned(),
                trace_id: None,
                retry_after: None,
                clock_ahead_s,
            }));
            error.to_string()
        };
        let plain = "a:1 answered with status 401 (auth_failed): no";
        assert_eq!(refusal(401, Some(30)), plain);
        assert_eq!(refusal(401, None), plain);
        let ahead = "; this machine's clock is 3600 s ahead of the service's: set it right";
        assert_eq!(refusal(401, Some(3_600)), format!("{plain}{ahead}"));
        assert_eq!(refusal(401, Some(-3_600)), format!("{plain}{}", ahead.replace("ahead of", "behind")));
        assert!(!refusal(403, Some(3_600)).contains("clock"));
    }
}
