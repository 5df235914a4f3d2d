//! Runs that were killed or cancelled go on where they were.

use edgecoder_agent::{AgentEvent, Outcome, RunReport, State};
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const FILES: &[(&str, &str)] = &[
    ("mathx.py", "def double(x):\n    raise NotImplementedError\n\n\ndef half(x):\n    raise NotImplementedError\n"),
    (
        "test_mathx.py",
        "from mathx import double, half\n\ndef test_double():\n    assert double(2) == 4\n\ndef test_half():\n    assert half(4) == 2\n",
    ),
];

fn model() -> FakeModel {
    FakeModel::new(|request, _, sequence| {
        let prompt = format!("{:?}", request.prompt);
        let wanted = if prompt.contains("def double") && !prompt.contains("def half") {
            "    return x * 2\n"
        } else {
            "    return x / 2\n"
        };
        match (request.sequences[0].seed % 2, sequence) {
            (_, 3) => wanted.to_owned(),
            (_, other) => format!("    return x + {other}\n"),
        }
    })
}

/// What must not depend on how often the process died.
fn essence(mut report: RunReport) -> RunReport {
    report.usage.wall_ms = 0;
    report
}

/// Simulates a kill after every record, and inside the last one: the journal's prefix is all that is left.
#[test]
fn every_prefix_of_the_journal_leads_to_the_same_end() {
    let mut bench = Bench::new(FILES);
    let report = bench.run(&model(), bench.options("write both")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    let run = bench.run_folder(report.id);
    let journal = std::fs::read(run.join("journal.ndjson")).unwrap();
    let ends: Vec<usize> = (0..journal.len()).filter(|at| journal[*at] == b'\n').map(|at| at + 1).collect();
    assert!(ends.len() > 10, "{}", ends.len());
    let mut lengths = vec![0];
    lengths.extend(ends.iter().enumerate().map(|(number, end)| if number % 3 == 0 { end - 1 } else { *end }));
    let generated = String::from_utf8(journal.clone()).unwrap();
    for length in lengths {
        std::fs::write(run.join("journal.ndjson"), &journal[..length]).unwrap();
        for name in ["result.json", "patch.json", "result.diff", "receipt.json"] {
            match std::fs::remove_file(run.join(name)) {
                Ok(()) | Err(_) => {}
            }
        }
        let recorded = generated[..generated.floor_char_boundary(length)].matches("\"type\":\"generated\"").count();
        let whole = &generated[..generated[..generated.floor_char_boundary(length)].rfind('\n').map_or(0, |at| at + 1)];
        let done = whole.matches("\"type\":\"generated\"").count();
        assert!(done <= recorded);
        let model = model();
        let again = bench.resume(&model, report.id).unwrap();
        assert_eq!(essence(again), essence(report.clone()), "after {length} bytes");
        assert_eq!(model.requests().len() + done, 2, "finished batches are not written again ({length})");
    }
}

#[test]
fn a_cancelled_run_says_so_and_goes_on() {
    let mut bench = Bench::new(FILES);
    let whole = Bench::new(FILES).run(&model(), bench.options("write both")).unwrap();
    let before = bench.snapshot();
    let cancelled = bench.run(&model().interrupting(1, &bench.cancel.clone()), bench.options("write both")).unwrap();
    assert_eq!((cancelled.outcome, cancelled.exit_code), (Outcome::Cancelled, 1));
    assert_eq!(cancelled.next_steps, [format!("edgecoder resume {}", cancelled.id)]);
    assert_eq!(cancelled.tests_passed, 1, "what was solved before is kept");
    assert_eq!(bench.store().show(cancelled.id).unwrap().state, State::Cancelled);
    assert_eq!(bench.snapshot(), before);
    let resumed = bench.resume(&model(), cancelled.id).unwrap();
    assert_eq!(resumed.outcome, Outcome::Verified);
    assert_eq!(resumed.diff, whole.diff, "the same seed continues the same way");
    assert_eq!(bench.store().show(cancelled.id).unwrap().state, State::Verified);
}

#[test]
fn an_ended_run_gives_its_report_again() {
    let mut bench = Bench::new(FILES);
    let report = bench.run(&model(), bench.options("write both")).unwrap();
    bench.events.clear();
    let model = model();
    assert_eq!(bench.resume(&model, report.id).unwrap(), report);
    assert!(model.requests().is_empty());
    assert!(matches!(bench.events.as_slice(), [AgentEvent::Finished { .. }]));
}

#[test]
fn runs_are_listed_and_found() {
    let mut bench = Bench::new(FILES);
    assert_eq!(bench.store().list().unwrap(), []);
    let report = bench.run(&model(), bench.options("write both")).unwrap();
    let list = bench.store().list().unwrap();
    assert_eq!((list[0].id, list[0].state, list[0].tests), (report.id, State::Verified, Some((2, 2))));
    let id = report.id.to_string();
    assert_eq!(bench.store().find("last").unwrap(), report.id);
    assert_eq!(bench.store().find(&id).unwrap(), report.id);
    assert_eq!(bench.store().find(&id[id.len() - 6..]).unwrap(), report.id);
    assert_eq!(bench.store().find("zzzz").unwrap_err().code(), "run_not_found");
}
