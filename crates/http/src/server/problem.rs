//! Problem details (RFC 9457): the one form in which this server says that something went wrong.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use edgecoder_types::ErrorKind;
use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Most characters of a detail.
const DETAIL_CHARS_MAX: usize = 1_000;

/// An error of a service: what a caller can do about it, a stable code, and words.
pub trait ServiceError: std::error::Error {
    /// The decision that it asks for.
    fn kind(&self) -> ErrorKind;
    /// Stable code, with an entry in `docs/errors.md`.
    fn code(&self) -> &'static str;

    /// As it is answered. The words of a fault of ours may hold what isn't the caller's: they go to the log only.
    fn refuse(&self) -> Refused
    where
        Self: Sized,
    {
        let kind = self.kind();
        let words = if kind == ErrorKind::Internal { String::new() } else { self.to_string() };
        Refused::new(kind, self.code(), words).logged(chain(self))
    }
}

/// A problem as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Names the kind of problem: `urn:edgecoder:error:` and the code.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// What happened, in words. Absent for faults of ours, which go to the log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// Where in the body: line and column, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<Place>,
    /// The request's trace id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace_id: Option<String>,
}

/// A place in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// The status of each kind. The only such table.
pub fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a handler answers with when it can't do what it was asked. Goes with a [`Problem`], and with what only the log sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is sent.
    pub problem: Box<Problem>,
    /// What the log is told: the chain of causes of a fault, or the reason of a refusal.
    pub logged: Option<String>,
    /// After how many seconds the caller may try again.
    pub retry_after_s: Option<u64>,
}

/// What the log is told of an answer; travels with it inside the process.
#[derive(Clone, Debug)]
pub(super) struct Logged(pub(super) String);

impl Refused {
    /// A refusal with the status of its kind.
    pub fn new(kind: ErrorKind, code: &str, detail: impl Into<String>) -> Self {
        Self::with_status(status_of(kind), code, detail)
    }

    /// A refusal with a status that says more than its kind's.
    pub fn with_status(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let detail: String = detail.into().chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
        let problem = Problem {
            problem_type: format!("urn:edgecoder:error:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: Some(detail).filter(|detail| !detail.is_empty()),
            place: None,
            trace_id: None,
        };
        Self { problem: Box::new(problem), logged: None, retry_after_s: None }
    }

    /// Tells the log more than the caller.
    #[must_use]
    pub fn logged(mut self, reason: impl Into<String>) -> Self {
        self.logged = Some(reason.into());
        self
    }

    /// Asks the caller to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Names the place in the body.
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.problem.place = Some(Place { line, column });
        self
    }
}

impl<E: ServiceError> From<E> for Refused {
    fn from(error: E) -> Self {
        error.refuse()
    }
}

/// An error and its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.extend([": ", &error.to_string()]);
        cause = error.source();
    }
    text
}

impl IntoResponse for Refused {
    fn into_response(self) -> axum::response::Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert("www-authenticate", HeaderValue::from_static("Bearer, Signature"));
        }
        if let Some(logged) = self.logged {
            response.extensions_mut().insert(Logged(logged));
        }
        response.extensions_mut().insert(self.problem);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot reach the disk at /secret")]
    struct Fault(#[source] std::io::Error);

    impl ServiceError for Fault {
        fn kind(&self) -> ErrorKind {
            ErrorKind::Internal
        }

        fn code(&self) -> &'static str {
            "internal"
        }
    }

    #[test]
    fn a_fault_is_told_to_the_log_only() {
        let refused = Refused::from(Fault(std::io::Error::other("broken")));
        assert_eq!((refused.problem.status, refused.problem.detail.clone()), (500, None));
        assert_eq!(refused.logged.as_deref(), Some("cannot reach the disk at /secret: broken"));
        let response = refused.into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
    }

    #[test]
    fn details_are_cut_and_hold_no_control_characters() {
        let refused = Refused::new(ErrorKind::Invalid, "x", "a\u{1b}[31m\n".repeat(500));
        let detail = refused.problem.detail.unwrap();
        assert_eq!(detail.chars().count(), DETAIL_CHARS_MAX);
        assert!(!detail.contains(char::is_control));
    }
}
