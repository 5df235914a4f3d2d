//! Goal: honest code, written as a teacher or the author of a library would, passes in the embedded layer what it passes
//! in Python itself, with the same tests by the same names, and fails when it is wrong.
//! Method: the programs lie in `idioms/*.txt`. Each runs in the embedded layer and, in the OS layer, in this machine's
//! Python; its tests run again with a line replaced that makes it wrong. Programs without tests are compared by
//! what they print.

#![expect(clippy::unwrap_used, reason = "a helper function of tests fails the test")]

mod support;

use edgecoder_types::{FileRole, LayerChoice, RunRequest, RunResult, RunStatus, TestPlan, Verdict};
use support::cases::{Case, read};
use support::{Fixture, file, program};

const CLASSES: &str = include_str!("idioms/classes.txt");
const LIBRARY: &str = include_str!("idioms/library.txt");
const NEW_SYNTAX: &str = include_str!("idioms/new_syntax.txt");
const PRINTS: &str = include_str!("idioms/prints.txt");

fn tested(solution: &str, tests: &str, layer: LayerChoice) -> RunRequest {
    RunRequest {
        entry: Some("solution.py".to_owned()),
        files: vec![
            file("solution.py", solution, FileRole::Candidate),
            file("test_solution.py", tests, FileRole::Oracle),
        ],
        tests: TestPlan::Files(vec!["test_solution.py".to_owned()]),
        layer,
        ..program("")
    }
}

/// The program with the lines under `wrong` replaced.
fn spoilt(case: &Case) -> String {
    let mut solution = case.part("right").unwrap().to_owned();
    for line in case.part("wrong").unwrap().lines() {
        let (old, new) = line.split_once(" => ").unwrap();
        assert!(solution.contains(old), "{}: {old}", case.name);
        solution = solution.replace(old, new);
    }
    solution
}

fn verdicts(result: &RunResult) -> Vec<(String, Verdict)> {
    let mut found: Vec<_> = result.tests.iter().map(|test| (test.id.clone(), test.verdict)).collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

fn shown(result: &RunResult) -> String {
    let broken: Vec<_> = result.tests.iter().filter(|test| test.verdict != Verdict::Passed).collect();
    let (out, err) = (String::from_utf8_lossy(&result.stdout), String::from_utf8_lossy(&result.stderr));
    format!("{:?} {}: {broken:?} {:?}\n{out}{err}", result.status, result.reason, result.violations)
}

/// What is wrong with a case in a layer.
fn faults(fixture: &Fixture, case: &Case, layer: LayerChoice) -> Result<Vec<(String, Verdict)>, String> {
    let tests = case.part("tests").unwrap();
    let right = fixture.run(&tested(case.part("right").unwrap(), tests, layer));
    if right.status != RunStatus::Passed {
        return Err(format!("{} in {layer:?}: {}", case.name, shown(&right)));
    }
    let wrong = fixture.run(&tested(&spoilt(case), tests, layer));
    if wrong.status != RunStatus::Failed {
        return Err(format!("{} made wrong, in {layer:?}: {}", case.name, shown(&wrong)));
    }
    Ok(verdicts(&right))
}

fn compare(text: &str, at_least: usize) {
    let (fixture, cases) = (Fixture::new(), read(text));
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    let mut found = Vec::new();
    for case in &cases {
        match (faults(&fixture, case, LayerChoice::Embedded), faults(&fixture, case, LayerChoice::Os)) {
            (Ok(embedded), Ok(os)) if embedded == os => {}
            (Ok(embedded), Ok(os)) => found.push(format!("{}: {embedded:?}\n{os:?}", case.name)),
            (first, second) => found.extend([first, second].into_iter().filter_map(Result::err)),
        }
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}

#[test]
fn classes_and_types_behave_as_in_python() {
    compare(CLASSES, 25);
}

#[test]
fn the_library_behaves_as_in_python() {
    compare(LIBRARY, 25);
}

#[test]
fn programs_print_what_they_print_in_python() {
    let (fixture, cases) = (Fixture::new(), read(PRINTS));
    assert!(cases.len() >= 10);
    for case in &cases {
        let run = |layer| fixture.run(&RunRequest { layer, ..program(case.part("program").unwrap()) });
        let (embedded, os) = (run(LayerChoice::Embedded), run(LayerChoice::Os));
        assert_eq!(embedded.status, RunStatus::Completed, "{}: {}", case.name, shown(&embedded));
        assert_eq!(os.status, RunStatus::Completed, "{}: {}", case.name, shown(&os));
        let text = |result: &RunResult| String::from_utf8_lossy(&result.stdout).into_owned();
        assert_eq!(text(&embedded), text(&os), "{}", case.name);
    }
}

/// The embedded Python is younger than many machines' own, which can't be asked about these.
#[test]
fn syntax_of_younger_pythons_is_taken() {
    let (fixture, cases) = (Fixture::new(), read(NEW_SYNTAX));
    assert!(cases.len() >= 3);
    let found: Vec<_> = cases.iter().filter_map(|case| faults(&fixture, case, LayerChoice::Embedded).err()).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
