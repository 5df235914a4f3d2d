//! Goal: in the embedded layer, where tests and candidate share an interpreter, no wrong candidate passes, and honest
//! tests of every style are judged rightly.
//! Method: the cases lie in `border/*.txt`. What the subset refuses is no case here; `auto` may ask the other layer.

mod support;

use edgecoder_types::{FileRole, Layer, LayerChoice, RunResult, RunStatus, Verdict};
use support::border::{TESTS, changed, files, request};
use support::cases::{Case, read};
use support::{Fixture, file};

/// Honest cases that the embedded layer accepts and misjudges, with the reason. The list can only shrink.
const MISJUDGED: &[(&str, &str)] = &[
    ("exit", "`sys` is a stand-in here whose `argv` a test can't replace"),
    ("a src layout with tests inside", "a test file is a top-level module here, so its relative imports lead nowhere"),
];

fn passes(result: &RunResult) -> bool {
    let all = result.tests.iter().all(|test| test.verdict == Verdict::Passed) && !result.tests.is_empty();
    all || matches!(result.status, RunStatus::Passed | RunStatus::Completed | RunStatus::NoTests)
}

fn attack(fixture: &Fixture, case: &Case, candidate: &str, layer: LayerChoice) -> RunResult {
    let tests = case.part("tests").unwrap_or(TESTS);
    let files =
        vec![file("solution.py", candidate, FileRole::Candidate), file("test_solution.py", tests, FileRole::Oracle)];
    fixture.run(&request(files, 8_000, layer))
}

#[test]
fn no_attack_on_the_border_passes() {
    let fixture = Fixture::new();
    let mut judged = 0;
    for text in [include_str!("border/attacks.txt"), include_str!("border/attacks_embedded.txt")] {
        for case in read(text) {
            let Some(candidate) = case.part("candidate") else { continue };
            let result = attack(&fixture, &case, candidate, LayerChoice::Embedded);
            println!("{}: {:?} {} {}", case.name, result.status, result.reason, result.detail);
            assert!(!passes(&result), "{}: {result:?}", case.name);
            judged += usize::from(result.status != RunStatus::Rejected);
        }
    }
    assert!(judged >= 100, "only {judged} attacks are inside the subset");
}

/// `auto` asks the OS layer where the embedded one can't judge: that must not be a way to pass.
#[test]
fn no_attack_on_the_embedded_judge_passes_in_any_layer() {
    let fixture = Fixture::new();
    let mut passed = Vec::new();
    for case in read(include_str!("border/attacks_embedded.txt")) {
        let candidate = case.part("candidate").expect("a candidate");
        // There, the candidate may read every file, and the tests' are among them.
        let reads = case.name == "the answers in the tests' module";
        for layer in [LayerChoice::Auto, LayerChoice::Os].into_iter().take(if reads { 1 } else { 2 }) {
            let result = attack(&fixture, &case, candidate, layer);
            println!("{}: {:?} {:?} {} {}", case.name, result.layer, result.status, result.reason, result.detail);
            if passes(&result) {
                passed.push(format!("{} ({layer:?})", case.name));
            }
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
}

fn honest(text: &str, at_least: usize) {
    let fixture = Fixture::new();
    let mut judged = 0;
    for case in read(text) {
        let result = fixture.run(&request(files(&case, &[]), 20_000, LayerChoice::Embedded));
        if result.status == RunStatus::Rejected {
            continue;
        }
        let stderr = String::from_utf8_lossy(&result.stderr).into_owned();
        if let Some((_, reason)) = MISJUDGED.iter().find(|(name, _)| *name == case.name) {
            assert_ne!(result.status, RunStatus::Passed, "{}: it is judged now; strike it off ({reason})", case.name);
            continue;
        }
        assert_eq!(result.status, RunStatus::Passed, "{}: {} {:?}\n{stderr}", case.name, result.detail, result.tests);
        let wrong = fixture.run(&request(changed(&case), 20_000, LayerChoice::Embedded));
        assert_eq!(wrong.status, RunStatus::Failed, "{} (wrong): {wrong:?}", case.name);
        judged += 1;
    }
    assert!(judged >= at_least, "only {judged} cases are inside the subset");
}

#[test]
fn honest_plain_tests_are_judged_rightly() {
    honest(include_str!("border/honest_plain.txt"), 5);
}

#[test]
fn honest_tests_of_objects_are_judged_rightly() {
    honest(include_str!("border/honest_objects.txt"), 18);
}

#[test]
fn honest_tests_of_programs_are_judged_rightly() {
    honest(include_str!("border/honest_programs.txt"), 12);
}

fn run(candidate: &str, tests: &str, layer: LayerChoice) -> RunResult {
    let files =
        vec![file("solution.py", candidate, FileRole::Candidate), file("test_solution.py", tests, FileRole::Oracle)];
    Fixture::new().run(&request(files, 20_000, layer))
}

#[test]
fn auto_asks_the_layer_that_can_judge() {
    let candidate = "class Sql:\n    def __init__(self, text): self.text = text\nclass Column:\n    def __init__(self, name): self.name = name\n    \
                     def __gt__(self, other): return Sql(f'{self.name} > {other}')\ndef column(name): return Column(name)\n";
    let tests = "from solution import column\n\ndef test_it():\n    assert (column('age') > 5).text == 'age > 5'\n";
    let embedded = run(candidate, tests, LayerChoice::Embedded);
    assert_eq!((embedded.status, embedded.reason.as_str()), (RunStatus::Forged, "forged_comparison"), "{embedded:?}");
    let auto = run(candidate, tests, LayerChoice::Auto);
    assert_eq!((auto.status, auto.layer), (RunStatus::Passed, Some(Layer::Os)), "{auto:?}");
    assert!(auto.detail.contains("the embedded layer can't judge this (the test compares a 'Column'"), "{auto:?}");
    assert!(auto.receipt.is_some_and(|body| body.layer == Layer::Os));
    let harness = "import unittest\nlist(map(setattr, [unittest.TestCase], ['assertEqual'], [None]))\ndef column(name): return name\n";
    let changed = run(harness, tests, LayerChoice::Auto);
    assert_eq!((changed.layer, changed.reason.as_str()), (Some(Layer::Embedded), "forged_mutation"), "{changed:?}");
}

#[test]
fn a_file_that_is_named_like_the_librarys_is_no_way_in() {
    let fixture = Fixture::new();
    let tests = "from solution import f\n\ndef test_it():\n    assert f() == 5\n";
    for name in ["builtins", "_edgecoder", "_edgecoder_harness", "_strptime", "csv"] {
        let code = format!("import {name}\n\ndef f(): return {name}.x\n");
        let files = vec![
            file(&format!("{name}.py"), "x = 5\n", FileRole::Candidate),
            file("solution.py", &code, FileRole::Candidate),
            file("test_solution.py", tests, FileRole::Oracle),
        ];
        let result = fixture.run(&request(files, 20_000, LayerChoice::Embedded));
        assert_eq!(result.status, RunStatus::Passed, "{name}: {result:?}");
    }
    for (path, module) in
        [("statistics.py", "statistics"), ("bisect.py", "bisect"), ("calendar/__init__.py", "calendar")]
    {
        let tests = format!("import {module}\n\ndef test_it():\n    assert {module} is not None\n");
        let files =
            vec![file(path, "x = 5\n", FileRole::Candidate), file("test_solution.py", &tests, FileRole::Oracle)];
        let result = fixture.run(&request(files, 20_000, LayerChoice::Embedded));
        assert_eq!(result.status, RunStatus::Failed, "{path}: {result:?}");
        assert!(result.tests[0].message.contains("named like a module of Python's library"), "{path}: {result:?}");
    }
}

/// A test file of bare asserts that imports nothing tests the entry, whatever that is called.
#[test]
fn an_entry_that_is_named_like_the_librarys_is_tested_itself() {
    let fixture = Fixture::new();
    for (body, status) in [("sum(values) / len(values)", RunStatus::Passed), ("17", RunStatus::Failed)] {
        let code = format!("def mean(values): return {body}\n");
        let files = vec![
            file("statistics.py", &code, FileRole::Candidate),
            file("test_solution.py", "assert mean([1, 2, 3]) == 2\n", FileRole::Oracle),
        ];
        let mut request = request(files, 20_000, LayerChoice::Embedded);
        request.entry = Some("statistics.py".to_owned());
        let result = fixture.run(&request);
        assert_eq!(result.status, status, "{result:?}");
    }
}

/// Tests that handle a failed assertion themselves, in every way.
const HANDLES: &str = "\
import contextlib, unittest
import pytest
from solution import call
def fails():
    assert 1 == 2
class Swallows:
    def __enter__(self): return self
    def __exit__(self, kind, error, trace): return kind is AssertionError
def test_except():
    try:
        call(fails)
    except AssertionError:
        pass
def test_again():
    try:
        try:
            call(fails)
        except AssertionError as error:
            raise error
    except AssertionError:
        pass
    try:
        try:
            call(fails)
        except AssertionError:
            raise
    except AssertionError:
        pass
    try:
        raise AssertionError
    except AssertionError:
        pass
def test_raises():
    with pytest.raises(AssertionError):
        call(fails)
    pytest.raises(AssertionError, call, fails)
def test_suppress():
    with contextlib.suppress(AssertionError):
        call(fails)
def test_own_manager():
    with Swallows():
        call(fails)
def test_generator():
    @contextlib.contextmanager
    def quiet():
        try:
            yield
        except AssertionError:
            pass
    with quiet():
        call(fails)
@pytest.mark.xfail
def test_expected():
    call(fails)
class Case(unittest.TestCase):
    def test_unit(self):
        with self.assertRaises(AssertionError):
            call(fails)
        self.assertRaises(self.failureException, self.fail)
    @unittest.expectedFailure
    def test_expected(self):
        call(self.fail)
";

#[test]
fn what_a_test_handles_itself_is_no_failure() {
    let candidate = "def call(f): return f()\n";
    let result = run(candidate, HANDLES, LayerChoice::Embedded);
    assert_eq!(result.status, RunStatus::Passed, "{result:?}");
    assert_eq!((result.counts.passed, result.counts.skipped), (7, 2), "{result:?}");
    let swallowing = "def call(f):\n    try: return f()\n    except Exception: pass\n";
    let result = run(swallowing, HANDLES, LayerChoice::Embedded);
    assert_eq!((result.status, result.counts.passed), (RunStatus::Failed, 0), "{result:?}");
    let swallowed = "the code under test swallowed its exception";
    let named = result.tests.iter().filter(|test| test.message.contains(swallowed)).count();
    assert!(named >= 3, "{result:?}");
}
