//! Whole runs.

use edgecoder_agent::{AgentEvent, Outcome, State};
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
