//! One record for each request. It holds no header, no query and no body, so no secret.

use edgecoder_types::UnixMs;
use serde::Serialize;

/// What is told of a request when it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogRecord {
    /// When it came.
    pub at_ms: UnixMs,
    /// Its trace id.
    pub trace_id: String,
    /// Its method.
    pub method: String,
    /// The route's path with its variables unfilled; `-` when there is none.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took until the answer began.
    pub took_us: u64,
    /// Who asked, as far as it was found out.
    pub caller: String,
    /// The code of the answer's problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What only the log is told: the reason of a refusal, the causes of a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where records go.
pub trait RequestLog: Send + Sync {
    /// Takes one. It must not block for long.
    fn write(&self, record: &LogRecord);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoLog;

impl RequestLog for NoLog {
    fn write(&self, _: &LogRecord) {}
}
