//! A runner that judges with the machine's own CPython, without any sandbox: only for tests of our own
//! programs, so that the agent can be tested apart from the executor.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use edgecoder_executor::{Cancel, ExecutorError, Runner};
use edgecoder_types::receipt::{ExecutorVersion, FileRecord, TestRecord};
use edgecoder_types::{
    Digest, Language, Layer, ReceiptBody, ReceiptClass, RunRequest, RunResult, RunStatus, TestCounts, TestOutcome,
    TestPlan, Verdict, Violation,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

const HARNESS: &str = include_str!("cpython_harness.py");
const PYTHON: &str = "/usr/bin/python3";

/// Runs requests with CPython in a temporary folder and counts them.
#[derive(Debug, Default)]
pub struct CpythonRunner {
    runs: AtomicU32,
}

#[derive(Deserialize)]
struct Answer {
    outcomes: Vec<TestOutcome>,
    error: String,
}

impl CpythonRunner {
    /// How many requests were run.
    pub fn runs(&self) -> u32 {
        self.runs.load(Ordering::SeqCst)
    }

    fn judge(request: &RunRequest, folder: &Path, cancel: &Cancel) -> std::io::Result<(RunStatus, String, Answer)> {
        let out = tempfile::NamedTempFile::new()?;
        let (files, collect) = match &request.tests {
            TestPlan::Files(files) | TestPlan::Selected(files) => (files.clone(), false),
            TestPlan::Collect(files) => (files.clone(), true),
            TestPlan::Command(words) => return Ok(command(words, folder)),
            TestPlan::None => (Vec::new(), false),
        };
        let plan = serde_json::json!({ "files": files, "collect": collect, "out": out.path() });
        let mut child = Command::new(PYTHON)
            .args(["-I", "-B", "-c", HARNESS])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(plan.to_string().as_bytes())?;
        }
        let began = Instant::now();
        let none = |error: &str| Answer { outcomes: Vec::new(), error: error.to_owned() };
        loop {
            if child.try_wait()?.is_some() {
                break;
            }
            let late = began.elapsed() > Duration::from_secs(3);
            if cancel.is_cancelled() || late {
                child.kill()?;
                child.wait()?;
                let status = if late { RunStatus::TimedOut } else { RunStatus::Cancelled };
                return Ok((status, "stopped".to_owned(), none("stopped")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let Ok(answer) = serde_json::from_slice::<Answer>(&std::fs::read(out.path())?) else {
            return Ok((RunStatus::Error, "no_verdict".to_owned(), none("the program ended before its tests did")));
        };
        let bad = answer.outcomes.iter().any(|test| matches!(test.verdict, Verdict::Failed | Verdict::Error));
        let status = match (answer.outcomes.is_empty(), bad, answer.error.is_empty()) {
            (true, _, true) => RunStatus::NoTests,
            (true, _, false) => RunStatus::Error,
            (false, true, _) | (false, _, false) => RunStatus::Failed,
            (false, false, true) => RunStatus::Passed,
        };
        Ok((status, format!("{status:?}").to_lowercase(), answer))
    }
}

fn command(words: &[String], folder: &Path) -> (RunStatus, String, Answer) {
    let Some((program, arguments)) = words.split_first() else {
        return (RunStatus::Error, "no_command".to_owned(), Answer { outcomes: Vec::new(), error: String::new() });
    };
    let ended = Command::new(program).args(arguments).current_dir(folder).output();
    let test = |verdict, message: String| TestOutcome { id: "command".to_owned(), verdict, message };
    match ended {
        Err(error) => {
            let answer = Answer { outcomes: Vec::new(), error: error.to_string() };
            (RunStatus::Error, "command_not_found".to_owned(), answer)
        }
        Ok(output) if output.status.success() => {
            let answer = Answer { outcomes: vec![test(Verdict::Passed, String::new())], error: String::new() };
            (RunStatus::Passed, "all_passed".to_owned(), answer)
        }
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
            let answer = Answer { outcomes: vec![test(Verdict::Failed, error)], error: String::new() };
            (RunStatus::Failed, "test_failed".to_owned(), answer)
        }
    }
}

/// Leaves what was asked for, where only some tests count.
fn narrow(request: &RunRequest, tests: &mut Vec<TestOutcome>, status: &mut RunStatus) {
    if !matches!(request.tests, TestPlan::Selected(_)) {
        return;
    }
    tests.retain(|test| request.expected_tests.contains(&test.id));
    let good = !tests.is_empty() && tests.iter().all(|test| test.verdict == Verdict::Passed);
    if good && *status == RunStatus::Failed {
        *status = RunStatus::Passed;
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

impl Runner for CpythonRunner {
    fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let setup = |source| ExecutorError::Setup { context: "cpython runner".to_owned(), source };
        let folder = tempfile::tempdir().map_err(setup)?;
        for file in &request.files {
            let path = folder.path().join(&file.path);
            let parent = path.parent().unwrap_or(folder.path());
            std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, &file.content)).map_err(setup)?;
        }
        let began = Instant::now();
        let (mut status, reason, answer) = Self::judge(request, folder.path(), cancel).map_err(setup)?;
        let mut tests = answer.outcomes;
        narrow(request, &mut tests, &mut status);
        for id in &request.expected_tests {
            if !tests.iter().any(|test| &test.id == id) {
                let message = answer.error.clone();
                tests.push(TestOutcome { id: id.clone(), verdict: Verdict::Missing, message });
                if status == RunStatus::Passed {
                    status = RunStatus::Failed;
                }
            }
        }
        let record = |test: &TestOutcome| TestRecord { id: test.id.clone(), verdict: test.verdict };
        let files: BTreeMap<String, FileRecord> = request
            .files
            .iter()
            .map(|file| (file.path.clone(), FileRecord { digest: digest(&file.content), role: file.role }))
            .collect();
        let receipt = ReceiptBody {
            v: "1".to_owned(),
            class: ReceiptClass::Verdict,
            executor: ExecutorVersion { semantics: "test".to_owned(), runtime: "cpython".to_owned() },
            layer: Layer::Os,
            language: request.language,
            entry: request.entry.clone(),
            files,
            plan: request.tests.clone(),
            expected_tests: request.expected_tests.clone(),
            stdin: digest(&request.stdin),
            args: request.args.clone(),
            limits: request.limits.clone(),
            seed: request.seed,
            status,
            reason: reason.clone(),
            exit_code: Some(0),
            tests: tests.iter().map(record).collect(),
            stdout: digest(b""),
            stderr: digest(b""),
            fuel: None,
        };
        Ok(RunResult {
            status,
            reason,
            detail: answer.error.clone(),
            layer: Some(Layer::Os),
            stdout: Vec::new(),
            stderr: answer.error.into_bytes(),
            exit_code: Some(0),
            counts: TestCounts::of(&tests),
            tests,
            violations: Vec::new(),
            fuel: None,
            duration_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            peak_memory_bytes: None,
            receipt: status.is_evidence().then_some(receipt),
            attestation: None,
        })
    }

    fn check(&self, _language: Language, _path: &str, _content: &[u8]) -> Result<Vec<Violation>, ExecutorError> {
        Ok(Vec::new())
    }
}
