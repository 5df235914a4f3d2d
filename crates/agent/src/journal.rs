//! The journal of a run: one JSON line a step, enough to continue after the process was killed.
//!
//! The search is a deterministic function of its options, of what the model wrote and of what the
//! executor said. The journal keeps the last two by the digest of their request, and the steps of
//! the state machine in order. `resume` runs the search again: what is recorded is answered from
//! here at once, and the first thing that is not recorded is where the work goes on.
//!
//! A record is one line. A line without its newline was being written when the process died: it is cut off.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use edgecoder_inference::{Generated, Sending, Usage};
use edgecoder_types::{Digest, RunResult, UnixMs};
use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::search::score::Score;
use crate::state::{State, Transition};

/// Version of the record format.
const VERSION: u32 = 2;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    v: u32,
    at_ms: UnixMs,
    #[serde(flatten)]
    record: Record,
}

/// What a line says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Record {
    /// A step of the state machine.
    Step(Transition),
    /// What the model wrote for a request.
    Generated { key: Digest, written: Written, spent_ms: u64 },
    /// What the executor said about a request.
    Ran { key: Digest, result: Box<RunResult>, spent_ms: u64 },
    /// What edits of a batch's candidates came to, one after another.
    Edited { key: Digest, scores: Vec<Score>, spent_ms: u64 },
    /// What was about to be sent to a server.
    Sent { sending: Sending },
    /// A cancelled run was taken up again.
    Resumed,
}

/// A batch as the model left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// One for each sequence of the request.
    pub(crate) texts: Vec<Generated>,
    /// Sequences that ended by themselves, in the order in which they did; the others were stopped.
    pub(crate) order: Vec<usize>,
    /// What it took.
    pub(crate) usage: Usage,
}

/// What was recorded before this process began.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) steps: VecDeque<Transition>,
    pub(crate) generated: BTreeMap<Digest, (Written, u64)>,
    pub(crate) ran: BTreeMap<Digest, (RunResult, u64)>,
    pub(crate) edited: BTreeMap<Digest, (Vec<Score>, u64)>,
    /// What was sent to servers, in order.
    pub(crate) sent: Vec<Sending>,
    /// Milliseconds of work that the records stand for.
    pub(crate) spent_ms: u64,
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or creates the journal, cuts off a torn last line and reads the rest.
    ///
    /// # Errors
    /// [`AgentError::Journal`] for a whole line that is no record of this version.
    pub(crate) fn open(path: &Path) -> Result<(Self, Recorded), AgentError> {
        let (recorded, whole) = read(path)?;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let file = file.map_err(|source| AgentError::io("open", path, source))?;
        file.set_len(whole as u64).map_err(|source| AgentError::io("write", path, source))?;
        Ok((Self { path: path.to_path_buf(), file }, recorded))
    }

    /// Reads what is recorded, without touching the file: another process may be writing it.
    pub(crate) fn read(path: &Path) -> Result<Recorded, AgentError> {
        read(path).map(|(recorded, _)| recorded)
    }

    /// Appends a record and waits until it is on the disk.
    pub(crate) fn append(&mut self, at_ms: UnixMs, record: Record) -> Result<(), AgentError> {
        let fault = |source| AgentError::io("write", &self.path, source);
        let line = Line { v: VERSION, at_ms, record };
        let mut bytes = serde_json::to_vec(&line).map_err(|error| fault(error.into()))?;
        bytes.push(b'\n');
        let before = self.file.metadata().map_err(fault)?.len();
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|source| {
            // A line that did not fit is taken back, so that the journal stays whole.
            match self.file.set_len(before) {
                Ok(()) | Err(_) => fault(source),
            }
        })
    }
}

/// The records of all whole lines, and how many bytes these are.
fn read(path: &Path) -> Result<(Recorded, usize), AgentError> {
    let text = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(AgentError::io("read", path, source)),
    };
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut recorded = Recorded::default();
    for (number, line) in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let line: Line = serde_json::from_slice(line)
            .map_err(|error| AgentError::Journal(format!("line {} is no record: {error}", number + 1)))?;
        if line.v != VERSION {
            return Err(AgentError::Journal(format!("line {} has version {}, not {VERSION}", number + 1, line.v)));
        }
        recorded.add(line.record);
    }
    Ok((recorded, whole))
}

impl Recorded {
    fn add(&mut self, record: Record) {
        match record {
            Record::Step(step) => self.steps.push_back(step),
            Record::Generated { key, written, spent_ms } => {
                self.spent_ms = self.spent_ms.max(spent_ms);
                self.generated.insert(key, (written, spent_ms));
            }
            Record::Ran { key, result, spent_ms } => {
                self.spent_ms = self.spent_ms.max(spent_ms);
                self.ran.insert(key, (*result, spent_ms));
            }
            Record::Edited { key, scores, spent_ms } => {
                self.spent_ms = self.spent_ms.max(spent_ms);
                self.edited.insert(key, (scores, spent_ms));
            }
            Record::Sent { sending } => self.sent.push(sending),
            Record::Resumed => {
                if self.steps.back().is_some_and(|step| step.to == State::Cancelled) {
                    self.steps.pop_back();
                }
            }
        }
    }

    /// Where the recorded steps end.
    pub(crate) fn last_state(&self) -> State {
        self.steps.back().map_or(State::Planning, |step| step.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{StateEvent, apply};

    /// However much of the last record reached the disk, the journal opens with all records before it,
    /// and what is appended afterwards is readable.
    #[test]
    fn truncation_at_every_byte_of_the_last_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        let planned = apply(State::Planning, StateEvent::Planned).unwrap();
        let generated = apply(State::Coding, StateEvent::Generated).unwrap();
        let texts = vec![Generated { text: "ü\n".into(), tokens: 2, finish: edgecoder_inference::FinishReason::Stop }];
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(UnixMs(1), Record::Step(planned)).unwrap();
        let first = std::fs::metadata(&path).unwrap().len();
        let written = Written { texts, order: vec![0], usage: Usage::default() };
        let record = Record::Generated { key: Digest([7; 32]), written, spent_ms: 5 };
        journal.append(UnixMs(2), record).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for length in usize::try_from(first).unwrap()..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (mut journal, recorded) = Journal::open(&path).unwrap();
            assert_eq!(recorded.steps, [planned]);
            assert_eq!(recorded.generated.len(), usize::from(length == whole.len()), "{length}");
            journal.append(UnixMs(3), Record::Step(generated)).unwrap();
            let (_, recorded) = Journal::open(&path).unwrap();
            assert_eq!(recorded.steps, [planned, generated]);
        }
    }

    #[test]
    fn foreign_lines_are_refused_with_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        for text in
            ["nonsense\n", "{\"v\":1,\"at_ms\":1,\"type\":\"resumed\"}\n", "{\"v\":2,\"at_ms\":1,\"type\":\"other\"}\n"]
        {
            std::fs::write(&path, text).unwrap();
            let error = Journal::open(&path).unwrap_err();
            assert_eq!(error.code(), "journal_mismatch");
            assert!(error.to_string().contains("line 1"), "{error}");
        }
    }

    #[test]
    fn resuming_takes_back_the_cancellation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(UnixMs(1), Record::Step(apply(State::Planning, StateEvent::Planned).unwrap())).unwrap();
        journal.append(UnixMs(1), Record::Step(apply(State::Coding, StateEvent::Cancel).unwrap())).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1.last_state(), State::Cancelled);
        journal.append(UnixMs(2), Record::Resumed).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1.last_state(), State::Coding);
    }
}
