//! Every way in which a run ends.

use edgecoder_python_vm::Ending;
use edgecoder_types::{FileRole, RunStatus, TestPlan, Verdict};

use crate::support::{file, judged, program, request, run};

fn ends(ending: &Ending, status: RunStatus, reason: &str) {
    assert_eq!((ending.status, ending.reason.as_str()), (status, reason), "{ending:?}");
    assert!(!ending.detail.is_empty(), "{ending:?}");
}

fn verdicts(ending: &Ending) -> Vec<(&str, Verdict)> {
    ending.tests.iter().map(|test| (test.id.as_str(), test.verdict)).collect()
}

#[test]
fn a_program_completes_with_its_output() {
    let mut wanted = program("import sys\nprint('hi', input(), sys.argv[1:])\nprint('e', file=sys.stderr)\n");
    wanted.stdin = b"you\n".to_vec();
    wanted.args = vec!["a".to_owned()];
    let ending = run(&wanted).ending();
    ends(&ending, RunStatus::Completed, "completed");
    assert_eq!(ending.stdout, b"hi you ['a']\n");
    assert_eq!(ending.stderr, b"e\n");
    assert_eq!(ending.exit_code, Some(0));
}

#[test]
fn exit_statuses_are_kept() {
    let ending = run(&program("import sys\nprint(1)\nsys.exit(3)\n")).ending();
    ends(&ending, RunStatus::Error, "nonzero_exit");
    assert_eq!((ending.exit_code, ending.stdout.as_slice()), (Some(3), &b"1\n"[..]));
    ends(&run(&program("raise SystemExit(0)\n")).ending(), RunStatus::Completed, "completed");
    ends(&run(&program("raise SystemExit\n")).ending(), RunStatus::Completed, "completed");
}

#[test]
fn an_uncaught_exception_is_an_error_with_its_line() {
    let ending = run(&program("def f():\n    raise ValueError('bad')\nf()\n")).ending();
    ends(&ending, RunStatus::Error, "uncaught_exception");
    let text = String::from_utf8(ending.stderr).expect("a traceback is text");
    assert!(text.contains("File \"main.py\", line 2, in f") && text.ends_with("ValueError: bad\n"), "{text}");
    assert_eq!((ending.detail.as_str(), ending.exit_code), ("ValueError: bad", Some(1)));
}

#[test]
fn what_leaves_the_subset_is_rejected_before_it_runs() {
    for source in ["print(1)\nimport os\n", "x = = 1\n", "print(eval('1'))\n"] {
        let ending = run(&program(source)).ending();
        assert_eq!(ending.status, RunStatus::Rejected, "{ending:?}");
        assert!(!ending.violations.is_empty() && ending.stdout.is_empty() && ending.fuel == 0, "{ending:?}");
    }
}

#[test]
fn fuel_and_output_end_a_run() {
    let mut wanted = program("while True:\n    pass\n");
    wanted.limits.fuel = 1_000;
    let ending = run(&wanted).ending();
    ends(&ending, RunStatus::OutOfFuel, "fuel_exhausted");
    assert_eq!(ending.fuel, 1_000);
    let mut wanted = program("while True:\n    print('x' * 10)\n");
    wanted.limits.output_bytes = 100;
    let ending = run(&wanted).ending();
    ends(&ending, RunStatus::OutputLimit, "output_limit");
    assert_eq!(ending.stdout.len(), 100);
}

#[test]
fn requests_that_cannot_be_met_are_refused() {
    ends(&run(&request(None, Vec::new(), TestPlan::None)).ending(), RunStatus::Refused, "entry_missing");
    let command = TestPlan::Command(vec!["make".to_owned()]);
    let wanted = request(Some("m.py"), vec![file("m.py", FileRole::Candidate, "")], command);
    ends(&run(&wanted).ending(), RunStatus::Refused, "command_needs_os_layer");
}

#[test]
fn asserts_are_tests() {
    let good = run(&judged("def f(x):\n    return 2 * x\n", "assert f(2) == 4\nassert f(3) == 6\n")).ending();
    ends(&good, RunStatus::Passed, "passed");
    assert_eq!(verdicts(&good), [("t.py::assert:1", Verdict::Passed), ("t.py::assert:2", Verdict::Passed)]);
    let bad = run(&judged("def f(x):\n    return 4\n", "assert f(2) == 4\nassert f(3) == 6\n")).ending();
    ends(&bad, RunStatus::Failed, "assertion_failed");
    assert_eq!(verdicts(&bad), [("t.py::assert:1", Verdict::Passed), ("t.py::assert:2", Verdict::Failed)]);
    assert_eq!(bad.tests.last().map(|test| test.message.as_str()), Some("AssertionError: assert 4 == 6"));
    let raises = run(&judged("def f(x):\n    return 1 / 0\n", "assert f(2) == 4\n")).ending();
    ends(&raises, RunStatus::Failed, "test_error");
    assert_eq!(verdicts(&raises), [("t.py::assert:1", Verdict::Error)]);
}

#[test]
fn a_test_that_does_not_run_is_missing() {
    let mut wanted = judged("def f(x):\n    return 2 * x\n", "assert f(2) == 4\n");
    wanted.expected_tests = vec!["t.py::assert:1".to_owned(), "t.py::assert:9".to_owned()];
    let ending = run(&wanted).ending();
    ends(&ending, RunStatus::Failed, "tests_missing");
    assert_eq!(verdicts(&ending), [("t.py::assert:1", Verdict::Passed), ("t.py::assert:9", Verdict::Missing)]);
}

#[test]
fn files_without_tests_do_not_pass() {
    ends(&run(&judged("x = 1\n", "y = 2\n")).ending(), RunStatus::NoTests, "no_tests");
    let skipped = "import pytest\n@pytest.mark.skip\ndef test_a():\n    assert 0\n";
    ends(&run(&judged("x = 1\n", skipped)).ending(), RunStatus::NoTests, "no_tests");
}

#[test]
fn collecting_runs_nothing() {
    let oracle =
        "from sol import f\ndef test_a():\n    print('ran')\n    assert f(1) == 1\ndef test_b():\n    assert 0\n";
    let mut wanted = judged("def f(x):\n    return x\n", oracle);
    wanted.tests = TestPlan::Collect(vec!["t.py".to_owned()]);
    let ending = run(&wanted).ending();
    ends(&ending, RunStatus::Completed, "collected");
    assert_eq!(verdicts(&ending), [("t.py::test_a", Verdict::Collected), ("t.py::test_b", Verdict::Collected)]);
    assert!(ending.stdout.is_empty());
}

#[test]
fn unittest_pytest_and_doctest_styles_work() {
    let oracle = "\
import unittest, pytest
from sol import f

class TestF(unittest.TestCase):
    def setUp(self):
        self.x = 1
    def test_b(self):
        self.assertEqual(f(self.x), 2)
    def test_a(self):
        with self.assertRaises(TypeError):
            f(None)
    @unittest.skip('later')
    def test_c(self):
        pass

@pytest.fixture
def two():
    yield 2

def test_fixture(two):
    assert f(two) == 4

@pytest.mark.parametrize('a,b', [(1, 2), (2, 5)])
def test_p(a, b):
    assert f(a) == b

def test_doc():
    '''
    >>> f(3)
    6
    '''
";
    let ending = run(&judged("def f(x):\n    return x * 2\n", oracle)).ending();
    ends(&ending, RunStatus::Failed, "assertion_failed");
    for wanted in [
        ("t.py::TestF::test_a", Verdict::Passed),
        ("t.py::TestF::test_b", Verdict::Passed),
        ("t.py::TestF::test_c", Verdict::Skipped),
        ("t.py::test_fixture", Verdict::Passed),
        ("t.py::test_p[1-2]", Verdict::Passed),
        ("t.py::test_p[2-5]", Verdict::Failed),
    ] {
        assert!(verdicts(&ending).contains(&wanted), "{wanted:?} of {:?}", verdicts(&ending));
    }
}

#[test]
fn comparing_the_candidates_objects_with_builtins_says_what_to_do() {
    let money = "class Money:\n    def __init__(self, n):\n        self.n = n\n    def __eq__(self, other):\n        return self.n == getattr(other, 'n', other)\n    def __contains__(self, item):\n        return item == self.n\ndef make(n):\n    return Money(n)\n";
    for oracle in ["from sol import Money\nassert Money(5) == 5\n", "from sol import make\nassert 5 in make(5)\n"] {
        let ending = run(&judged(money, oracle)).ending();
        ends(&ending, RunStatus::Forged, "forged_comparison");
        for part in ["Money", "int", "candidate's own class", "compare plain values"] {
            assert!(ending.detail.contains(part), "{part} in {}", ending.detail);
        }
    }
    let own = "from sol import Money\nassert Money(5) == Money(5)\nassert Money(5).n == 5\nassert 5 in Money(5) and 6 not in Money(5)\n";
    ends(&run(&judged(money, own)).ending(), RunStatus::Passed, "passed");
}

#[test]
fn a_manager_that_swallows_leaves_the_interpreter_whole() {
    let manager = "class Quiet:\n    def __enter__(self): return self\n    def __exit__(self, *error): return True\n";
    for body in
        ["raise KeyError(1)", "if n: raise KeyError(1)\n        else: return 5", "while True: raise KeyError(1)"]
    {
        let source = format!(
            "{manager}def f(n):\n    with Quiet():\n        {body}\n    try:\n        raise ValueError(n)\n    \
             except ValueError as error:\n        return str(error)\nprint(f(1), f(2))\nf(3)\nraise OSError('end')\n"
        );
        let ending = run(&program(&source)).ending();
        assert_eq!((ending.status, ending.stdout.as_slice()), (RunStatus::Error, &b"1 2\n"[..]), "{body}: {ending:?}");
        assert_eq!(ending.detail, "OSError: end", "{body}");
    }
}
