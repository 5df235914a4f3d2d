//! The private pipe between the test harness and us: what is asked for, and the records that come back.
//!
//! One JSON object a line. Every record carries the run's nonce and the next number; the last one
//! names every id. Anything else on the pipe means that somebody else wrote to it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};

use edgecoder_types::{RunRequest, SourceFile, TestOutcome, Verdict};
use serde::{Deserialize, Serialize};

use crate::contract::ExecutorError;

/// What only the harness is told.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    nonce: String,
    /// The exit status of a harness that came to its own end: 64 to 191.
    pub exit_code: i32,
}

impl Secret {
    /// What every record carries.
    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Draws a new one from the system's random numbers.
    pub(crate) fn draw() -> io::Result<Self> {
        let mut bytes = [0u8; 17];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let mut nonce = String::new();
        for byte in &bytes[..16] {
            write!(nonce, "{byte:02x}").map_err(io::Error::other)?;
        }
        Ok(Self { nonce, exit_code: 64 + i32::from(bytes[16] & 127) })
    }
}

#[derive(Serialize)]
struct Configuration<'a> {
    nonce: &'a str,
    exit_code: i32,
    mode: &'a str,
    tests: &'a [String],
    entry: Option<&'a str>,
    files: &'a [SourceFile],
    seed: String,
}

/// What the harness reads before anything else.
pub(crate) fn configuration(
    request: &RunRequest,
    mode: &str,
    tests: &[String],
    secret: &Secret,
) -> Result<Vec<u8>, ExecutorError> {
    let configuration = Configuration {
        nonce: &secret.nonce,
        exit_code: secret.exit_code,
        mode,
        tests,
        entry: request.entry.as_deref(),
        files: &request.files,
        seed: request.seed.to_string(),
    };
    serde_json::to_vec(&configuration).map_err(|error| ExecutorError::Protocol(error.to_string()))
}

#[derive(Deserialize)]
struct Line {
    nonce: String,
    n: u64,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Record {
    /// A test failed over something that cannot be handed over between the tests and the code under test.
    Unmirrored { what: String },
    /// A test file could not be loaded.
    LoadError { file: String, message: String },
    /// One test ended (or was collected).
    Test { id: String, verdict: Verdict, message: String },
    /// The end: every id, in order.
    Final { ids: Vec<String> },
}

/// What the records say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub tests: Vec<TestOutcome>,
    /// The first thing that could not be handed over, and what to do.
    pub unmirrored: Option<String>,
    pub load_errors: Vec<String>,
    pub complete: bool,
}

/// Reads the records. `Err` says what doesn't belong there.
pub(crate) fn read(bytes: &[u8], secret: &Secret) -> Result<Report, String> {
    let mut report = Report::default();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    for (expected, line) in (0u64..).zip(lines) {
        // A record cut short is one that the process died over.
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let line: Line = serde_json::from_slice(line).map_err(|error| format!("record {expected}: {error}"))?;
        if line.nonce != secret.nonce || line.n != expected || report.complete {
            return Err(format!("record {expected} is not the harness's"));
        }
        match line.record {
            Record::Unmirrored { what } => {
                report.unmirrored.get_or_insert(what);
            }
            Record::LoadError { file, message } => report.load_errors.push(format!("{file}: {message}")),
            Record::Test { id, verdict, message } => report.tests.push(TestOutcome { id, verdict, message }),
            Record::Final { ids } => {
                if !ids.iter().eq(report.tests.iter().map(|test| &test.id)) {
                    return Err("the last record doesn't name the tests that were recorded".to_owned());
                }
                report.complete = true;
            }
        }
    }
    Ok(report)
}
