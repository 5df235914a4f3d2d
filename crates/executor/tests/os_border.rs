//! Goal: honest tests of every style pass with a right candidate and fail with a wrong one across the border
//! between judge and subject, and no attack on that border passes.
//! Method: the cases lie in `border/*.txt`. An honest case says what to replace to make its candidate wrong.
//! An attack comes with tests that a right candidate would pass; it is never one.

mod support;

use edgecoder_executor::os::OsOutcome;
use edgecoder_types::{FileRole, LayerChoice, RunStatus, SourceFile, Verdict};
use support::border::{TESTS, changed, files, request};
use support::cases::read;
use support::file;
use support::os::{judge_both_ways, run_as_an_ordinary_user};

/// What finds the candidate's end of the conversation and writes to it.
const AT_THE_WIRE: &str = "import json, os, sys\nframe_ = sys._getframe()\nwhile 'peer' not in frame_.f_locals: frame_ = frame_.f_back\n\
                           peer = frame_.f_locals['peer']\ndef raw(data):\n    while data: data = data[os.write(peer.wire.number, data):]\n\
                           def frame(text):\n    data = text.encode()\n    raw(len(data).to_bytes(4, 'little') + data)\n\
                           def answer(item): frame('[\"a\",[' + item + '],[],[],[[],[]],[]]')\n";

fn judge(files: Vec<SourceFile>, timeout_ms: u64) -> OsOutcome {
    judge_both_ways(&request(files, timeout_ms, LayerChoice::Os))
}

fn honest(text: &str) {
    for case in read(text) {
        let outcome = judge(files(&case, &[]), 20_000);
        let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.status, RunStatus::Passed, "{}: {:?}\n{stderr}", case.name, outcome.tests);
        let outcome = judge(changed(&case), 20_000);
        assert_eq!(outcome.status, RunStatus::Failed, "{} (wrong): {outcome:?}", case.name);
        let failed = |verdict| matches!(verdict, Verdict::Failed | Verdict::Error);
        assert!(outcome.tests.iter().any(|test| failed(test.verdict)), "{}: {outcome:?}", case.name);
    }
}

#[test]
fn honest_plain_tests_are_judged_rightly() {
    honest(include_str!("border/honest_plain.txt"));
}

#[test]
fn honest_tests_of_objects_are_judged_rightly() {
    honest(include_str!("border/honest_objects.txt"));
}

#[test]
fn honest_tests_of_programs_are_judged_rightly() {
    honest(include_str!("border/honest_programs.txt"));
}

#[test]
fn no_attack_on_the_border_passes() {
    for case in read(include_str!("border/attacks.txt")) {
        let code = match case.part("attack") {
            Some(code) => format!("{AT_THE_WIRE}{code}"),
            None => case.part("candidate").expect("a candidate").to_owned(),
        };
        let tests = case.part("tests").unwrap_or(TESTS);
        let outcome = judge(
            vec![file("solution.py", &code, FileRole::Candidate), file("test_solution.py", tests, FileRole::Oracle)],
            4_000,
        );
        println!("{}: {:?} {} {}", case.name, outcome.status, outcome.reason, outcome.detail);
        let all = outcome.tests.iter().all(|test| test.verdict == Verdict::Passed) && !outcome.tests.is_empty();
        assert!(
            !matches!(outcome.status, RunStatus::Passed | RunStatus::Completed | RunStatus::NoTests) && !all,
            "{}: {outcome:?}\n{}",
            case.name,
            String::from_utf8_lossy(&outcome.stderr)
        );
    }
}

fn one(candidate: &str, tests: &str) -> OsOutcome {
    let files =
        vec![file("solution.py", candidate, FileRole::Candidate), file("test_solution.py", tests, FileRole::Oracle)];
    judge(files, 20_000)
}

#[test]
fn the_subject_holds_one_socket_and_knows_no_secret() {
    let candidate = "import os, sys\ndef held():\n    found = []\n    for number in range(256):\n        \
                     try: os.fstat(number)\n        except OSError: continue\n        found.append(number)\n    return len(found)\n\
                     def config():\n    return [one for one in __import__('gc').get_objects() if type(one) is dict and 'exit_code' in one]\n";
    let tests =
        "from solution import held, config\ndef test_it():\n    assert held() == 4\n    assert config() == []\n";
    let outcome = one(candidate, tests);
    assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}");
}

#[test]
fn what_cannot_be_handed_over_is_said() {
    let candidate = "def use(value): return value is not None\n";
    let tests = "import sys\nfrom solution import use\ndef test_it():\n    assert use(sys._getframe())\n";
    let outcome = one(candidate, tests);
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Failed, "not_mirrored"), "{outcome:?}");
    assert!(outcome.detail.contains("builtins.frame") && outcome.detail.contains("hand over"), "{outcome:?}");
    assert!(outcome.tests[0].message.contains("not verified"), "{outcome:?}");
}

#[test]
fn a_candidate_named_like_the_library_is_refused() {
    let tests = "from statistics import mean\ndef test_it():\n    assert mean([1, 2, 3]) == 2\n";
    let files = |path| {
        vec![
            file(path, "def mean(values): return 17\n", FileRole::Candidate),
            file("test_solution.py", tests, FileRole::Oracle),
        ]
    };
    for path in ["statistics.py", "statistics/__init__.py"] {
        let outcome = judge(files(path), 20_000);
        assert_eq!(outcome.status, RunStatus::Error, "{outcome:?}");
        assert!(outcome.detail.contains("named like a module of Python's library"), "{outcome:?}");
    }
    let outcome = judge(files("averages.py"), 20_000);
    assert_eq!(outcome.status, RunStatus::Passed, "{outcome:?}");
}

#[test]
fn a_test_case_on_a_class_of_the_candidate_is_explained() {
    let candidate = "class Mixin:\n    def helper(self): return 3\ndef add(a, b): return a + b\n";
    for bases in ["Mixin, unittest.TestCase", "unittest.TestCase, Mixin"] {
        let tests = format!(
            "import unittest\nfrom solution import Mixin, add\nclass T({bases}):\n    \
             def test_it(self): self.assertEqual(add(1, 2), self.helper())\n"
        );
        let outcome = one(candidate, &tests);
        assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Error, "uncaught_exception"), "{outcome:?}");
        assert!(outcome.detail.contains("T is a TestCase and inherits from Mixin"), "{outcome:?}");
    }
}

#[test]
fn an_expected_failure_is_no_pass() {
    let tests = "import unittest\nfrom solution import add\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n    \
                 def test_it(self): self.assertEqual(add(1, 2), 3)\n";
    let outcome = one("def add(a, b): return 0\n", tests);
    assert_eq!(outcome.status, RunStatus::NoTests, "{outcome:?}");
}

#[test]
fn a_subject_that_ends_leaves_no_verdict() {
    let tests = "from solution import add\ndef test_it():\n    assert add(1, 2) == 3\n";
    let outcome = one("import os\ndef add(a, b): os._exit(0)\n", tests);
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Forged, "verdict_incomplete"), "{outcome:?}");
    let nonsense = format!("{AT_THE_WIRE}def add(a, b): raw(b'\\x02\\x00\\x00\\x00[1')\n");
    let outcome = one(&nonsense, tests);
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Forged, "verdict_incomplete"), "{outcome:?}");
    for signal in ["SIGSEGV", "SIGKILL"] {
        let outcome = one(&format!("import os, signal\ndef add(a, b): os.kill(os.getpid(), signal.{signal})\n"), tests);
        assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Crashed, "killed_by_signal"), "{outcome:?}");
    }
}

#[test]
fn threads_that_wait_for_one_another_are_said() {
    let candidate = "import threading\nclass Box:\n    def __init__(self): self.items, self.change = [], threading.Condition()\n    \
                     def put(self, item):\n        with self.change:\n            self.items.append(item)\n            self.change.notify()\n    \
                     def get(self, timeout):\n        with self.change:\n            \
                     if not self.change.wait_for(lambda: self.items, timeout): raise TimeoutError('empty')\n            \
                     return self.items.pop()\n";
    let tests = "import threading, time\nfrom solution import Box\ndef test_it():\n    box = Box()\n    \
                 thread = threading.Thread(target=lambda: (time.sleep(0.1), box.put(1)))\n    thread.start()\n    \
                 assert box.get(timeout=2) == 1\n";
    let outcome = one(candidate, tests);
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Failed, "not_mirrored"), "{outcome:?}");
    assert!(outcome.detail.contains("take turns"), "{outcome:?}");
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
