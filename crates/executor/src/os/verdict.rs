//! From what came out of the sandbox to a status, a reason code and a sentence.

use std::fmt::Write as _;

use edgecoder_types::{Language, RunRequest, RunStatus, TestOutcome, TestPlan, Verdict};

use super::OsOutcome;
use super::job::Event;
use super::parent::{Capture, Stopped};
use super::plan::{Judge, Prepared};
use super::probe::fix_for;
use super::report::{self, Report, Secret};
use super::warm;

/// A request that doesn't run here, with the reason.
#[derive(Debug)]
pub(crate) struct Refusal {
    reason: &'static str,
    detail: String,
}

impl Refusal {
    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn no_interpreter(language: Language) -> Self {
        let (name, package) = if language == Language::Python { ("python3", "python3") } else { ("node", "nodejs") };
        Self::new("interpreter_missing", format!("there is no {name} on this machine; install the package {package}"))
    }

    pub(crate) fn into_outcome(self) -> OsOutcome {
        OsOutcome {
            status: RunStatus::Refused,
            reason: self.reason.to_owned(),
            detail: self.detail,
            stdout: Vec::new(),
            stderr: Vec::new(),
            exit_code: None,
            tests: Vec::new(),
            peak_memory_bytes: None,
            duration_us: 0,
            runtime: String::new(),
            warm: false,
        }
    }
}

/// Status, reason code, sentence.
type Judged = (RunStatus, &'static str, String);

/// The helper's events, sorted.
#[derive(Default)]
struct Ending {
    setup: Option<(String, i32, String)>,
    exec: Option<(String, i32)>,
    exited: Option<(Option<i32>, Option<i32>)>,
    peak_bytes: Option<u64>,
    out_of_memory: bool,
    warnings: Vec<String>,
    complete: bool,
}

impl Ending {
    fn of(events: Vec<Event>) -> Self {
        let mut ending = Self::default();
        for event in events {
            match event {
                Event::SetupFailed { step, errno, message } => ending.setup = Some((step, errno, message)),
                Event::Ready => {}
                Event::Warning(text) => ending.warnings.push(text),
                Event::ExecFailed { program, errno } => ending.exec = Some((program, errno)),
                Event::Exited { code, signal, peak_bytes } => {
                    ending.exited = Some((code, signal));
                    ending.peak_bytes = Some(peak_bytes);
                }
                Event::Final { oom_kills, memory_exceeded, peak_bytes, cgroup: _ } => {
                    ending.complete = true;
                    ending.out_of_memory = oom_kills > 0 || memory_exceeded;
                    ending.peak_bytes = peak_bytes.or(ending.peak_bytes);
                }
            }
        }
        ending
    }
}

/// Judges a run.
pub(crate) fn outcome(request: &RunRequest, prepared: &Prepared, capture: Capture) -> OsOutcome {
    let Capture { stdout, stderr, report, events, stopped, duration } = capture;
    let ending = Ending::of(events);
    let mut exit_code = ending.exited.and_then(|(code, _)| code);
    let mut tests = Vec::new();
    let (status, reason, mut detail) = match before_the_verdict(request, prepared, &ending, stopped, &stderr) {
        Some(judged) => {
            exit_code = None;
            if let Judge::Harness(secret) = &prepared.judge {
                tests = report::read(&report, secret).map(|report| report.tests).unwrap_or_default();
                add_missing(request, &mut tests);
            }
            judged
        }
        None => match &prepared.judge {
            Judge::Program => program(exit_code, &stderr),
            Judge::Command => {
                let judged = command(exit_code);
                let verdict = if judged.0 == RunStatus::Passed { Verdict::Passed } else { Verdict::Failed };
                let message = if verdict == Verdict::Passed { String::new() } else { judged.2.clone() };
                tests.push(TestOutcome { id: "command".to_owned(), verdict, message });
                add_missing(request, &mut tests);
                if judged.0 == RunStatus::Passed { count(request, &tests) } else { judged }
            }
            Judge::Harness(secret) => {
                let judged = harness(request, &report, secret, &mut exit_code, &mut tests);
                add_missing(request, &mut tests);
                judged.unwrap_or_else(|| count(request, &tests))
            }
        },
    };
    for warning in &ending.warnings {
        write!(detail, "; warning: {warning}").unwrap_or_default();
    }
    OsOutcome {
        status,
        reason: reason.to_owned(),
        detail,
        stdout,
        stderr,
        exit_code,
        tests,
        peak_memory_bytes: ending.peak_bytes,
        duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        runtime: prepared.runtime.clone(),
        warm: false,
    }
}

/// Whether the end of a warm run says nothing about the run, but that its interpreter died or failed.
pub(crate) fn is_lost(capture: &Capture) -> bool {
    let ended = |event: &Event| match event {
        Event::Exited { .. } => true,
        Event::Final { oom_kills, memory_exceeded, .. } => *oom_kills > 0 || *memory_exceeded,
        Event::SetupFailed { step, .. } => step != warm::STEP,
        Event::Ready | Event::Warning(_) | Event::ExecFailed { .. } => false,
    };
    capture.stopped.is_none() && !capture.events.iter().any(ended)
}

/// Endings that say nothing about the program's own answer.
fn before_the_verdict(
    request: &RunRequest,
    prepared: &Prepared,
    ending: &Ending,
    stopped: Option<Stopped>,
    stderr: &[u8],
) -> Option<Judged> {
    let limits = &request.limits;
    if let Some((step, errno, message)) = &ending.setup {
        let error = std::io::Error::from_raw_os_error(*errno);
        let detail = format!("the OS sandbox does not work here: {message}: {error}; {}", fix_for(step, *errno));
        return Some((RunStatus::Refused, "sandbox_unavailable", detail));
    }
    if let Some((program, errno)) = &ending.exec {
        return Some(match *errno {
            libc::ENOENT => {
                let detail = format!(
                    "command {program} does not exist in the sandbox; install it under /usr, or correct its name"
                );
                (RunStatus::Error, "command_not_found", detail)
            }
            errno => {
                let error = std::io::Error::from_raw_os_error(errno);
                (RunStatus::Error, "command_not_executable", format!("command {program} cannot be started: {error}"))
            }
        });
    }
    if ending.out_of_memory {
        let detail = format!("the run needed more than {} MiB of memory", limits.memory_bytes >> 20);
        return Some((RunStatus::OutOfMemory, "out_of_memory", detail));
    }
    match stopped {
        Some(Stopped::TimedOut) => {
            let detail = format!("the run was still going after {} ms and was ended", limits.timeout_ms);
            return Some((RunStatus::TimedOut, "timed_out", detail));
        }
        Some(Stopped::OutputLimit) => {
            let detail = format!("the run printed more than {} bytes and was ended", limits.output_bytes);
            return Some((RunStatus::OutputLimit, "output_limit", detail));
        }
        Some(Stopped::ReportLimit) => {
            return Some((RunStatus::Forged, "result_channel_flooded", "the result channel was flooded".to_owned()));
        }
        Some(Stopped::Cancelled) => {
            return Some((RunStatus::Cancelled, "cancelled", "the run was cancelled".to_owned()));
        }
        None => {}
    }
    match ending.exited {
        Some((_, Some(libc::SIGABRT))) if prepared.job.is_node() && heap_is_full(stderr) => {
            let detail =
                format!("Node's heap needed more than its part of {} MiB of memory", limits.memory_bytes >> 20);
            Some((RunStatus::OutOfMemory, "out_of_memory", detail))
        }
        Some((_, Some(signal))) if signal == libc::SIGXCPU => {
            Some((RunStatus::TimedOut, "cpu_time", "the program used up its processor time".to_owned()))
        }
        Some((_, Some(signal))) => Some((
            RunStatus::Crashed,
            "killed_by_signal",
            format!("the program was ended by signal {}", name_of(signal)),
        )),
        Some((Some(_), None)) if ending.complete => None,
        _ => {
            Some((RunStatus::Crashed, "sandbox_died", "the sandbox ended without saying how; run it again".to_owned()))
        }
    }
}

/// What Node says before it gives itself up; a program that says so and does the same gets the same ending, a backstop.
fn heap_is_full(stderr: &[u8]) -> bool {
    String::from_utf8_lossy(stderr).contains("JavaScript heap out of memory")
}

fn name_of(signal: i32) -> String {
    nix::sys::signal::Signal::try_from(signal).map_or_else(|_| signal.to_string(), |signal| signal.as_str().to_owned())
}

fn program(exit_code: Option<i32>, stderr: &[u8]) -> Judged {
    match exit_code {
        Some(0) => (RunStatus::Completed, "completed", "the program ended with exit status 0".to_owned()),
        Some(code) if has_traceback(stderr) => {
            let detail =
                format!("the program ended with an uncaught exception (exit status {code}): {}", last_line(stderr));
            (RunStatus::Error, "uncaught_exception", detail)
        }
        _ => {
            let code = exit_code.unwrap_or(-1);
            (RunStatus::Error, "nonzero_exit", format!("the program ended with exit status {code}"))
        }
    }
}

fn has_traceback(stderr: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stderr);
    let frame = |line: &str| line.starts_with("Traceback (most recent call last)") || line.starts_with("  File \"");
    text.lines().any(frame) || text.contains("\nNode.js v")
}

fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.chars().take(400).collect()
}

/// The command is trusted to judge: it runs the candidate's code, and its exit status is taken as is.
fn command(exit_code: Option<i32>) -> Judged {
    if exit_code == Some(0) {
        return (
            RunStatus::Passed,
            "passed",
            "the command ended with exit status 0, which is taken at its word".to_owned(),
        );
    }
    let code = exit_code.unwrap_or(-1);
    (RunStatus::Failed, "nonzero_exit", format!("the command ended with exit status {code}"))
}

/// Reads the harness's records; `None` leaves the judgement to the counts.
fn harness(
    request: &RunRequest,
    bytes: &[u8],
    secret: &Secret,
    exit_code: &mut Option<i32>,
    tests: &mut Vec<TestOutcome>,
) -> Option<Judged> {
    let report = match report::read(bytes, secret) {
        Ok(report) => report,
        Err(what) => {
            return Some((
                RunStatus::Forged,
                "result_channel_tampered",
                format!("the result channel was written to: {what}"),
            ));
        }
    };
    let Report { tests: recorded, unmirrored, load_errors, complete } = report;
    *tests = recorded;
    if !complete || *exit_code != Some(secret.exit_code) {
        let code = exit_code.unwrap_or(-1);
        let detail = format!("the process ended with exit status {code} before the harness had judged every test");
        return Some((RunStatus::Forged, "verdict_incomplete", detail));
    }
    *exit_code = Some(0);
    if !load_errors.is_empty() {
        *exit_code = Some(1);
        return Some((RunStatus::Error, "uncaught_exception", load_errors.join("; ")));
    }
    if matches!(request.tests, TestPlan::Collect(_)) && !tests.is_empty() {
        let detail = format!("{} tests collected", tests.len());
        return Some((RunStatus::Completed, "collected", detail));
    }
    if tests.iter().any(|test| matches!(test.verdict, Verdict::Failed | Verdict::Error)) {
        *exit_code = Some(1);
        if let Some(what) = unmirrored {
            return Some((RunStatus::Failed, "not_mirrored", format!("not verified: {what}")));
        }
    }
    None
}

fn add_missing(request: &RunRequest, tests: &mut Vec<TestOutcome>) {
    let known: std::collections::BTreeSet<String> = tests.iter().map(|test| test.id.clone()).collect();
    for id in request.expected_tests.iter().filter(|id| !known.contains(*id)) {
        let message = "expected, but never executed".to_owned();
        tests.push(TestOutcome { id: id.clone(), verdict: Verdict::Missing, message });
    }
}

fn count(request: &RunRequest, tests: &[TestOutcome]) -> Judged {
    let of = |wanted: Verdict| tests.iter().filter(|test| test.verdict == wanted).count();
    let total = tests.len();
    let passed = of(Verdict::Passed);
    if total == 0 {
        return (RunStatus::NoTests, "no_tests", "no test was collected".to_owned());
    }
    let text = format!("{passed} of {total} tests passed");
    let first = |wanted: Verdict| tests.iter().find(|test| test.verdict == wanted);
    if let Some(test) = first(Verdict::Failed) {
        return (RunStatus::Failed, "assertion_failed", format!("{text}; first failure: {}", test.id));
    }
    if let Some(test) = first(Verdict::Error) {
        return (RunStatus::Failed, "test_error", format!("{text}; first error: {}: {}", test.id, test.message));
    }
    if let Some(test) = first(Verdict::Missing) {
        return (RunStatus::Failed, "tests_missing", format!("{text}; expected but not executed: {}", test.id));
    }
    let skipped = request
        .expected_tests
        .iter()
        .find(|id| tests.iter().any(|test| test.id == **id && test.verdict == Verdict::Skipped));
    if let Some(id) = skipped {
        return (RunStatus::Failed, "tests_missing", format!("{text}; expected but skipped: {id}"));
    }
    if passed == 0 {
        return (RunStatus::NoTests, "no_tests", format!("{text}; every test was skipped"));
    }
    (RunStatus::Passed, "passed", text)
}
