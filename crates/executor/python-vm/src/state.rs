//! The state of the one run of this process, outside the reach of Python objects.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use edgecoder_types::{FileRole, RunRequest, RunStatus, TestOutcome, Verdict, Violation};
use rustpython_vm::PyObjectRef;
use rustpython_vm::PyRef;
use rustpython_vm::builtins::PyCode;

use crate::Ending;

/// Longest message kept of a failed test, in characters.
pub(crate) const MESSAGE_CHARS_MAX: usize = 400;

/// One program file, compiled.
pub(crate) struct Unit {
    /// The code object of the whole file.
    pub(crate) code: PyRef<PyCode>,
    /// Who wrote it.
    pub(crate) role: FileRole,
    /// The tests that it defines (see [`crate::intact::definitions`]).
    pub(crate) definitions: Vec<String>,
}

/// Everything that belongs to the run.
pub(crate) struct Run {
    /// The request, whole.
    pub(crate) request: RunRequest,
    deliver: fn(Ending) -> !,
    /// Compiled files by path.
    pub(crate) units: BTreeMap<String, Unit>,
    /// Recorded outcomes in order of execution.
    pub(crate) outcomes: Vec<TestOutcome>,
    ids: BTreeMap<String, u32>,
    /// Bytes written so far.
    pub(crate) stdout: Vec<u8>,
    /// Bytes written so far.
    pub(crate) stderr: Vec<u8>,
    /// Where reading of standard input stands.
    pub(crate) stdin_at: usize,
    /// While some, output goes here (doctest examples, captured streams).
    pub(crate) diverted: Option<Vec<u8>>,
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
    static ENDED: Cell<bool> = const { Cell::new(false) };
    static CANDIDATES: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    static KEPT: RefCell<Vec<PyObjectRef>> = const { RefCell::new(Vec::new()) };
}

/// Begins the run.
pub(crate) fn begin(request: RunRequest, deliver: fn(Ending) -> !) {
    let candidates =
        request.files.iter().filter(|file| file.role == FileRole::Candidate).map(|file| file.path.clone()).collect();
    CANDIDATES.with(|cell| *cell.borrow_mut() = candidates);
    let run = Run {
        request,
        deliver,
        units: BTreeMap::new(),
        outcomes: Vec::new(),
        ids: BTreeMap::new(),
        stdout: Vec::new(),
        stderr: Vec::new(),
        stdin_at: 0,
        diverted: None,
    };
    RUN.with(|cell| *cell.borrow_mut() = Some(run));
}

/// Reads or changes the run; `None` while the interpreter is only booting. Must not be nested.
pub(crate) fn with<R>(change: impl FnOnce(&mut Run) -> R) -> Option<R> {
    RUN.with(|cell| cell.try_borrow_mut().ok().and_then(|mut run| run.as_mut().map(change)))
}

/// Whether a code object's path is one of the candidate's files.
pub(crate) fn is_candidate(path: &str) -> bool {
    CANDIDATES.with(|cell| cell.borrow().contains(path))
}

/// Keeps an object alive to the end of the process.
pub(crate) fn keep(object: PyObjectRef) {
    KEPT.with(|cell| cell.borrow_mut().push(object));
}

/// Records one test.
pub(crate) fn record(id: &str, verdict: Verdict, message: &str) {
    with(|run| {
        let count = run.ids.entry(id.to_owned()).or_insert(0);
        *count += 1;
        let id = if *count == 1 { id.to_owned() } else { format!("{id}#{count}") };
        let message = message.chars().take(MESSAGE_CHARS_MAX).collect();
        run.outcomes.push(TestOutcome { id, verdict, message });
    });
}

/// How a run ends.
pub(crate) struct End {
    pub(crate) status: RunStatus,
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) violations: Vec<Violation>,
}

impl End {
    pub(crate) fn new(status: RunStatus, reason: &'static str, detail: impl Into<String>) -> Self {
        Self { status, reason, detail: detail.into(), exit_code: None, violations: Vec::new() }
    }

    pub(crate) fn exit(mut self, code: i32) -> Self {
        self.exit_code = Some(code);
        self
    }
}

/// Ends the run for good: nothing of the program runs after this.
pub(crate) fn finish(end: End) -> ! {
    if ENDED.with(|ended| ended.replace(true)) {
        std::process::abort();
    }
    let Some(run) = RUN.with(|cell| cell.try_borrow_mut().ok().and_then(|mut run| run.take())) else {
        std::process::abort()
    };
    let fuel = crate::fuel::used();
    let mut tests = run.outcomes;
    let executed: BTreeSet<String> = tests.iter().map(|outcome| outcome.id.clone()).collect();
    for id in &run.request.expected_tests {
        if !executed.contains(id) {
            tests.push(TestOutcome { id: id.clone(), verdict: Verdict::Missing, message: String::new() });
        }
    }
    (run.deliver)(Ending {
        status: end.status,
        reason: end.reason.to_owned(),
        detail: end.detail,
        stdout: run.stdout,
        stderr: run.stderr,
        exit_code: end.exit_code,
        tests,
        violations: end.violations,
        fuel,
    })
}
