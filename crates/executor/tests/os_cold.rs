//! Goal: without warm interpreters, tests in Python are judged as with them.
//! Method: right, wrong and forging candidates in a sandbox that starts an interpreter for each run.

#![expect(clippy::expect_used, reason = "a helper function of tests fails the test")]

mod support;

use edgecoder_executor::Cancel;
use edgecoder_executor::os::{OsOutcome, Warmth};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan, Verdict};
use support::os::{run_as_an_ordinary_user, sandbox};

const TESTS: &str = "import logging\nimport unittest\nfrom solution import add\n\ndef test_small():\n    assert add(1, 2) == 3\n\n\
                     class Case(unittest.TestCase):\n    def test_unit(self):\n        logging.getLogger('x').setLevel(10)\n        \
                     self.assertEqual(add(5, 6), 11)\n\ndef test_doc():\n    '''\n    >>> add(1, 1)\n    2\n    '''\n";

fn judge(candidate: &str, plan: fn(Vec<String>) -> TestPlan) -> OsOutcome {
    let file = |path: &str, content: &str, role| SourceFile { path: path.to_owned(), content: content.into(), role };
    let request = RunRequest {
        language: Language::Python,
        entry: Some("solution.py".to_owned()),
        files: vec![
            file("solution.py", candidate, FileRole::Candidate),
            file("test_solution.py", TESTS, FileRole::Oracle),
        ],
        tests: plan(vec!["test_solution.py".to_owned()]),
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits { timeout_ms: 20_000, ..Limits::default() },
        layer: LayerChoice::Os,
        seed: 1,
    };
    let outcome = sandbox(Warmth::Cold).run(&request, &Cancel::default()).expect("the request is well-formed");
    assert!(!outcome.warm, "{outcome:?}");
    outcome
}

#[test]
fn a_right_candidate_passes_and_is_collected() {
    let outcome = judge("import random\ndef add(a, b):\n    return a + b\n", TestPlan::Files);
    assert_eq!((outcome.status, outcome.reason.as_str()), (RunStatus::Passed, "passed"), "{outcome:?}");
    assert_eq!(outcome.tests.len(), 4, "{outcome:?}");
    let outcome = judge("def add(a, b):\n    return a + b\n", TestPlan::Collect);
    assert_eq!(outcome.status, RunStatus::Completed, "{outcome:?}");
    assert!(outcome.tests.iter().all(|test| test.verdict == Verdict::Collected), "{outcome:?}");
}

#[test]
fn a_wrong_or_forging_candidate_fails() {
    for code in [
        "def add(a, b):\n    return 0\n",
        "import sys\ndef add(a, b):\n    sys.exit(0)\n",
        "import os\ndef add(a, b):\n    os._exit(0)\n",
        "import os\nfor n in range(3, 64):\n    try: os.write(n, b'\\x03\\0\\0\\0abc')\n    except OSError: pass\ndef add(a, b):\n    return 0\n",
        "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef add(a, b):\n    return Yes()\n",
        "import os, signal\ndef add(a, b):\n    os.kill(os.getppid(), signal.SIGKILL)\n",
    ] {
        let outcome = judge(code, TestPlan::Files);
        let wanted = [RunStatus::Failed, RunStatus::Forged, RunStatus::Error, RunStatus::Crashed];
        assert!(wanted.contains(&outcome.status), "{code}: {outcome:?}");
    }
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
