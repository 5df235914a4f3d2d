//! Input that is wrong, absent or odd.

use edgecoder_agent::{AgentError, Budget, Outcome};
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const STUB: (&str, &str) = ("mathx.py", "def double(x):\n    raise NotImplementedError\n");
const TEST: (&str, &str) =
    ("test_mathx.py", "from mathx import double\n\ndef test_small():\n    assert double(2) == 4\n");

fn right() -> FakeModel {
    FakeModel::saying(&["    return x * 2\n"])
}

#[test]
fn a_repository_without_tests_says_so_and_offers_a_command() {
    let mut bench = Bench::new(&[STUB]);
    let report = bench.run(&right(), bench.options("write double")).unwrap();
    assert_ne!(report.outcome, Outcome::Verified);
    assert!(report.next_steps.iter().any(|step| step.contains("--test")), "{report:?}");
}

#[test]
fn tests_that_pass_already_are_an_outcome_of_their_own() {
    let mut bench = Bench::new(&[("mathx.py", "def double(x):\n    return 2 * x\n"), TEST]);
    let model = right();
    let report = bench.run(&model, bench.options("write double")).unwrap();
    assert_eq!(
        (report.outcome, report.exit_code, report.reason.as_str()),
        (Outcome::AlreadyPassing, 1, "already_passing")
    );
    assert!(model.requests().is_empty() && report.diff.is_empty());
}

#[test]
fn wrong_options_are_usage() {
    let mut bench = Bench::new(&[STUB, TEST]);
    let mut cases = Vec::new();
    let mut options = bench.options("x");
    options.repo = Some("/nonexistent/folder".into());
    cases.push((options, "usage", "/nonexistent/folder"));
    let mut options = bench.options("x");
    options.test = Some("pytest | tee".to_owned());
    cases.push((options, "usage", "needs a shell"));
    let mut options = bench.options("x");
    options.test = Some("pytest tests/test_absent.py".to_owned());
    cases.push((options, "usage", "tests/test_absent.py"));
    let mut options = bench.options("x");
    options.test = Some("no-such-program-here --all".to_owned());
    cases.push((options, "test_command_not_found", "no-such-program-here"));
    let mut options = bench.options("x");
    options.file = Some("../outside.py".to_owned());
    cases.push((options, "path_outside_repository", "../outside.py"));
    let mut options = bench.options(" ");
    options.repo = None;
    cases.push((options, "usage", "empty"));
    for (options, code, part) in cases {
        let error: AgentError = bench.run(&right(), options).unwrap_err();
        assert_eq!((error.code(), error.exit_code()), (code, 2), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn unreadable_sources_do_not_stop_the_run() {
    let deep = format!("x = {}{}\n", "(".repeat(5_000), ")".repeat(5_000));
    let mut bench =
        Bench::new(&[STUB, TEST, ("broken.py", "def f(:\n"), ("deep.py", &deep), ("long.py", &"-".repeat(200_000))]);
    std::fs::write(bench.repo().join("latin.py"), b"# \xe9\n").unwrap();
    let report = bench.run(&right(), bench.options("write double")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
}

#[test]
fn names_that_tests_import_are_written_where_they_belong() {
    let test = "from kit.text import double\n\nassert double(2) == 4\nassert double('a') == 'aa'\n";
    let mut bench = Bench::new(&[("kit/__init__.py", ""), ("kit/text.py", "X = 1\n"), ("test_kit.py", test)]);
    let report =
        bench.run(&FakeModel::saying(&[" return value * 2"]), bench.options("Return the value twice.")).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert_eq!(report.tests_total, 2);
    assert_eq!(
        report.diff,
        "--- a/kit/text.py\n+++ b/kit/text.py\n@@ -1 +1,6 @@\n X = 1\n+\n+\n+def double(value):\n+    \"\"\"Return the value twice.\"\"\"\n+    return value * 2\n"
    );
}

/// A small model writes four spaces whatever it is shown.
#[test]
fn a_file_that_is_indented_with_tabs_stays_so() {
    let stub = "class K:\r\n\tdef double(self, x):\r\n\t\traise NotImplementedError\r\n";
    let test = "from mathx import K\n\ndef test_small():\n    assert K().double(2) == 4\n";
    let mut bench = Bench::new(&[("mathx.py", stub), ("test_mathx.py", test)]);
    let model = FakeModel::saying(&["        if x:\n            return x * 2\n        return x\n"]);
    let report = bench.run(&model, bench.options("write double")).unwrap();
    assert_eq!((report.outcome, report.usage.batches), (Outcome::Verified, 1), "{report:?}");
    bench.store().apply(report.id).unwrap();
    let body = "\t\tif x:\r\n\t\t\treturn x * 2\r\n\t\treturn x\r\n";
    assert_eq!(bench.read("mathx.py"), format!("class K:\r\n\tdef double(self, x):\r\n{body}"));
}

#[test]
fn budgets_end_the_run_with_the_closest_attempt() {
    let cases = [
        (Budget { samples: Some(8), ..Budget::default() }, "samples_spent"),
        (Budget { tokens: Some(30), ..Budget::default() }, "tokens_spent"),
        (Budget { wall_ms: Some(40), ..Budget::default() }, "time_spent"),
    ];
    for (budget, reason) in cases {
        let mut bench = Bench::new(&[STUB, TEST]);
        let mut options = bench.options("write double");
        options.budget = budget;
        let report =
            bench.run(&FakeModel::new(|_, request, n| format!("    return x + {request} + {n}0\n")), options).unwrap();
        assert_eq!((report.outcome, report.reason.as_str(), report.exit_code), (Outcome::Exhausted, reason, 1));
        assert!(report.last_error.as_ref().is_some_and(|error| error.contains("test_small")), "{report:?}");
        assert!(report.next_steps.iter().any(|step| step.contains("--model")));
        assert!(report.next_steps.iter().any(|step| step.contains("--samples")));
        assert_eq!(report.unsolved, ["mathx.py: double"]);
    }
}

#[test]
fn a_test_command_is_an_oracle() {
    let mut bench = Bench::new(&[STUB, ("check.py", "import mathx\nassert mathx.double(3) == 6\n")]);
    let mut options = bench.options("write double");
    options.test = Some("/usr/bin/python3 check.py".to_owned());
    let report = bench.run(&right(), options).unwrap();
    assert_eq!((report.outcome, report.tests_total), (Outcome::Verified, 1), "{report:?}");
}

#[test]
fn doctests_are_an_oracle_when_there_is_no_other() {
    let source =
        "def double(x):\n    \"\"\"Twice.\n\n    >>> double(2)\n    4\n    \"\"\"\n    raise NotImplementedError\n";
    let mut bench = Bench::new(&[("mathx.py", source)]);
    let report = bench.run(&right(), bench.options("write double")).unwrap();
    assert_eq!((report.outcome, report.tests_total), (Outcome::Verified, 1), "{report:?}");
}

/// A run that could not begin is nothing to continue.
#[test]
fn wrong_input_leaves_no_run() {
    let mut bench = Bench::new(&[STUB, TEST]);
    for test in
        ["pytest | tee", "pytest tests/test_absent.py", "pytest -n auto", "pytest -k nothing", "no-such-program-here"]
    {
        let mut options = bench.options("write double");
        options.test = Some(test.to_owned());
        let error = bench.run(&right(), options).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert_eq!(bench.store().list().unwrap(), [], "{test}");
    }
}

#[test]
fn a_command_that_selects_nothing_says_what_there_is() {
    let mut bench = Bench::new(&[STUB, TEST]);
    for test in
        ["pytest -k nothing", "pytest test_mathx.py::test_large", "pytest -m slow", "python -m unittest -k none"]
    {
        let mut options = bench.options("write double");
        options.test = Some(test.to_owned());
        let error = bench.run(&right(), options).unwrap_err();
        assert_eq!(error.code(), "no_tests_selected");
        assert!(error.to_string().contains(test) && error.to_string().contains("test_mathx.py::test_small"), "{error}");
    }
}

/// Only the selected test counts, whatever the others say.
#[test]
fn a_selection_of_tests_is_the_oracle() {
    let tests = "from mathx import double\n\nclass TestDouble:\n    def test_two(self):\n        assert double(2) == 4\n\n    def test_wrong(self):\n        assert double(2) == 5\n\ndef test_other():\n    assert False\n";
    for test in [
        "pytest test_mathx.py::TestDouble::test_two -x",
        "pytest -q -k 'testdouble and not wrong'",
        "python3 -m pytest test_mathx.py --deselect test_mathx.py::TestDouble::test_wrong -k double --tb=short",
    ] {
        let mut bench = Bench::new(&[STUB, ("test_mathx.py", tests)]);
        let mut options = bench.options("write double");
        options.test = Some(test.to_owned());
        let report = bench.run(&right(), options).unwrap();
        assert_eq!((report.outcome, report.tests_total), (Outcome::Verified, 1), "{test}: {report:?}");
        let receipt = report.receipt.unwrap();
        assert_eq!(receipt.expected_tests, ["test_mathx.py::TestDouble::test_two"], "{test}");
    }
    let mut bench = Bench::new(&[("mathx.py", "def double(x):\n    return 2 * x\n"), ("test_mathx.py", tests)]);
    let mut options = bench.options("write double");
    options.test = Some("pytest -k two".to_owned());
    let report = bench.run(&right(), options).unwrap();
    assert_eq!((report.outcome, report.tests_total), (Outcome::AlreadyPassing, 1), "{report:?}");
}

#[test]
fn a_named_file_that_cannot_be_used_is_said() {
    let mut bench = Bench::new(&[STUB, TEST]);
    std::fs::write(bench.repo().join("binary.py"), b"\0").unwrap();
    let mut options = bench.options("write double");
    options.file = Some("binary.py".to_owned());
    let error = bench.run(&right(), options).unwrap_err();
    assert!(error.code() == "usage" && error.to_string().contains("binary.py") && error.to_string().contains("binary"));
    let mut options = bench.options("write double");
    options.file = Some("test_mathx.py".to_owned());
    let report = bench.run(&right(), options).unwrap();
    assert_eq!((report.outcome, report.reason.as_str()), (Outcome::Refused, "no_target"));
    assert!(report.message.contains("test_mathx.py holds no function"), "{report:?}");
}

#[test]
fn a_target_behind_a_link_ends_before_a_candidate_is_made() {
    let tests = "from text import slug\n\ndef test_it():\n    assert slug('A') == 'a'\n";
    for inside in [false, true] {
        let mut bench = Bench::new(&[("test_text.py", tests)]);
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("text.py"), "def slug(text):\n    raise NotImplementedError\n").unwrap();
        let (path, link) = if inside { ("pkg/text.py", "pkg") } else { ("text.py", "text.py") };
        let to = if inside { outside.path().to_owned() } else { outside.path().join("text.py") };
        std::os::unix::fs::symlink(to, bench.repo().join(link)).unwrap();
        let model = FakeModel::new(|_, _, _| panic!("the model is asked"));
        if !inside {
            let report = bench.run(&model, bench.options("write slug")).unwrap();
            assert_eq!((report.outcome, report.reason.as_str()), (Outcome::Refused, "target_is_link"), "{report:?}");
            assert_eq!(report.exit_code, 2);
            assert!(report.message.starts_with("text.py is a symbolic link"), "{}", report.message);
        }
        let mut options = bench.options("write slug");
        options.file = Some(path.to_owned());
        let error = bench.run(&model, options).unwrap_err().to_string();
        assert!(error.contains(&format!("{link} is a symbolic link")), "{error}");
    }
}
