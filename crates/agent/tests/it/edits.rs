//! Goal: small edits of wrong candidates are run instead of writing more, always the same way, within bounds, and they end
//! when the user says so. Method: a runner that says it is the embedded layer, and a model whose samples are nearly right.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use edgecoder_agent::{AgentEvent, EditKind, Outcome, RunReport};
use edgecoder_executor::{Cancel, ExecutorError, Runner};
use edgecoder_testkit::{CpythonRunner, FakeModel};
use edgecoder_types::{
    FileRole, Language, Layer, LayerChoice, Limits, RunRequest, RunResult, RunStatus, SourceFile, TestPlan, Violation,
};

use crate::support::Bench;

const FILES: &[(&str, &str)] = &[
    ("mathx.py", "def triple(x):\n    \"\"\"Three times x.\"\"\"\n    raise NotImplementedError\n"),
    ("test_mathx.py", "from mathx import triple\n\nassert triple(2) == 6\nassert triple(5) == 15\n"),
];

/// Runs like the embedded layer. What holds `hopeless` is run once, and its result is told again.
#[derive(Default)]
struct Embedded {
    inner: CpythonRunner,
    hopeless: Mutex<Option<RunResult>>,
    runs: AtomicU32,
    /// Runs on further inputs.
    asked: AtomicUsize,
    /// Cancels at this run.
    cancels: Option<(u32, Cancel)>,
}

impl Runner for Embedded {
    fn check(&self, language: Language, path: &str, source: &[u8]) -> Result<Vec<Violation>, ExecutorError> {
        self.inner.check(language, path, source)
    }

    fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
        let number = self.runs.fetch_add(1, Ordering::SeqCst);
        if let Some((at, flag)) = &self.cancels
            && *at == number
        {
            flag.cancel();
        }
        let asks = request.entry.as_ref().is_some_and(|entry| entry.contains("further_inputs"));
        self.asked.fetch_add(usize::from(asks), Ordering::SeqCst);
        let is_hopeless = request.files.iter().any(|file| String::from_utf8_lossy(&file.content).contains("hopeless"));
        let mut known = self.hopeless.lock().unwrap();
        if let (true, Some(result)) = (is_hopeless, &*known) {
            return Ok(result.clone());
        }
        let mut result = self.inner.run(request, cancel)?;
        result.layer = Some(Layer::Embedded);
        if is_hopeless {
            *known = Some(result.clone());
        }
        Ok(result)
    }
}

fn nearly() -> FakeModel {
    FakeModel::new(|_, _, sequence| format!("    y = x * {}\n    return y\n", sequence + 4))
}

fn edited(events: &[AgentEvent]) -> Vec<(u32, Vec<(EditKind, String)>)> {
    let one = |event: &AgentEvent| match event {
        AgentEvent::Edited { sample, edits, .. } => {
            Some((*sample, edits.iter().map(|edit| (edit.kind, edit.what.clone())).collect()))
        }
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

fn essence(mut report: RunReport) -> RunReport {
    report.usage.wall_ms = 0;
    report
}

#[test]
fn an_edit_solves_what_no_sample_does_and_costs_no_token() {
    let mut bench = Bench::new(FILES);
    let model = nearly();
    let report = bench.run_with(&model, &Embedded::default(), bench.options("write triple")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert!(report.diff.contains("+    y = x * 3\n"), "{}", report.diff);
    assert_eq!(edited(&bench.events), [(1, vec![(EditKind::Number, "`4` to `3`".to_owned())])]);
    assert_eq!((model.requests().len(), report.usage.samples), (1, 4));
    let mut again = Bench::new(FILES);
    let options = again.options("write triple");
    let second = again.run_with(&nearly(), &Embedded::default(), options).unwrap();
    assert_eq!(edited(&again.events), edited(&bench.events));
    assert_eq!((second.diff, second.usage.runs), (report.diff, report.usage.runs));
}

/// Where a run is dear, or the tests are the model's own, the next batch is written instead.
#[test]
fn other_layers_and_self_written_tests_have_no_edits() {
    let mut bench = Bench::new(FILES);
    let options = bench.options("write triple");
    assert_eq!(bench.run(&nearly(), options).unwrap().outcome, Outcome::Exhausted);
    assert!(!bench.events.iter().any(|event| matches!(event, AgentEvent::Editing { .. })));
    let mut bench = Bench::new(&FILES[..1]);
    let model = FakeModel::new(|_, number, sequence| match number {
        0 => "triple(2) == 6\nassert triple(5) == 15\nassert triple(0) == 0\n".to_owned(),
        _ => format!("    return x * 4 + {sequence}\n"),
    });
    let options = bench.options("write triple(x), three times x");
    assert_eq!(bench.run_with(&model, &Embedded::default(), options).unwrap().outcome, Outcome::Exhausted);
    assert!(bench.events.iter().any(|event| matches!(event, AgentEvent::SelfTests { .. })));
    assert!(!bench.events.iter().any(|event| matches!(event, AgentEvent::Editing { .. })));
}

#[test]
fn several_passing_edits_are_chosen_between_by_further_inputs() {
    let files = [
        ("mathx.py", "def twice(x):\n    raise NotImplementedError\n"),
        ("test_mathx.py", "from mathx import twice\n\nassert twice(2) == 4\n"),
    ];
    // `x + x`, `x + x * 1` and `y - 1` all give 4.
    let model = FakeModel::saying(&["    y = x + x + 1\n    return y\n"]);
    let mut bench = Bench::new(&files);
    let runner = Embedded::default();
    let report = bench.run_with(&model, &runner, bench.options("write twice")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    let passing = bench.events.iter().find_map(|event| match event {
        AgentEvent::Edited { passing, .. } => Some(*passing),
        _ => None,
    });
    assert!(passing.is_some_and(|passing| passing > 1), "{passing:?}");
    assert_eq!(passing, Some(runner.asked.load(Ordering::SeqCst)), "each is asked once");
}

#[test]
fn every_prefix_of_the_journal_leads_to_the_same_edit() {
    let mut bench = Bench::new(FILES);
    let report = bench.run_with(&nearly(), &Embedded::default(), bench.options("write triple")).unwrap();
    let run = bench.run_folder(report.id);
    let journal = std::fs::read(run.join("journal.ndjson")).unwrap();
    assert_eq!(String::from_utf8_lossy(&journal).matches("\"type\":\"edited\"").count(), 1);
    let ends: Vec<usize> = (0..journal.len()).filter(|at| journal[*at] == b'\n').map(|at| at + 1).collect();
    for end in ends.into_iter().rev().take(5) {
        std::fs::write(run.join("journal.ndjson"), &journal[..end]).unwrap();
        for name in ["result.json", "patch.json", "result.diff", "receipt.json"] {
            match std::fs::remove_file(run.join(name)) {
                Ok(()) | Err(_) => {}
            }
        }
        let again = bench.resume_with(&nearly(), &Embedded::default(), report.id).unwrap();
        assert_eq!(essence(again), essence(report.clone()), "after {end} bytes");
    }
}

#[test]
fn a_cancel_ends_the_edits_and_a_resume_ends_alike() {
    let mut bench = Bench::new(FILES);
    let whole = bench.run_with(&nearly(), &Embedded::default(), bench.options("write triple")).unwrap();
    let runs = whole.usage.runs;
    let mut bench = Bench::new(FILES);
    // The last two runs are those of the passing edit and of the final check.
    let runner = Embedded { cancels: Some((runs - 6, bench.cancel.clone())), ..Embedded::default() };
    let report = bench.run_with(&nearly(), &runner, bench.options("write triple")).unwrap();
    assert_eq!(report.outcome, Outcome::Cancelled, "{report:?}");
    assert!(runner.runs.load(Ordering::SeqCst) <= runs - 5, "it stops at once");
    assert!(bench.events.iter().any(|event| matches!(event, AgentEvent::Editing { .. })));
    let again = bench.resume_with(&nearly(), &Embedded::default(), report.id).unwrap();
    assert_eq!((again.outcome, again.diff), (whole.outcome, whole.diff));
}

#[test]
fn edits_of_a_batch_are_bounded() {
    let lines: String = (1..40).map(|n| format!("    x = x * {n} - x % {n} + {n}\n")).collect();
    let model = FakeModel::new(move |_, number, sequence| {
        format!("    x = x + {number} + {sequence}\n{lines}    return 'hopeless' + str(x)\n")
    });
    let mut bench = Bench::new(FILES);
    let mut options = bench.options("write triple");
    options.budget.samples = Some(4);
    let runner = Embedded::default();
    let report = bench.run_with(&model, &runner, options).unwrap();
    assert_eq!(report.outcome, Outcome::Exhausted, "{report:?}");
    let runs = runner.runs.load(Ordering::SeqCst);
    assert!((600..620).contains(&runs), "{runs}");
    assert_eq!(report.usage.runs, runs);
}

/// The solved functions that prompts show: their examples hold.
#[test]
fn shown_functions_do_what_their_examples_say() {
    let imports = "import heapq\nimport math\nimport re\nfrom collections import Counter, defaultdict\n\
                   from itertools import accumulate, combinations, groupby\n\n\n";
    let source = concat!(
        include_str!("../../src/search/solved/basics.py"),
        include_str!("../../src/search/solved/lists.py"),
        include_str!("../../src/search/solved/texts.py")
    );
    let file = SourceFile {
        path: "solved.py".to_owned(),
        content: format!("{imports}{source}").into_bytes(),
        role: FileRole::Oracle,
    };
    let program = "import doctest\nimport solved\nfailed, tried = doctest.testmod(solved)\nassert failed == 0 and tried > 80, (failed, tried)\n";
    let test = SourceFile { path: "test_solved.py".to_owned(), content: program.into(), role: FileRole::Oracle };
    let request = RunRequest {
        language: Language::Python,
        entry: None,
        files: vec![file, test],
        tests: TestPlan::Files(vec!["test_solved.py".to_owned()]),
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Auto,
        seed: 0,
    };
    let result = CpythonRunner::default().run(&request, &Cancel::default()).unwrap();
    assert_eq!(result.status, RunStatus::Passed, "{:?} {}", result.tests, String::from_utf8_lossy(&result.stdout));
}
