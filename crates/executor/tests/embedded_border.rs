//! Goal: in the embedded layer, where tests and candidate share an interpreter, no wrong candidate passes, and honest
//! tests of every style are judged rightly.
//! Method: the cases lie in `border/*.txt`. What the subset refuses is no case here; `auto` may ask the other layer.

mod support;

use edgecoder_types::{FileRole, Layer, LayerChoice, RunResult, RunStatus, Verdict};
use support::border::{Case, TESTS, cases, changed, files, request};
use support::{Fixture, file};

/// Honest cases that the embedded layer accepts and misjudges, with the reason. The list can only shrink.
const MISJUDGED: &[(&str, &str)] = &[
    ("exit", "`sys` is a stand-in here whose `argv` a test can't replace"),
    ("named tuples and subclasses of builtins", "`typing.NamedTuple` evaluates annotations, which makes a function from code"),
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
        for case in cases(text) {
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
    for case in cases(include_str!("border/attacks_embedded.txt")) {
        let candidate = case.part("candidate").expect("a candidate");
        for layer in [LayerChoice::Auto, LayerChoice::Os] {
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
    for case in cases(text) {
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
