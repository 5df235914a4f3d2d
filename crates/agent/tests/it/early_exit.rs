//! Goal: a candidate is checked when it ends and the first pass stops its batch, always the same way. Method: a model whose
//! sequences end at different places, and requests and events that were seen.

use edgecoder_agent::{AgentEvent, Outcome, RunReport};
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const FILES: &[(&str, &str)] = &[
    ("mathx.py", "def double(x):\n    \"\"\"Twice x.\"\"\"\n    raise NotImplementedError\n"),
    ("test_mathx.py", "from mathx import double\n\ndef test_small():\n    assert double(2) == 4\n"),
];

/// Sequences 1 and 3 are right; 3 is shorter, and 0 is shorter still but wrong.
fn model() -> FakeModel {
    FakeModel::new(|_, _, sequence| {
        let text = match sequence {
            0 => "    return 0\n",
            1 => "    answer = x + x\n    return answer\n",
            2 => "    # a long way to a wrong answer that nobody needs to wait for\n    return x + 1 + 0\n",
            _ => "    return 2 * x\n",
        };
        text.to_owned()
    })
}

fn checked(events: &[AgentEvent]) -> Vec<u32> {
    let sample = |event: &AgentEvent| match event {
        AgentEvent::Candidate { sample, .. } => Some(*sample),
        _ => None,
    };
    events.iter().filter_map(sample).collect()
}

fn essence(mut report: RunReport) -> RunReport {
    report.usage.wall_ms = 0;
    report
}

#[test]
fn the_first_to_end_and_pass_wins_and_the_rest_is_not_waited_for() {
    let mut bench = Bench::new(FILES);
    let report = bench.run(&model(), bench.options("write double")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert!(report.diff.contains("+    return 2 * x"), "{}", report.diff);
    assert_eq!(checked(&bench.events), [1, 4], "by length, not by index; 2 and 3 were stopped");
    let whole: usize = [0, 1, 2, 3].map(|sequence| model_text(sequence).len() / 4 + 1).iter().sum();
    assert!(report.usage.completion_tokens < whole as u64, "{} of {whole}", report.usage.completion_tokens);
    let mut again = Bench::new(FILES);
    let options = again.options("write double");
    assert_eq!(essence(again.run(&model(), options).unwrap()).diff, report.diff);
    assert_eq!(checked(&again.events), checked(&bench.events));
}

fn model_text(sequence: usize) -> String {
    use edgecoder_inference::{Cancel, GenerateRequest, Model as _, Prompt, Sampling, Sequence};
    let sequences = (0..4).map(|seed| Sequence { seed, sampling: Sampling::default() }).collect();
    let request = GenerateRequest {
        prompt: Prompt::Text(String::new()),
        sequences,
        tokens_max: 99,
        tokens_all_max: None,
        stop: Vec::new(),
        format: None,
    };
    model().generate(&request, &Cancel::default(), &mut |_| {}).unwrap().0.swap_remove(sequence).text
}

#[test]
fn equally_long_ones_are_checked_in_order() {
    let same = FakeModel::new(|_, _, sequence| format!("    return x * {}\n", [0, 2, 2, 1][sequence]));
    let mut bench = Bench::new(FILES);
    let report = bench.run(&same, bench.options("write double")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert_eq!(checked(&bench.events), [1, 2]);
}

/// A kill between the check of a candidate and the record of its batch: the batch is written again and ends alike.
#[test]
fn a_kill_inside_a_batch_changes_nothing() {
    let mut bench = Bench::new(FILES);
    let report = bench.run(&model(), bench.options("write double")).unwrap();
    let run = bench.run_folder(report.id);
    let journal = std::fs::read_to_string(run.join("journal.ndjson")).unwrap();
    let at = journal.find("\"type\":\"generated\"").unwrap();
    let before = journal[..at].rfind('\n').unwrap() + 1;
    assert!(journal[..before].matches("\"type\":\"ran\"").count() > 3, "candidates ran before their batch ended");
    std::fs::write(run.join("journal.ndjson"), &journal[..before]).unwrap();
    std::fs::remove_file(run.join("result.json")).unwrap();
    let again = model();
    assert_eq!(essence(bench.resume(&again, report.id).unwrap()), essence(report));
    assert_eq!(again.requests().len(), 1);
    assert_eq!(std::fs::read_to_string(run.join("journal.ndjson")).unwrap().lines().count(), journal.lines().count());
}
