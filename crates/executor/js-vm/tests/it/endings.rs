//! How programs end, and what the host's names do.

use edgecoder_types::{FileRole, RunStatus, TestPlan};

use crate::support::{self, file};

fn printed(source: &str) -> String {
    let ending = support::run(&support::program(source)).ending();
    assert_eq!(ending.status, RunStatus::Completed, "{source}: {ending:?}");
    String::from_utf8(ending.stdout).expect("the output is text")
}

#[test]
fn an_uncaught_error_ends_with_status_one_and_its_line() {
    let ending = support::run(&support::program("function f() {\n  throw new TypeError('no');\n}\n\nf();")).ending();
    assert_eq!((ending.status, ending.exit_code), (RunStatus::Error, Some(1)));
    assert_eq!(ending.detail, "TypeError: no");
    let text = String::from_utf8_lossy(&ending.stderr).into_owned();
    assert!(text.contains("main.js:2:") && text.contains("main.js:5:"), "{text}");
    assert!(!text.contains("prelude"), "{text}");
}

#[test]
fn an_unhandled_rejection_is_an_uncaught_error() {
    let ending = support::run(&support::program("Promise.reject(new Error('late'));")).ending();
    assert_eq!((ending.status, ending.detail.as_str()), (RunStatus::Error, "Error: late"));
}

#[test]
fn exit_statuses_are_kept() {
    for (source, status, code) in [
        ("process.exit(3); console.log(1)", RunStatus::Error, 3),
        ("process.exitCode = 4;", RunStatus::Error, 4),
        ("process.exit();", RunStatus::Completed, 0),
    ] {
        let ending = support::run(&support::program(source)).ending();
        assert_eq!((ending.status, ending.exit_code), (status, Some(code)), "{source}");
        assert!(ending.stdout.is_empty());
    }
}

#[test]
fn time_is_virtual_and_random_numbers_are_seeded() {
    assert!(printed("console.log(new Date().toISOString())").starts_with("2024-01-01T00:00:00.0"));
    assert_eq!(
        printed("const t = Date.now(); setTimeout(() => console.log(Date.now() - t >= 60000), 60000)"),
        "true\n"
    );
    let mut request = support::program("console.log(Math.random())");
    let first = support::run(&request).ending().stdout;
    request.seed += 1;
    assert_ne!(first, support::run(&request).ending().stdout);
    assert_eq!(printed("const x = Math.random(); console.log(x >= 0 && x < 1)"), "true\n");
    assert_eq!(printed("console.log(new Date(2024, 0, 1).getTimezoneOffset())"), "0\n");
}

#[test]
fn too_much_output_ends_the_run() {
    let mut request = support::program("for (let i = 0; i < 1e5; i++) console.log('x'.repeat(50));");
    request.limits.output_bytes = 10_000;
    let ending = support::run(&request).ending();
    assert_eq!((ending.status, ending.stdout.len()), (RunStatus::OutputLimit, 10_000));
}

#[test]
fn modules_and_requires_work_between_the_files() {
    let files = vec![
        file("common.cjs", FileRole::Candidate, "exports.two = 2; exports.add = (a, b) => a + b;"),
        file(
            "lib/deep.mjs",
            FileRole::Candidate,
            "export default class Deep { get x() { return 5; } }\nexport let n = 1; export const inc = () => { n += 1; };",
        ),
        file(
            "main.mjs",
            FileRole::Candidate,
            "import Deep, { n, inc } from './lib/deep.mjs'; import c, { two } from './common.cjs'; inc(); console.log(new Deep().x, n, c.add(two, 3));",
        ),
    ];
    let ending = support::run(&support::request(Some("main.mjs"), files, TestPlan::None)).ending();
    assert_eq!(String::from_utf8_lossy(&ending.stdout), "5 2 5\n", "{ending:?}");
}

#[test]
fn bare_names_of_an_assert_file_are_the_entrys() {
    let request = support::judged("const add = (a, b) => a + b;\nlet k = 2;", "assert(add(1, k) === 3);");
    let ending = support::run(&request).ending();
    assert_eq!(ending.reason, "test_error", "assert is no global: {ending:?}");
    let oracle = "const assert = require('assert');\nassert(add(1, k) === 3);\nassert.equal(add(1, 1), 3);";
    let ending = support::run(&support::judged("const add = (a, b) => a + b;\nlet k = 2;", oracle)).ending();
    let verdicts: Vec<String> = ending.tests.iter().map(|test| format!("{} {:?}", test.id, test.verdict)).collect();
    assert_eq!(verdicts, ["t.js::assert:2 Passed", "t.js::assert:3 Failed"], "{ending:?}");
}

#[test]
fn module_tests_are_judged() {
    let files = vec![
        file("sol.mjs", FileRole::Candidate, "export const f = async (x) => { if (x < 0) throw new RangeError('neg'); return x * 2; };"),
        file("t.mjs", FileRole::Oracle, "import { describe, it, beforeEach } from 'node:test'; import assert from 'node:assert/strict'; import { f } from './sol.mjs';
describe('f', () => { let n; beforeEach(() => { n = 2; }); it('doubles', async () => { assert.equal(await f(n), 4); });
it('rejects', async () => { await assert.rejects(f(-1), RangeError); await assert.rejects(f(-1), { message: 'neg' }); });
it('waits', () => new Promise((resolve) => setTimeout(resolve, 1000))); });
assert.deepEqual(await f(1), 2);"),
    ];
    let ending =
        support::run(&support::request(Some("sol.mjs"), files, TestPlan::Files(vec!["t.mjs".to_owned()]))).ending();
    assert_eq!(ending.status, RunStatus::Passed, "{ending:?}");
    assert_eq!(ending.tests.len(), 4, "{ending:?}");
}

#[test]
fn recursion_ends_in_an_error_that_can_be_caught() {
    assert_eq!(
        printed("const f = () => f() + 1; try { f(); } catch (e) { console.log(e instanceof RangeError || e.name); }"),
        "true\n"
    );
}
