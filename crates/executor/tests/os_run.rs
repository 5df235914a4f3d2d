//! Goal: programs, commands and collections end with the status, the reason and the output that they
//! should, and the launcher of host programs keeps its bounds.
//! Method: real interpreters and commands, one sandbox for all, so that waiting helpers are used too.

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use edgecoder_executor::launch::{Command, LaunchError};
use edgecoder_executor::os::{OsConfig, OsSandbox, Warmth};
use edgecoder_executor::{Cancel, ExecutorError};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan, Verdict};
use support::os::{judge_both_ways, run_as_an_ordinary_user, sandbox};

fn file(path: &str, content: &str, role: FileRole) -> SourceFile {
    SourceFile { path: path.to_owned(), content: content.as_bytes().to_vec(), role }
}

fn request(language: Language, files: Vec<SourceFile>, tests: TestPlan) -> RunRequest {
    let entry = files.first().map(|file| file.path.clone());
    RunRequest {
        language,
        entry,
        files,
        tests,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Os,
        seed: 1,
    }
}

fn words(text: &str) -> TestPlan {
    TestPlan::Command(text.split(' ').map(str::to_owned).collect())
}

#[test]
fn programs_end_as_they_should() {
    let sandbox = sandbox(Warmth::USUAL);
    let python = |code: &str| request(Language::Python, vec![file("a.py", code, FileRole::Candidate)], TestPlan::None);
    let cases = [
        ("print('hi')", RunStatus::Completed, "completed"),
        ("1 / 0", RunStatus::Error, "uncaught_exception"),
        ("import sys; sys.exit(3)", RunStatus::Error, "nonzero_exit"),
        ("def f(:", RunStatus::Error, "uncaught_exception"),
    ];
    for (code, status, reason) in cases {
        let outcome = sandbox.run(&python(code), &Cancel::default()).unwrap();
        assert_eq!((outcome.status, outcome.reason.as_str()), (status, reason), "{code}: {outcome:?}");
        assert!(outcome.runtime.starts_with("cpython-3."), "{outcome:?}");
    }
    let large = RunRequest { stdin: vec![b'x'; 3 << 20], ..python("import sys; print(len(sys.stdin.read()))") };
    assert_eq!(sandbox.run(&large, &Cancel::default()).unwrap().stdout, b"3145728\n");
    let seeded = python("print(hash('a'))");
    let first = sandbox.run(&seeded, &Cancel::default()).unwrap().stdout;
    assert_eq!(first, sandbox.run(&seeded, &Cancel::default()).unwrap().stdout, "hashing follows the seed");
}

#[test]
fn javascript_programs_run() {
    let code = "console.log([1, 2, 3].map((x) => x * 2).join(' '))\n";
    let wanted = request(Language::JavaScript, vec![file("a.js", code, FileRole::Candidate)], TestPlan::None);
    let wanted = RunRequest { limits: Limits { memory_bytes: 1 << 30, ..Limits::default() }, ..wanted };
    let outcome = sandbox(Warmth::USUAL).run(&wanted, &Cancel::default()).unwrap();
    if outcome.reason == "interpreter_missing" {
        assert_eq!(outcome.status, RunStatus::Refused);
    } else {
        assert_eq!((outcome.status, outcome.stdout.as_slice()), (RunStatus::Completed, &b"2 4 6\n"[..]), "{outcome:?}");
    }
}

#[test]
fn commands_are_judged_by_their_exit_status() {
    let sandbox = sandbox(Warmth::USUAL);
    let run =
        |text: &str| sandbox.run(&request(Language::Command, Vec::new(), words(text)), &Cancel::default()).unwrap();
    let outcome = run("true");
    assert_eq!((outcome.status, outcome.tests[0].id.as_str()), (RunStatus::Passed, "command"));
    let outcome = run("false");
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Failed, "nonzero_exit"));
    let outcome = run("no-such-tool --all");
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Error, "command_not_found"));
    assert!(outcome.detail.contains("no-such-tool"), "{outcome:?}");
    assert_eq!(run("awk BEGIN{exit(0)}").status, RunStatus::Passed, "tools behind /etc/alternatives");
}

#[test]
fn test_runners_are_collected_case_by_case() {
    let files = vec![
        file("solution.py", "def f(x):\n    return x\n", FileRole::Candidate),
        file(
            "tests/test_f.py",
            "import pytest\nfrom solution import f\n\n@pytest.mark.parametrize('x', [1, 2])\ndef test_f(x):\n    assert f(x) == x\n\n\
             @pytest.mark.skip(reason='later')\ndef test_later():\n    assert False\n",
            FileRole::Oracle,
        ),
    ];
    let ids = ["tests/test_f.py::test_f[1]", "tests/test_f.py::test_f[2]", "tests/test_f.py::test_later"];
    for text in ["pytest", "python3 -m pytest -q tests", "python -m unittest tests.test_f"] {
        let outcome = judge_both_ways(&request(Language::Python, files.clone(), words(text)));
        assert_eq!(outcome.status, RunStatus::Passed, "{text}: {outcome:?}");
        let found: Vec<(&str, Verdict)> = outcome.tests.iter().map(|test| (test.id.as_str(), test.verdict)).collect();
        let wanted = [(ids[0], Verdict::Passed), (ids[1], Verdict::Passed), (ids[2], Verdict::Skipped)];
        assert_eq!(found, wanted, "{text}");
    }
    let plan = TestPlan::Collect(vec!["tests/test_f.py".to_owned()]);
    let outcome = judge_both_ways(&request(Language::Python, files, plan));
    assert_eq!(outcome.status, RunStatus::Completed, "{outcome:?}");
    assert!(outcome.tests.iter().all(|test| test.verdict == Verdict::Collected));
    assert_eq!(outcome.tests.iter().map(|test| test.id.as_str()).collect::<Vec<_>>(), ids);
}

#[test]
fn malformed_requests_are_errors() {
    for path in ["../a.py", "/a.py", "a//b.py", "", "a\0b"] {
        let wanted = request(Language::Python, vec![file(path, "", FileRole::Candidate)], TestPlan::None);
        let error = sandbox(Warmth::USUAL).run(&wanted, &Cancel::default()).unwrap_err();
        assert!(matches!(error, ExecutorError::Invalid(_)), "{path}: {error}");
    }
}

#[test]
fn a_missing_helper_is_an_error_that_says_so() {
    let sandbox = OsSandbox::new(OsConfig {
        helper: PathBuf::from("/nonexistent"),
        scratch: std::env::temp_dir(),
        warmth: Warmth::USUAL,
    });
    let error = sandbox.run(&request(Language::Command, Vec::new(), words("true")), &Cancel::default()).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("sandbox_setup_failed", "cannot start the sandbox helper"));
    assert!(!sandbox.probe().available);
}

#[test]
fn the_probe_says_what_works() {
    let probe = sandbox(Warmth::USUAL).probe();
    assert!(probe.available, "{probe:?}");
    assert!(probe.mechanisms.iter().filter(|mechanism| mechanism.mandatory).all(|mechanism| mechanism.works));
    assert!(probe.python.is_some() && probe.python_version.is_some());
}

#[test]
fn the_launcher_keeps_its_bounds() {
    let go = |command: &mut Command| command.run(&Cancel::default());
    let output = go(Command::new("sh").args(["-c", "cat; echo err >&2"]).stdin("in")).unwrap();
    assert_eq!((output.stdout.as_slice(), output.last_error_line().as_str()), (&b"in"[..], "err"));
    assert!(matches!(go(&mut Command::new("no-such-program")), Err(LaunchError::NotFound { .. })));
    let started = Instant::now();
    let slow = go(Command::new("sh").args(["-c", "sleep 60 & sleep 60"]).timeout(Duration::from_millis(200)));
    assert!(matches!(slow, Err(LaunchError::TimedOut { .. })), "{slow:?}");
    let flood = go(Command::new("sh").args(["-c", "while :; do echo xxxxxxxx; done"]).output_bytes_max(1000));
    assert!(matches!(flood, Err(LaunchError::OutputLimit { bytes: 1000, .. })), "{flood:?}");
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(Command::new("sleep").arg("60").run(&cancel), Err(LaunchError::Cancelled { .. })));
    assert!(started.elapsed() < Duration::from_secs(20));
    let output = go(Command::new("env").env("EXTRA", "1")).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("EXTRA=1") && !text.contains("CARGO_"), "{text}");
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
