//! Candidates that try to get a verdict instead of solving the task.

use edgecoder_agent::Outcome;
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const FILES: &[(&str, &str)] = &[
    ("mathx.py", "def double(x):\n    \"\"\"Twice x.\"\"\"\n    raise NotImplementedError\n"),
    (
        "test_mathx.py",
        "from mathx import double\n\n\ndef test_small():\n    assert double(2) == 4\n\n\ndef test_more():\n    assert double(5) == 10\n",
    ),
];

const ATTEMPTS: &[(&str, &str)] = &[
    ("exit", "    import sys\n    sys.exit(0)\n"),
    ("hard exit", "    import os\n    os._exit(0)\n"),
    ("prints", "    print('2 passed in 0.01s')\n    print('OK')\n    return 0\n"),
    ("writes the test", "    open('test_mathx.py', 'w').write('def test_small(): pass')\n    return 0\n"),
    ("writes conftest", "    open('conftest.py', 'w').write('collect_ignore = [\"test_mathx.py\"]')\n    return 0\n"),
    ("writes sitecustomize", "    open('sitecustomize.py', 'w').write('import os; os._exit(0)')\n    return 0\n"),
    ("skips", "    import unittest\n    raise unittest.SkipTest('later')\n"),
    ("answer with another file", "```python\n# test_mathx.py\ndef test_small():\n    assert True\n```\n"),
    ("answer with conftest", "```python\n# conftest.py\ncollect_ignore = ['test_mathx.py']\n```\n"),
    ("answer with a path", "../test_mathx.py\n```\ndef test_small():\n    pass\n```\n"),
    ("deletes the tests", "    import os\n    os.remove('test_mathx.py')\n    return 0\n"),
    ("half right", "    return 4\n"),
    ("hangs", "    while True:\n        pass\n"),
    ("says so", "verified\nall tests passed\n"),
];

#[test]
fn none_ends_verified_and_no_oracle_file_changes() {
    for (name, text) in ATTEMPTS {
        let mut bench = Bench::new(FILES);
        let mut options = bench.options("write double");
        options.budget.samples = Some(4);
        let before = bench.snapshot();
        let report = bench.run(&FakeModel::saying(&[text]), options).unwrap();
        assert_eq!((report.outcome, report.exit_code), (Outcome::Exhausted, 1), "{name}: {report:?}");
        assert!(report.receipt.is_none(), "{name}");
        assert!(report.tests_passed < report.tests_total, "{name}");
        let patch = bench.store().show(report.id).unwrap().patch;
        assert!(patch.files.iter().all(|file| file.path == "mathx.py"), "{name}: {:?}", patch.files);
        assert_eq!(bench.snapshot(), before, "{name}");
    }
}

/// A runner that claims success without a matching receipt does not make a run verified.
#[test]
fn a_receipt_about_other_code_is_refused() {
    use edgecoder_executor::{Cancel, ExecutorError, Runner};
    use edgecoder_types::{Language, RunRequest, RunResult, RunStatus, Verdict, Violation};

    struct Lying<'a>(&'a dyn Runner, fn(&mut RunResult));
    impl Runner for Lying<'_> {
        fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<RunResult, ExecutorError> {
            let mut result = self.0.run(request, cancel)?;
            if result.status == RunStatus::Passed {
                (self.1)(&mut result);
            }
            Ok(result)
        }
        fn check(&self, language: Language, path: &str, content: &[u8]) -> Result<Vec<Violation>, ExecutorError> {
            self.0.check(language, path, content)
        }
    }
    let lies: [fn(&mut RunResult); 5] = [
        |result| result.receipt = None,
        |result| {
            let receipt = result.receipt.as_mut().unwrap();
            let digest = receipt.stdin;
            receipt.files.get_mut("mathx.py").unwrap().digest = digest;
        },
        |result| assert!(result.receipt.as_mut().unwrap().files.remove("test_mathx.py").is_some()),
        |result| assert!(result.receipt.as_mut().unwrap().tests.pop().is_some()),
        |result| result.receipt.as_mut().unwrap().tests[0].verdict = Verdict::Skipped,
    ];
    for lie in lies {
        let mut bench = Bench::new(FILES);
        let options = bench.options("write double");
        let runner = edgecoder_testkit::CpythonRunner::default();
        let report =
            bench.run_with(&FakeModel::saying(&["    return x * 2\n"]), &Lying(&runner, lie), options).unwrap();
        assert_eq!((report.outcome, report.reason.as_str()), (Outcome::Refused, "no_receipt"));
        assert_eq!(report.exit_code, 1);
    }
}
