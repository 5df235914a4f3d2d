//! Goal: Node runs within the default limits, and test files in JavaScript outside the subset are judged in the OS layer,
//! test by test, as Node's own runner judges them.
//! Method: real Node in the sandbox; a machine without it fails here.

mod support;

use edgecoder_types::{FileRole, Language, Layer, LayerChoice, RunRequest, RunStatus, TestPlan, Verdict};
use support::os::run_as_an_ordinary_user;
use support::{Fixture, file, program};

const MIB: u64 = 1 << 20;

fn script(text: &str) -> RunRequest {
    RunRequest {
        language: Language::JavaScript,
        entry: Some("main.js".to_owned()),
        files: vec![file("main.js", text, FileRole::Candidate)],
        layer: LayerChoice::Os,
        ..program("")
    }
}

fn tested(text: &str, tests: &str) -> RunRequest {
    let mut request = script(text);
    request.files.push(file("main.test.js", tests, FileRole::Oracle));
    request.tests = TestPlan::Files(vec!["main.test.js".to_owned()]);
    request
}

const TESTS: &str = "const assert = require('assert'); const { test, describe, it } = require('node:test');
const os = require('os'); const { add } = require('./main');
test('adds', () => assert.strictEqual(add(1, 2), 3));
describe('more', () => {
  it('adds lists', () => assert.deepStrictEqual([add(2, 2)], [4]));
  it('waits', async () => { await new Promise((done) => setTimeout(done, 5)); assert.ok(os.EOL); });
  it('later', { skip: true }, () => assert.fail());
});
";

#[test]
fn node_runs_within_the_default_memory() {
    let fixture = Fixture::new();
    let result = fixture.run(&script("const os = require('os'); console.log(typeof os.EOL)"));
    assert_eq!((result.status, result.stdout.as_slice()), (RunStatus::Completed, b"string\n".as_slice()), "{result:?}");
    let mut command = script("console.log('by a command')");
    command.tests = TestPlan::Command(vec!["node".to_owned(), "main.js".to_owned()]);
    let result = fixture.run(&command);
    assert_eq!(
        (result.status, result.stdout.as_slice()),
        (RunStatus::Passed, b"by a command\n".as_slice()),
        "{result:?}"
    );
}

#[test]
fn memory_that_is_touched_is_bounded() {
    let fixture = Fixture::new();
    for text in [
        "const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));",
        "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1));",
    ] {
        let mut request = script(text);
        request.limits.memory_bytes = 128 * MIB;
        let result = fixture.run(&request);
        assert_eq!(result.status, RunStatus::OutOfMemory, "{text}: {} {}", result.reason, result.detail);
        assert!(result.receipt.is_none());
    }
}

#[test]
fn tests_outside_the_subset_run_in_the_os_layer() {
    let mut request = tested("exports.add = (a, b) => a + b;", TESTS);
    request.layer = LayerChoice::Auto;
    let fixture = Fixture::new();
    let right = fixture.run(&request);
    let text = String::from_utf8_lossy(&right.stderr).into_owned();
    assert_eq!((right.layer, right.status), (Some(Layer::Os), RunStatus::Passed), "{} {text}", right.detail);
    assert!(right.detail.contains("outside the subset"), "{}", right.detail);
    let ids: Vec<_> = right.tests.iter().map(|test| (test.id.as_str(), test.verdict)).collect();
    let expected = [
        ("main.test.js::adds", Verdict::Passed),
        ("main.test.js::more::adds lists", Verdict::Passed),
        ("main.test.js::more::waits", Verdict::Passed),
        ("main.test.js::more::later", Verdict::Skipped),
    ];
    assert_eq!(ids, expected);
    assert_eq!(right.receipt.unwrap().tests.len(), 4);

    request.files[0] = file("main.js", "exports.add = (a, b) => a - b;", FileRole::Candidate);
    let wrong = fixture.run(&request);
    assert_eq!((wrong.status, wrong.reason.as_str()), (RunStatus::Failed, "assertion_failed"), "{}", wrong.detail);
    let failed: Vec<_> = wrong.tests.iter().filter(|test| test.verdict == Verdict::Failed).collect();
    assert_eq!(failed.len(), 2, "{:?}", wrong.tests);
    assert!(failed[0].message.contains("strictly equal"), "{}", failed[0].message);
}

#[test]
fn files_without_tests_of_their_own_count_once() {
    let fixture = Fixture::new();
    let run = |tests: &str| fixture.run(&tested("exports.f = () => 1;", tests));
    let passed = run("const assert = require('assert'); assert.equal(require('./main').f(), 1); console.log('end');");
    assert_eq!((passed.status, passed.tests[0].id.as_str()), (RunStatus::Passed, "main.test.js"), "{}", passed.detail);
    assert_eq!(passed.stdout, b"end\n");
    let failed = run("const assert = require('assert'); assert.equal(require('./main').f(), 2);");
    assert_eq!(failed.status, RunStatus::Failed, "{}", failed.detail);
    let nothing = run("console.log(1);");
    assert_eq!((nothing.status, nothing.reason.as_str()), (RunStatus::NoTests, "no_tests"), "{}", nothing.detail);
    let broken = run("const x = ;");
    assert_eq!(broken.status, RunStatus::Failed, "{} {:?}", broken.detail, broken.tests);
    let mut collected = tested("exports.add = (a, b) => a + b;", TESTS);
    collected.tests = TestPlan::Collect(vec!["main.test.js".to_owned()]);
    let collected = fixture.run(&collected);
    assert_eq!((collected.status, collected.tests.len()), (RunStatus::Completed, 4), "{}", collected.detail);
    assert!(collected.tests.iter().all(|test| test.verdict == Verdict::Collected));
}

#[test]
fn a_process_that_ends_early_passes_nothing() {
    let fixture = Fixture::new();
    let plain = "const assert = require('assert'); const { add } = require('./main'); assert.equal(add(1, 2), 3);";
    for candidate in [
        "process.exit(0)",
        "exports.add = () => process.exit(0)",
        "process.on('exit', () => { process.exitCode = 0; }); exports.add = () => 0",
        "process.kill(process.ppid, 'SIGKILL')",
        "try { require('fs').writeSync(3, '{}\\n'); } catch {} exports.add = () => 0",
        "console.log(process.env.EDGECODER_END); exports.add = () => 0",
        "require('node:test').test('extra', () => {}); setImmediate(() => process.exit(0)); exports.add = () => 3",
    ] {
        for tests in [TESTS, plain] {
            let result = fixture.run(&tested(candidate, tests));
            assert_ne!(result.status, RunStatus::Passed, "{candidate}: {:?}", result.tests);
        }
    }
}

#[test]
fn the_same_holds_for_an_ordinary_user() {
    run_as_an_ordinary_user();
}
