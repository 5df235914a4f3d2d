//! The embedded layer through the executor's public API: endings, isolation between runs, backstops, cancellation.

mod support;

use std::time::{Duration, Instant};

use edgecoder_executor::{Cancel, Runner as _};
use edgecoder_types::{Language, Layer, LayerChoice, RunStatus, TestPlan};
use support::{Fixture, program, tested};

#[test]
fn a_control_program_prints() {
    let result = Fixture::new().run(&program("for i in range(3):\n    pass\nprint('hello', 6 * 7)"));
    assert_eq!((result.status, result.stdout.as_slice()), (RunStatus::Completed, b"hello 42\n".as_slice()));
    assert_eq!((result.layer, result.exit_code), (Some(Layer::Embedded), Some(0)));
    assert!(result.fuel.is_some_and(|fuel| fuel > 0) && result.receipt.is_some());
}

#[test]
fn every_ending_has_its_status() {
    let fixture = Fixture::new();
    let table = [
        ("raise ValueError('no')", RunStatus::Error, "uncaught_exception"),
        ("import os", RunStatus::Rejected, "subset_violation"),
        ("def f(:", RunStatus::Rejected, "syntax_error"),
        ("while True:\n    pass", RunStatus::OutOfFuel, "fuel_exhausted"),
        ("while True:\n    print('x' * 1000)", RunStatus::OutputLimit, "output_limit"),
    ];
    for (text, status, reason) in table {
        let result = fixture.run(&program(text));
        assert_eq!((result.status, result.reason.as_str()), (status, reason), "{text}: {}", result.detail);
    }
}

#[test]
fn tests_decide() {
    let fixture = Fixture::new();
    let good = fixture.run(&tested("def f(x):\n    return x + 1\n", "assert f(1) == 2\nassert f(2) == 3\n"));
    assert_eq!((good.status, good.counts.passed, good.counts.total), (RunStatus::Passed, 2, 2), "{}", good.detail);
    let bad = fixture.run(&tested("def f(x):\n    return 2\n", "assert f(1) == 2\nassert f(2) == 3\n"));
    assert_eq!((bad.status, bad.counts.passed, bad.counts.failed), (RunStatus::Failed, 1, 1));
    let none = fixture.run(&tested("def f(x):\n    return 2\n", "x = 1\n"));
    assert_eq!((none.status, none.reason.as_str()), (RunStatus::NoTests, "no_tests"));
}

#[test]
fn an_expected_test_that_does_not_run_is_missing() {
    let mut request = tested("def f(x):\n    return x\n", "def test_one():\n    assert f(1) == 1\n");
    request.expected_tests = vec!["test_main.py::test_one".to_owned(), "test_main.py::test_two".to_owned()];
    let result = Fixture::new().run(&request);
    assert_eq!((result.status, result.reason.as_str()), (RunStatus::Failed, "tests_missing"));
}

/// The same in both layers: what was not asked for neither fails the run nor stands in its record.
#[test]
fn only_selected_tests_count() {
    let tests =
        "from main import f\n\ndef test_one():\n    assert f(1) == 1\n\ndef test_two():\n    assert f(1) == 2\n";
    let mut request = tested("def f(x):\n    return x\n", tests);
    let fixture = Fixture::new();
    for layer in [LayerChoice::Embedded, LayerChoice::Os] {
        request.layer = layer;
        request.tests = TestPlan::Selected(vec!["test_main.py".to_owned()]);
        request.expected_tests = vec!["test_main.py::test_one".to_owned()];
        let good = fixture.run(&request);
        assert_eq!(
            (good.status, good.reason.as_str(), good.exit_code),
            (RunStatus::Passed, "passed", Some(0)),
            "{}",
            good.detail
        );
        assert_eq!((good.counts.passed, good.counts.total), (1, 1));
        let receipt = good.receipt.unwrap();
        assert_eq!((receipt.plan, receipt.tests.len()), (request.tests.clone(), 1));
        request.expected_tests = vec!["test_main.py::test_two".to_owned()];
        let bad = fixture.run(&request);
        assert_eq!((bad.status, bad.reason.as_str()), (RunStatus::Failed, "assertion_failed"), "{}", bad.detail);
        request.expected_tests.push("test_main.py::test_three".to_owned());
        assert_eq!(fixture.run(&request).reason, "tests_missing");
        request.expected_tests.clear();
        let none = edgecoder_executor::Runner::run(&fixture.executor, &request, &Cancel::default()).unwrap_err();
        assert_eq!(none.code(), "run_request_invalid");
    }
}

#[test]
fn collecting_runs_nothing() {
    let mut request = tested("print('ran')\n", "def test_one():\n    print('ran')\n");
    request.tests = TestPlan::Collect(vec!["test_main.py".to_owned()]);
    let result = Fixture::new().run(&request);
    let ids: Vec<&str> = result.tests.iter().map(|test| test.id.as_str()).collect();
    assert_eq!(ids, ["test_main.py::test_one"]);
    assert_eq!(result.counts.passed, 0);
}

#[test]
fn no_state_passes_from_one_program_to_the_next() {
    let fixture = Fixture::new();
    let leave = "\
import collections, math, random, re, sys
class Mark: pass
collections.OrderedDict
random.seed(99)
random.random()
re.compile('left-behind')
sys.setrecursionlimit(77)
left_behind = 'left-behind'
print('left')
";
    let look = "\
import random, sys, collections, time
print(random.random(), time.time(), sys.getrecursionlimit())
try:
    print(left_behind)
except NameError:
    print('clean')
";
    let before = fixture.run(&program(look));
    for _ in 0..5 {
        fixture.run(&program(leave));
    }
    let after = fixture.run(&program(look));
    assert_eq!(before.receipt, after.receipt);
    assert!(String::from_utf8_lossy(&after.stdout).contains("clean"), "{after:?}");
}

#[test]
fn the_wall_clock_is_a_backstop() {
    let fixture = Fixture::new();
    let mut request = program("import re\nre.match(r'(a|aa)+$', 'a' * 60 + 'b')\n");
    request.limits.timeout_ms = 300;
    let started = Instant::now();
    let result = fixture.run(&request);
    assert_eq!((result.status, result.reason.as_str()), (RunStatus::TimedOut, "timed_out"));
    assert!(result.receipt.is_none(), "a timeout is no evidence");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn memory_is_a_backstop() {
    let fixture = Fixture::new();
    let mut request = program("x = [0]\nwhile True:\n    x = x + x\n");
    request.limits.memory_bytes = 64 << 20;
    request.limits.fuel = u64::MAX;
    let result = fixture.run(&request);
    assert_eq!((result.status, result.reason.as_str()), (RunStatus::OutOfMemory, "out_of_memory"), "{}", result.detail);
}

#[test]
fn cancel_ends_a_run() {
    let fixture = Fixture::new();
    let cancel = Cancel::default();
    let mut request = program("while True:\n    pass\n");
    request.limits.fuel = u64::MAX;
    let flag = cancel.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        flag.cancel();
    });
    let result = fixture.executor.run(&request, &cancel).unwrap();
    canceller.join().unwrap();
    assert_eq!(result.status, RunStatus::Cancelled);
}

#[test]
fn threads_share_one_executor() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let fixture = &fixture;
            scope.spawn(move || {
                for round in 0..20 {
                    let result = fixture.run(&program(&format!("print({thread} * 100 + {round})")));
                    assert_eq!(result.stdout, format!("{}\n", thread * 100 + round).into_bytes());
                }
            });
        }
    });
}

#[test]
fn source_that_is_no_program_is_refused_with_a_place() {
    let fixture = Fixture::new();
    let check = |content: &[u8]| fixture.executor.check(Language::Python, "f.py", content).unwrap();
    let codes = |content: &[u8]| check(content).into_iter().map(|violation| violation.code).collect::<Vec<_>>();
    assert!(check(b"x = 1\n").is_empty());
    assert_eq!(codes(b"x = (\n"), ["syntax_error"]);
    assert_eq!(codes(b"x\0y"), ["source_nul"]);
    assert_eq!(codes(b"x = '\xff'"), ["source_not_utf8"]);
    assert_eq!(codes(&vec![b'#'; 100 << 20]), ["source_too_large"]);
    assert_eq!(codes("(".repeat(100_000).as_bytes()), ["nesting_too_deep"]);
    let violations = check(b"import os\nx = 1\nimport socket\n");
    let places: Vec<(u32, &str)> = violations.iter().map(|v| (v.line, v.code.as_str())).collect();
    assert_eq!(places, [(1, "import_denied"), (3, "import_denied")]);
}

#[test]
fn the_embedded_layer_refuses_what_it_cannot_run() {
    let fixture = Fixture::new();
    let mut request = program("print(1)");
    request.tests = TestPlan::Command(vec!["true".to_owned()]);
    let result = fixture.run(&request);
    assert_eq!((result.status, result.reason.as_str()), (RunStatus::Refused, "layer_unsuitable"));
    request.tests = TestPlan::None;
    request.entry = Some("other.py".to_owned());
    assert!(fixture.executor.run(&request, &Cancel::default()).is_err());
}

#[test]
fn auto_takes_the_embedded_layer_inside_the_subset() {
    let mut request = program("print(1)");
    request.layer = LayerChoice::Auto;
    assert_eq!(Fixture::new().run(&request).layer, Some(Layer::Embedded));
}
