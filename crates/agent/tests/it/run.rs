//! Whole runs.

use edgecoder_agent::{AgentEvent, Outcome, State};
use edgecoder_inference::Prompt;
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const ONE: &[(&str, &str)] = &[
    ("mathx.py", "def double(x):\n    \"\"\"Twice x.\"\"\"\n    raise NotImplementedError\n"),
    (
        "test_mathx.py",
        "from mathx import double\n\ndef test_small():\n    assert double(2) == 4\n\ndef test_zero():\n    assert double(0) == 0\n",
    ),
];

#[test]
fn a_missing_function_ends_verified_with_a_diff() {
    let mut bench = Bench::new(ONE);
    let before = bench.snapshot();
    let model = FakeModel::saying(&["    return x + 1\n", "    return x * 2\n\n\ndef other():\n    pass\n"]);
    let report = bench.run(&model, bench.options("write double")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert_eq!((report.exit_code, report.tests_passed, report.tests_total, report.tests_passed_before), (0, 2, 2, 0));
    assert_eq!(
        report.diff,
        "--- a/mathx.py\n+++ b/mathx.py\n@@ -1,3 +1,3 @@\n def double(x):\n     \"\"\"Twice x.\"\"\"\n-    raise NotImplementedError\n+    return x * 2\n"
    );
    let receipt = report.receipt.unwrap();
    assert_eq!(receipt.expected_tests, ["test_mathx.py::test_small", "test_mathx.py::test_zero"]);
    assert_eq!(bench.snapshot(), before, "the user's files are untouched");
    assert_eq!(bench.store().show(report.id).unwrap().state, State::Verified);
    assert!(matches!(bench.events.last(), Some(AgentEvent::Finished { .. })));
    for event in &bench.events {
        assert!(serde_json::to_string(event).unwrap().contains("\"event\":"));
    }
}

#[test]
fn a_model_that_is_asked_answers_with_a_block_and_repairs() {
    let mut bench = Bench::new(ONE);
    let model = FakeModel::saying(&[
        "Like this:\n```python\ndef double(x):\n    return x + 1\n```",
        "<think>maybe x ** 2</think>```python\ndef double(x):\n    return 2 * x\n```\nThat is it.",
    ])
    .chatting();
    let report = bench.run(&model, bench.options("write double")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert!(report.diff.contains("+    return 2 * x\n"), "{}", report.diff);
    let questions: Vec<String> = model
        .requests()
        .into_iter()
        .map(|request| match request.prompt {
            Prompt::Chat(messages) => messages.last().unwrap().content.clone(),
            Prompt::Text(text) => panic!("{text}"),
        })
        .collect();
    assert_eq!(questions.len(), 2);
    assert!(questions[0].contains("assert double(2) == 4") && questions[0].contains("one Python code block"));
    assert!(
        questions[1].contains("This version is wrong") && questions[1].contains("return x + 1"),
        "{}",
        questions[1]
    );
}

#[test]
fn a_model_that_is_asked_writes_its_own_tests_where_there_are_none() {
    let mut bench = Bench::new(&[("mathx.py", "def double(x):\n    raise NotImplementedError\n")]);
    let model = FakeModel::saying(&[
        "```python\nassert double(2) == 4\nassert double(0) == 0\nassert double(-1) == -2\n```",
        "```python\ndef double(x):\n    return x * 2\n```",
    ])
    .chatting();
    let report = bench.run(&model, bench.options("write double(x), which doubles a number")).unwrap();
    assert_eq!(report.outcome, Outcome::SelfTested, "{report:?}");
    assert_eq!(report.self_tests, ["assert double(2) == 4", "assert double(0) == 0", "assert double(-1) == -2"]);
}
