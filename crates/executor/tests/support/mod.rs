//! Requests and an executor for the integration tests.

#![allow(dead_code, unreachable_pub, missing_debug_implementations, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's support fails by panicking")]

pub mod border;
pub mod cases;
pub mod os;

use edgecoder_executor::{Cancel, Executor, ExecutorConfig, Runner as _};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunResult, SourceFile, TestPlan};

/// An executor with a state folder of its own, removed in the end.
pub struct Fixture {
    pub executor: Executor,
    pub folder: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = ExecutorConfig {
            helper: os::helper(),
            state_dir: folder.path().join("state"),
            scratch_dir: folder.path().join("scratch"),
        };
        Self { executor: Executor::start(config).unwrap(), folder }
    }

    pub fn run(&self, request: &RunRequest) -> RunResult {
        self.executor.run(request, &Cancel::default()).unwrap()
    }
}

pub fn file(path: &str, text: &str, role: FileRole) -> SourceFile {
    SourceFile { path: path.to_owned(), content: text.as_bytes().to_vec(), role }
}

/// A program without tests, in the embedded layer.
pub fn program(text: &str) -> RunRequest {
    RunRequest {
        language: Language::Python,
        entry: Some("main.py".to_owned()),
        files: vec![file("main.py", text, FileRole::Candidate)],
        tests: TestPlan::None,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Embedded,
        seed: 1,
    }
}

/// A program with a test file, in the embedded layer.
pub fn tested(text: &str, tests: &str) -> RunRequest {
    let mut request = program(text);
    request.files.push(file("test_main.py", tests, FileRole::Oracle));
    request.tests = TestPlan::Files(vec!["test_main.py".to_owned()]);
    request
}
