//! The state of the one run of this process, outside the reach of JavaScript objects.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use edgecoder_types::{Ending, RunRequest, RunStatus, TestOutcome, Verdict, Violation};

use crate::program::Unit;

/// Longest message kept of a failed test, in characters.
pub(crate) const MESSAGE_CHARS_MAX: usize = 400;

/// Everything that belongs to the run.
pub(crate) struct Run {
    /// The request, whole.
    pub(crate) request: RunRequest,
    deliver: fn(Ending) -> !,
    /// Instrumented files by path.
    pub(crate) units: BTreeMap<String, Unit>,
    /// Recorded outcomes in order of execution.
    pub(crate) outcomes: Vec<TestOutcome>,
    ids: BTreeMap<String, u32>,
    /// The test that is running, if any.
    pub(crate) open: String,
    /// Bytes written so far.
    pub(crate) stdout: Vec<u8>,
    /// Bytes written so far.
    pub(crate) stderr: Vec<u8>,
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
    static ENDED: Cell<bool> = const { Cell::new(false) };
}

/// Begins the run.
pub(crate) fn begin(request: RunRequest, deliver: fn(Ending) -> !) {
    let run = Run {
        request,
        deliver,
        units: BTreeMap::new(),
        outcomes: Vec::new(),
        ids: BTreeMap::new(),
        open: String::new(),
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    RUN.with(|cell| *cell.borrow_mut() = Some(run));
}

/// Reads or changes the run; `None` before it began. Must not be nested.
pub(crate) fn with<R>(change: impl FnOnce(&mut Run) -> R) -> Option<R> {
    RUN.with(|cell| cell.try_borrow_mut().ok().and_then(|mut run| run.as_mut().map(change)))
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

    pub(crate) fn rejected(violations: Vec<Violation>) -> Self {
        let is_syntax = violations.iter().any(|violation| violation.code == "syntax_error");
        let (reason, what) = if is_syntax {
            ("syntax_error", "a file cannot be parsed")
        } else {
            ("subset_violation", "the program leaves the subset")
        };
        let first = violations.first().map_or_else(String::new, |violation| {
            format!(": {}:{}:{}: {}", violation.path, violation.line, violation.column, violation.message)
        });
        Self { violations, ..Self::new(RunStatus::Rejected, reason, format!("{what}{first}")) }
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
