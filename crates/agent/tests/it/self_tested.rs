//! Goal: tests that the model writes itself are a hint, said to be one, and never a verdict. Method: whole runs with a model
//! that answers requests for tests and requests for code apart.

use edgecoder_agent::{AgentEvent, OracleKind, Outcome, State};
use edgecoder_inference::Prompt;
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const TASK: &str = "write a function add(a, b) that returns the sum";

/// A model that answers requests for tests with `tests` and all others with `code`.
fn model(tests: &'static str, code: &'static str) -> FakeModel {
    FakeModel::new(move |request, _, _| {
        let asks_for_tests = matches!(&request.prompt, Prompt::Text(text) if text.ends_with("\nassert add("));
        if asks_for_tests { tests.to_owned() } else { code.to_owned() }
    })
}

fn good() -> FakeModel {
    model("1, 2) == 3\nassert add(0, 0) == 0\nassert add(1, 2) == 3\nassert add(os, 1) == 2\n", "    return a + b\n")
}

#[test]
fn passing_them_is_self_tested_and_says_so() {
    let mut bench = Bench::new(&[("readme.txt", "nothing\n")]);
    let before = bench.snapshot();
    let report = bench.run(&good(), bench.options(TASK)).unwrap();
    assert_eq!((report.outcome, report.exit_code, report.reason.as_str()), (Outcome::SelfTested, 1, "self_tested"));
    assert_eq!(report.self_tests, ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]);
    assert_eq!((report.tests_passed, report.tests_total), (2, 2));
    assert!(report.message.starts_with("not verified") && report.message.contains("the model wrote them itself"));
    assert!(report.receipt.is_none() && report.attestation.is_none(), "{report:?}");
    assert!(report.diff.contains("+++ b/solution.py") && report.diff.contains("+    return a + b"), "{}", report.diff);
    assert!(!report.diff.contains("assert"), "the tests are no part of the change: {}", report.diff);
    assert!(report.next_steps.iter().any(|step| step.contains("--test ")), "{:?}", report.next_steps);
    let confirmed = format!("edgecoder run '{TASK}\nassert add(1, 2) == 3\nassert add(0, 0) == 0'");
    assert!(report.next_steps.iter().any(|step| step.starts_with(&confirmed)), "{:?}", report.next_steps);
    assert_eq!(bench.store().show(report.id).unwrap().state, State::SelfTested);
    assert_eq!(bench.snapshot(), before);
    let planned = bench.events.iter().find_map(|event| match event {
        AgentEvent::Planned { oracle, .. } => Some(*oracle),
        _ => None,
    });
    assert_eq!(planned, Some(OracleKind::SelfWritten));
    let told = |wanted: &AgentEvent| bench.events.contains(wanted);
    assert!(told(&AgentEvent::SelfTests { tests: report.self_tests }));
    assert!(bench.events.iter().any(|event| matches!(event, AgentEvent::Notice { code, .. } if code == "no_tests")));
}

#[test]
fn the_same_asserts_in_the_task_are_an_oracle_of_the_user() {
    let mut bench = Bench::new(&[]);
    let report = bench.run(&good(), bench.options(&format!("{TASK}\nassert add(1, 2) == 3"))).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert_eq!(report.self_tests, Vec::<String>::new());
}

#[test]
fn it_works_without_a_repository_and_in_a_named_file() {
    let mut bench = Bench::new(&[("mathx.py", "def add(a, b):\n    raise NotImplementedError\n")]);
    let mut options = bench.options(TASK);
    options.repo = None;
    assert_eq!(bench.run(&good(), options).unwrap().outcome, Outcome::SelfTested);
    let mut options = bench.options("finish this file");
    options.file = Some("mathx.py".to_owned());
    let report = bench.run(&good(), options).unwrap();
    assert_eq!(report.outcome, Outcome::SelfTested, "{report:?}");
    assert!(report.diff.starts_with("--- a/mathx.py"), "{}", report.diff);
}

#[test]
fn without_a_usable_assert_the_reason_is_said() {
    for tests in ["nothing of use", "x) == y\n", "1, 2, 3) == 6\n", "1, 2) is add(2, 1)\nassert sub(1, 1) == 0\n"] {
        let mut bench = Bench::new(&[("readme.txt", "")]);
        let report = bench.run(&model(tests, "    return a + b\n"), bench.options(TASK)).unwrap();
        assert_eq!((report.outcome, report.exit_code), (Outcome::Refused, 1), "{tests}");
        assert_eq!(report.reason, "self_tests_unusable", "{tests}");
        assert!(report.next_steps.iter().any(|step| step.contains("--test ")), "{:?}", report.next_steps);
    }
    let mut bench = Bench::new(&[("readme.txt", "")]);
    let report = bench.run(&good(), bench.options("make everything better")).unwrap();
    assert_eq!((report.outcome, report.exit_code, report.reason.as_str()), (Outcome::Refused, 2, "no_tests"));
    assert!(report.message.contains("--test"), "{}", report.message);
}

#[test]
fn tests_that_pass_without_any_change_say_nothing() {
    let mut bench = Bench::new(&[("mathx.py", "def add(a, b):\n    return a + b\n")]);
    let report = bench.run(&good(), bench.options("make add(a, b) faster")).unwrap();
    assert_eq!((report.outcome, report.reason.as_str()), (Outcome::Refused, "self_tests_pass"), "{report:?}");
}

#[test]
fn wrong_tests_end_exhausted_and_are_shown() {
    let mut bench = Bench::new(&[]);
    let mut options = bench.options(TASK);
    options.budget.samples = Some(16);
    let report = bench.run(&model("1, 2) == 4\nassert add(0, 0) == 0\n", "    return a + b\n"), options).unwrap();
    assert_eq!((report.outcome, report.tests_passed, report.tests_total), (Outcome::Exhausted, 1, 2));
    assert_eq!(report.self_tests.len(), 2);
    assert!(report.message.contains("the model wrote itself and which may be wrong"), "{}", report.message);
    assert!(
        report.next_steps.iter().any(|step| step.ends_with("# with these tests corrected")),
        "{:?}",
        report.next_steps
    );
}

/// A repository whose tests pass says nothing about a function that it does not have.
#[test]
fn passing_tests_about_other_things_are_kept_but_are_no_oracle() {
    let files = [
        ("mathx.py", "def double(x):\n    return 2 * x\n"),
        ("test_mathx.py", "from mathx import double\n\ndef test_double():\n    assert double(2) == 4\n"),
    ];
    let mut bench = Bench::new(&files);
    let report = bench.run(&good(), bench.options(TASK)).unwrap();
    assert_eq!((report.outcome, report.tests_total), (Outcome::SelfTested, 2), "{report:?}");
}

/// Making other tests pass is not what was asked, so it must not end as verified.
#[test]
fn failing_tests_about_other_things_are_no_oracle_either() {
    let test = "from mathx import double\n\ndef test_double():\n    assert double(2) == 4\n";
    let stub = "def double(x):\n    \"\"\"double(2) is 4.\"\"\"\n    raise NotImplementedError\n";
    let mut bench = Bench::new(&[("mathx.py", stub), ("test_mathx.py", test)]);
    let report = bench.run(&good(), bench.options(TASK)).unwrap();
    assert_eq!((report.outcome, report.exit_code), (Outcome::SelfTested, 1), "{report:?}");
    assert!(report.diff.contains("+def add(a, b):") && !report.diff.contains("mathx"), "{}", report.diff);
    let told = bench.events.iter().any(
        |event| matches!(event, AgentEvent::Notice { message, .. } if message.starts_with("no test is about add")),
    );
    assert!(told, "{:?}", bench.events);
    // A test that mentions it decides.
    let test = "from mathx import add\n\ndef test_add():\n    assert add(2, 3) == 5\n";
    let mut bench = Bench::new(&[("mathx.py", stub), ("test_mathx.py", test)]);
    let report = bench.run(&good(), bench.options(TASK)).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
}

#[test]
fn a_seed_decides_all_of_it() {
    let run = |seed| {
        let mut bench = Bench::new(&[]);
        let mut options = bench.options(TASK);
        options.seed = seed;
        let scripted = FakeModel::new(|request, _, sequence| {
            let seed = request.sequences[sequence].seed;
            match &request.prompt {
                Prompt::Text(text) if text.ends_with("\nassert add(") => format!("{0}, 0) == {0}\n", seed % 5),
                _ if seed % 3 == 0 => "    return a + b\n".to_owned(),
                _ => format!("    return {seed}\n"),
            }
        });
        let mut report = bench.run(&scripted, options).unwrap();
        report.usage.wall_ms = 0;
        (report, bench.events)
    };
    let essence = |(report, events): (edgecoder_agent::RunReport, Vec<AgentEvent>)| {
        let shown =
            events.into_iter().filter(|event| matches!(event, AgentEvent::Best { .. } | AgentEvent::SelfTests { .. }));
        (report.diff, report.self_tests, report.usage, shown.collect::<Vec<_>>())
    };
    assert_eq!(essence(run(5)), essence(run(5)));
    assert_ne!(essence(run(5)).1, essence(run(6)).1);
}

const OTHERS: &str = "from text import title\n\ndef test_title():\n    assert title('a') == 'A'\n";

#[test]
fn failing_tests_about_other_functions_do_not_decide() {
    let code = |asks: &'static str| {
        FakeModel::new(move |request, _, _| {
            let asks_for_tests = matches!(&request.prompt, Prompt::Text(text) if text.ends_with("\nassert slugify("));
            if asks_for_tests { asks.to_owned() } else { "    return value.lower().replace(' ', '-')\n".to_owned() }
        })
    };
    // Nothing is about the function: the tests that fail would verify another task.
    let files = [("text.py", "def title(text):\n    return text\n"), ("test_text.py", OTHERS)];
    let mut bench = Bench::new(&files);
    let report = bench.run(&code("'A B') == 'a-b'\n"), bench.options("implement slugify")).unwrap();
    assert_eq!(report.outcome, Outcome::SelfTested, "{report:?}");
    assert!(report.self_tests.iter().all(|test| test.starts_with("assert slugify(")), "{:?}", report.self_tests);
    // Some are: those decide, and those alone.
    let stub = "def title(text):\n    return text\n\ndef slugify(value):\n    raise NotImplementedError\n";
    let both = format!("from text import slugify\n{OTHERS}\ndef test_words():\n    assert slugify('A B') == 'a-b'\n");
    let mut bench = Bench::new(&[("text.py", stub), ("test_text.py", &both)]);
    let report = bench.run(&code(""), bench.options("implement slugify")).unwrap();
    assert_eq!((report.outcome, report.tests_passed, report.tests_total), (Outcome::Verified, 1, 1), "{report:?}");
    assert!(bench.events.iter().any(|event| matches!(event, AgentEvent::Notice { code, .. } if code == "tests_aside")));
    let receipt = report.receipt.unwrap();
    assert!(receipt.tests.iter().all(|test| test.id.ends_with("::test_words")), "{:?}", receipt.tests);
}
