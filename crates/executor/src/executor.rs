//! The executor: validates a request, chooses the layer, runs it, and keeps receipts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use edgecoder_types::limits::SOURCE_BYTES_MAX;
use edgecoder_types::{
    Ending, FileRole, Language, Layer, LayerChoice, Limits, RunRequest, RunResult, RunStatus, SourceFile, TestCounts,
    TestPlan, Violation,
};

use crate::contract::{Cancel, ExecutorError, Runner};
use crate::embedded::{ChildEnd, ChildReport, Pool};
use crate::identity::{Identity, SystemClock, SystemEntropy};
use crate::os::{OsConfig, OsOutcome, OsSandbox, Warmth};
use crate::receipt::{self, Bundle, ReceiptError, ReceiptFile, ReceiptStore, Verification};
use crate::{request, select};

/// The embedded interpreter's name in receipts.
pub const EMBEDDED_RUNTIME: &str = "rustpython-0.5.0";
/// The embedded JavaScript interpreter's name in receipts: its version, and that of what stands around it.
pub const EMBEDDED_JAVASCRIPT_RUNTIME: &str = "quickjs-ng-0.16.2+2";

/// Where an executor finds things.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// An executable that calls [`crate::helper_main`] first in `main`; the product passes itself.
    pub helper: PathBuf,
    /// Receipts, inputs and the node's identity.
    pub state_dir: PathBuf,
    /// Scratch space for the OS layer.
    pub scratch_dir: PathBuf,
}

/// Runs code that nobody trusts. Shared by threads.
#[derive(Debug)]
pub struct Executor {
    python: Pool,
    javascript: Pool,
    os: OsSandbox,
    receipts: ReceiptStore,
    identity_path: PathBuf,
}

impl Executor {
    /// Starts the embedded layer's worker; it boots while the caller goes on.
    pub fn start(config: ExecutorConfig) -> Result<Self, ExecutorError> {
        Ok(Self {
            python: Pool::start(config.helper.clone())?,
            javascript: Pool::javascript(config.helper.clone()),
            os: OsSandbox::new(OsConfig { helper: config.helper, scratch: config.scratch_dir, warmth: Warmth::USUAL }),
            receipts: ReceiptStore::new(&config.state_dir),
            identity_path: config.state_dir.join("node.json"),
        })
    }

    fn pool(&self, language: Language) -> &Pool {
        match language {
            Language::JavaScript => &self.javascript,
            Language::Python | Language::Command => &self.python,
        }
    }

    /// The OS layer, for `doctor`.
    pub fn os(&self) -> &OsSandbox {
        &self.os
    }

    /// Whether a layer runs a language here: runs a program that must print.
    pub fn probe(&self, language: Language, layer: LayerChoice) -> Result<(), String> {
        let (name, content) = match language {
            Language::JavaScript => ("control.js", "console.log('control')\n"),
            Language::Python | Language::Command => ("control.py", "print('control')\n"),
        };
        let request = single(language, name, content.as_bytes().to_vec(), layer);
        let result = self.run(&request, &Cancel::default()).map_err(|error| describe(&error))?;
        if result.status == RunStatus::Completed && result.stdout == b"control\n" {
            Ok(())
        } else {
            Err(format!("the control program ended with {}: {}", result.reason, result.detail))
        }
    }

    /// Signs a run's receipt and keeps it with its inputs; returns it and its path.
    pub fn keep_receipt(
        &self,
        request: &RunRequest,
        result: &RunResult,
    ) -> Result<(ReceiptFile, PathBuf), ReceiptError> {
        let body = result.receipt.as_ref().ok_or_else(|| ReceiptError::NoEvidence(format!("{:?}", result.status)))?;
        let attestation = self.attest(body)?;
        self.receipts.keep(request, result, Some(attestation))
    }

    fn attest(&self, body: &edgecoder_types::ReceiptBody) -> Result<edgecoder_types::Attestation, ReceiptError> {
        let (identity, mut entropy) = self.identity()?;
        Ok(identity.attest(body, &SystemClock, &mut entropy)?)
    }

    fn identity(&self) -> Result<(Identity, SystemEntropy), ReceiptError> {
        let io = |source| ReceiptError::Io { action: "reading", path: "/dev/urandom".into(), source };
        let mut entropy = SystemEntropy::open().map_err(io)?;
        let identity = Identity::load_or_create(&self.identity_path, &SystemClock, &mut entropy)?;
        Ok((identity, entropy))
    }

    /// Whether receipts can be signed here; makes the identity when there is none. Asked before long work, so that it does not
    /// end with a receipt that nobody can sign.
    pub fn check_identity(&self) -> Result<(), ReceiptError> {
        self.identity().map(drop)
    }

    /// This machine's node and key, where it has an identity already.
    pub fn known_identity(&self) -> Result<Option<Identity>, ReceiptError> {
        Ok(Identity::load(&self.identity_path)?)
    }

    /// Reads a receipt or bundle and checks its digests and signature.
    pub fn open_receipt(&self, path: &Path) -> Result<Bundle, ReceiptError> {
        self.receipts.open(path)
    }

    /// Adds the inputs that the bundle lacks, from this machine's store.
    pub fn complete_receipt(&self, mut bundle: Bundle) -> Result<Bundle, ReceiptError> {
        self.receipts.complete(&mut bundle)?;
        Ok(bundle)
    }

    /// Re-runs a checked receipt and names what differs.
    pub fn verify_receipt(&self, bundle: Bundle, cancel: &Cancel) -> Result<Verification, ReceiptError> {
        receipt::verify(bundle, &self.receipts, self, cancel)
    }

    /// Writes the receipt with its inputs as one file that verifies on another machine.
    pub fn export_receipt(&self, mut bundle: Bundle, to: &Path) -> Result<(), ReceiptError> {
        self.receipts.complete(&mut bundle)?;
        receipt::write_json(to, &bundle)
    }

    fn run_embedded(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        let report = self.pool(request.language).run(request, cancel)?;
        let result = embedded_result(report, &request.limits);
        let runtime = match request.language {
            Language::JavaScript => EMBEDDED_JAVASCRIPT_RUNTIME,
            Language::Python | Language::Command => EMBEDDED_RUNTIME,
        };
        Ok(with_receipt(request, result, runtime))
    }

    fn run_os(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        let outcome = self.os.run(request, cancel)?;
        let runtime = outcome.runtime.clone();
        Ok(with_receipt(request, os_result(outcome), &runtime))
    }

    fn run_auto(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        let embedded = self.run_embedded(request, cancel)?;
        if request.language == Language::Python
            && embedded.status == RunStatus::Forged
            && UNJUDGED.contains(&embedded.reason.as_str())
        {
            return self.judge_again(request, embedded, cancel);
        }
        if embedded.status != RunStatus::Rejected || !can_leave_subset(&embedded.violations) {
            return Ok(embedded);
        }
        let first = embedded.violations.first().map(|v| format!("{}:{}: {}", v.path, v.line, v.message));
        let mut result = self.run_os(request, cancel)?;
        let why = format!("OS layer, because the program is outside the subset ({})", first.unwrap_or_default());
        result.detail = if result.detail.is_empty() { why } else { format!("{}; {why}", result.detail) };
        result.violations = embedded.violations;
        Ok(result)
    }
}

/// Why the embedded layer can't judge a Python program: there, tests and candidate share an interpreter, and an object of
/// the candidate's would have decided. Between the two processes of the OS layer, more can be told apart.
const UNJUDGED: &[&str] = &["forged_arithmetic", "forged_comparison", "forged_method", "forged_object"];

impl Executor {
    /// Asks the stronger layer; where it isn't available, the embedded layer's answer stays.
    fn judge_again(
        &self,
        request: &RunRequest,
        embedded: RunResult,
        cancel: &Cancel,
    ) -> Result<RunResult, ExecutorError> {
        let mut result = self.run_os(request, cancel)?;
        if result.status == RunStatus::Refused {
            return Ok(embedded);
        }
        let why = format!("OS layer, because the embedded layer can't judge this ({})", embedded.detail);
        result.detail = if result.detail.is_empty() { why } else { format!("{}; {why}", result.detail) };
        Ok(result)
    }
}

impl Runner for Executor {
    fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        request::validate(request)?;
        if let Some(wide) = select::widened(request) {
            return self.run(&wide, cancel).map(|result| select::narrowed(request, result));
        }
        if let Some(path) = request::too_large(request) {
            let detail = format!("{path} has more than {SOURCE_BYTES_MAX} bytes, the most that is read as source");
            return Ok(refused(RunStatus::Rejected, "source_too_large", detail));
        }
        let nul = |file: &&SourceFile| is_source(request.language, &file.path) && file.content.contains(&0);
        if let Some(file) = request.files.iter().find(nul) {
            let detail = format!("{} holds a NUL byte: it is no source", file.path);
            return Ok(refused(RunStatus::Rejected, "source_nul", detail));
        }
        let embeddable = request.language != Language::Command && !matches!(request.tests, TestPlan::Command(_));
        match request.layer {
            LayerChoice::Os => self.run_os(request, cancel),
            LayerChoice::Auto if embeddable => self.run_auto(request, cancel),
            LayerChoice::Auto => self.run_os(request, cancel),
            LayerChoice::Embedded if embeddable => self.run_embedded(request, cancel),
            LayerChoice::Embedded => {
                let detail = "the embedded layer runs Python and JavaScript programs and test files, no commands; use the OS layer";
                Ok(refused(RunStatus::Refused, "layer_unsuitable", detail.to_owned()))
            }
        }
    }

    fn check(&self, language: Language, path: &str, content: &[u8]) -> Result<Vec<Violation>, ExecutorError> {
        if language == Language::Command {
            return Err(ExecutorError::Invalid("only Python and JavaScript have a subset checker".to_owned()));
        }
        if content.len() > SOURCE_BYTES_MAX {
            return Ok(vec![Violation {
                path: path.to_owned(),
                line: 1,
                column: 1,
                code: "source_too_large".to_owned(),
                message: format!("the file has {} bytes", content.len()),
                hint: format!("at most {SOURCE_BYTES_MAX} bytes are read as source"),
            }]);
        }
        // The check runs in a worker too: a parser is the first thing that hostile source reaches.
        let named = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let name = match language {
            Language::JavaScript if named == "mjs" => "checked.mjs",
            Language::JavaScript if named == "cjs" => "checked.cjs",
            Language::JavaScript => "checked.js",
            Language::Python | Language::Command => "checked.py",
        };
        let request = single(language, name, content.to_vec(), LayerChoice::Embedded);
        let report = self.pool(language).check(&request, &Cancel::default())?;
        let ending =
            report.ending.ok_or_else(|| ExecutorError::Protocol("the checker died on this source".to_owned()))?;
        Ok(ending.violations.into_iter().map(|violation| Violation { path: path.to_owned(), ..violation }).collect())
    }
}

fn is_source(language: Language, path: &str) -> bool {
    match language {
        Language::Python => Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("py")),
        Language::JavaScript => edgecoder_subset_js::is_source(path),
        Language::Command => false,
    }
}

/// A request of one file without tests.
fn single(language: Language, path: &str, content: Vec<u8>, layer: LayerChoice) -> RunRequest {
    RunRequest {
        language,
        entry: Some(path.to_owned()),
        files: vec![SourceFile { path: path.to_owned(), content, role: FileRole::Candidate }],
        tests: TestPlan::None,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer,
        seed: 0,
    }
}

fn with_receipt(request: &RunRequest, mut result: RunResult, runtime: &str) -> RunResult {
    result.receipt = receipt::body(request, &result, runtime);
    result
}

/// What is no program at all is none in the OS layer either.
fn can_leave_subset(violations: &[Violation]) -> bool {
    const HOPELESS: &[&str] =
        &["syntax_error", "source_nul", "source_not_utf8", "source_too_large", "nesting_too_deep"];
    !violations.iter().any(|violation| HOPELESS.contains(&violation.code.as_str()))
}

fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn refused(status: RunStatus, reason: &str, detail: String) -> RunResult {
    RunResult {
        status,
        reason: reason.to_owned(),
        detail,
        layer: None,
        stdout: Vec::new(),
        stderr: Vec::new(),
        exit_code: None,
        counts: TestCounts::default(),
        tests: Vec::new(),
        violations: Vec::new(),
        fuel: None,
        duration_us: 0,
        peak_memory_bytes: None,
        receipt: None,
        attestation: None,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn embedded_result(report: ChildReport, limits: &Limits) -> RunResult {
    let base = RunResult {
        layer: Some(Layer::Embedded),
        duration_us: micros(report.duration),
        peak_memory_bytes: Some(report.peak_memory_bytes),
        ..refused(RunStatus::Crashed, "", String::new())
    };
    if let Some(ending) = report.ending {
        return answered(ending, base);
    }
    let (status, reason, detail) = unanswered(report.end, report.timed_out, report.cancelled, limits);
    RunResult { status, reason: reason.to_owned(), detail, ..base }
}

fn answered(ending: Ending, base: RunResult) -> RunResult {
    RunResult {
        status: ending.status,
        reason: ending.reason,
        detail: ending.detail,
        stdout: ending.stdout,
        stderr: ending.stderr,
        exit_code: ending.exit_code,
        counts: TestCounts::of(&ending.tests),
        tests: ending.tests,
        violations: ending.violations,
        fuel: Some(ending.fuel),
        ..base
    }
}

/// Why a worker died without an answer.
fn unanswered(end: ChildEnd, timed_out: bool, cancelled: bool, limits: &Limits) -> (RunStatus, &'static str, String) {
    use crate::alloc::EXIT_OUT_OF_MEMORY;
    use crate::embedded::{EXIT_LOCKDOWN, EXIT_PANIC};
    if cancelled {
        return (RunStatus::Cancelled, "cancelled", "cancelled".to_owned());
    }
    if timed_out || end == ChildEnd::Killed(libc::SIGXCPU) {
        let detail = format!("no end within {} ms of wall clock", limits.timeout_ms);
        return (RunStatus::TimedOut, "timed_out", detail);
    }
    match end {
        ChildEnd::Exited(EXIT_OUT_OF_MEMORY) => {
            let mib = limits.memory_bytes >> 20;
            (RunStatus::OutOfMemory, "out_of_memory", format!("more than {mib} MiB of memory were asked for"))
        }
        ChildEnd::Exited(EXIT_LOCKDOWN) => {
            (RunStatus::Refused, "sandbox_setup_failed", "the worker could not lock itself down".to_owned())
        }
        ChildEnd::Exited(EXIT_PANIC) => {
            (RunStatus::Crashed, "interpreter_panic", "the embedded interpreter failed inside".to_owned())
        }
        ChildEnd::Killed(libc::SIGABRT) => {
            (RunStatus::OutOfMemory, "out_of_memory", "the embedded interpreter gave up an allocation".to_owned())
        }
        ChildEnd::Killed(signal) => {
            (RunStatus::Crashed, "interpreter_crash", format!("signal {signal} ended the embedded interpreter"))
        }
        ChildEnd::Exited(code) => {
            (RunStatus::Crashed, "interpreter_crash", format!("the embedded interpreter left with status {code}"))
        }
    }
}

fn os_result(outcome: OsOutcome) -> RunResult {
    RunResult {
        layer: (outcome.status != RunStatus::Refused).then_some(Layer::Os),
        stdout: outcome.stdout,
        stderr: outcome.stderr,
        exit_code: outcome.exit_code,
        counts: TestCounts::of(&outcome.tests),
        tests: outcome.tests,
        duration_us: outcome.duration_us,
        peak_memory_bytes: outcome.peak_memory_bytes,
        ..refused(outcome.status, &outcome.reason, outcome.detail)
    }
}
