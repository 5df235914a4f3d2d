//! Candidates that would decide their own verdict: none passes.

use edgecoder_types::{RunStatus, TestPlan};

use crate::support::{self, file};
use edgecoder_types::FileRole;

const ORACLE: &str = "const assert = require('node:assert');
const test = require('node:test');
const { f } = require('./sol');
test('one', () => { assert.strictEqual(f(1), 2); });
test('two', () => { assert.deepStrictEqual(f(2), 3); });
test('loose', () => { assert(f(3) == 4); assert.equal(f(4), 5); });
";

/// Candidates of the oracle above.
const FORGERS: &[(&str, &str)] = &[
    ("exits at once", "process.exit(0);"),
    ("exits in the test", "exports.f = () => process.exit(0);"),
    ("exits later", "exports.f = () => { Promise.resolve().then(() => process.exit(0)); return 0; };"),
    ("always equal", "exports.f = () => ({ valueOf() { return 2; }, toString() { return '2'; } });"),
    (
        "counts conversions",
        "let n = 1; const o = { [Symbol.toPrimitive]() { n += 1; return n; } }; exports.f = () => o;",
    ),
    (
        "patches assert",
        "const a = require('node:assert'); a.strictEqual = () => {}; a.deepStrictEqual = () => {}; exports.f = () => 0;",
    ),
    (
        "patches assert quietly",
        "const a = require('assert'); try { a.strictEqual = () => {}; } catch {} try { Object.defineProperty(a, 'equal', { value() {} }); } catch {} exports.f = () => 0;",
    ),
    ("patches node:test", "const t = require('node:test'); try { t.test = () => {}; } catch {} exports.f = () => 0;"),
    (
        "registers a test",
        "const { test } = require('node:test'); test('one', () => {}); test('two', () => {}); exports.f = () => 0;",
    ),
    ("patches Object.is", "try { Object.is = () => true; } catch {} exports.f = () => 0;"),
    ("patches getPrototypeOf", "try { Object.getPrototypeOf = () => null; } catch {} exports.f = () => 0;"),
    ("prints a verdict", "console.log('# pass 3\\nok 1 - one\\nok 2 - two'); exports.f = () => 0;"),
    (
        "throws an assertion error that is none",
        "exports.f = () => { const e = new Error('x'); e.name = 'AssertionError'; e.code = 'ERR_ASSERTION'; throw e; };",
    ),
    ("throws nothing", "exports.f = () => { throw undefined; };"),
    ("never answers", "exports.f = () => new Promise(() => {});"),
    ("a thenable", "exports.f = () => ({ then(resolve) { resolve(2); } });"),
    ("an empty file", ""),
    ("a getter that lies", "Object.defineProperty(exports, 'f', { get() { return () => Math.random(); } });"),
    ("the module is replaced", "module.exports = new Map([['f', 1]]);"),
    ("an array subclass", "class L extends Array { valueOf() { return 3; } } exports.f = () => L.of(3);"),
    ("deep recursion", "exports.f = () => { const g = () => g() + 1; return g(); };"),
];

/// Whole pairs of a candidate and an oracle.
const PAIRS: &[(&str, &str, &str)] = &[
    (
        "instanceof decided by the class",
        "const C = {}; Object.defineProperty(C, Object.getOwnPropertySymbols(Object.getPrototypeOf(() => 1)).find((s) => \
         String(s).includes('hasInst')), { value: () => true }); exports.C = C; exports.f = () => 1;",
        "const assert = require('assert'); const { C, f } = require('./sol'); assert(f() instanceof C);",
    ),
    (
        "an expected error that is a function",
        "exports.E = () => true; exports.f = () => { throw 1; };",
        "const assert = require('assert'); const { E, f } = require('./sol'); assert.throws(f, E);",
    ),
    (
        "a range by valueOf",
        "let n = 0; exports.f = () => ({ valueOf() { n += 1; return n % 2 ? 0 : 100; } });",
        "const assert = require('assert'); const { f } = require('./sol'); const x = f(); assert(x < 10 && x > 5);",
    ),
    (
        "a swallowed expectation",
        "exports.f = () => 1;",
        "const assert = require('assert'); const { f } = require('./sol'); assert.rejects(async () => f());",
    ),
    ("no tests", "exports.f = () => 1;", "require('./sol');"),
    (
        "every test is skipped",
        "exports.f = () => 1;",
        "const { test } = require('node:test'); require('./sol'); test.skip('one', () => {});",
    ),
    (
        "the oracle cannot load it",
        "throw new Error('no');",
        "const { test } = require('node:test'); test('one', () => {}); require('./sol');",
    ),
];

/// More of them, each with its own tests.
const MORE: &str = include_str!("../attacks/forged.txt");

#[test]
fn an_honest_candidate_passes() {
    let ending = support::run(&support::judged("exports.f = (x) => x + 1;", ORACLE)).ending();
    assert_eq!((ending.status, ending.tests.len()), (RunStatus::Passed, 3), "{ending:?}");
    assert_eq!(
        ending.tests.iter().map(|test| test.id.as_str()).collect::<Vec<_>>(),
        ["t.js::one", "t.js::two", "t.js::loose"]
    );
}

#[test]
fn no_forger_passes() {
    assert!(FORGERS.len() + PAIRS.len() >= 15);
    let pairs = FORGERS.iter().map(|(name, candidate)| (*name, *candidate, ORACLE)).chain(PAIRS.iter().copied());
    let mut pairs: Vec<(&str, &str, &str)> = pairs.collect();
    for (name, body) in support::cases(MORE) {
        let (candidate, oracle) = body.split_once("\n---\n").expect("a candidate and its tests");
        pairs.push((name, candidate, oracle));
    }
    assert!(pairs.len() >= 90, "{}", pairs.len());
    support::all(&pairs, |(name, candidate, oracle)| {
        let ending = support::run(&support::judged(candidate, oracle)).ending();
        let refused = matches!(
            ending.status,
            RunStatus::Failed | RunStatus::Error | RunStatus::Forged | RunStatus::NoTests | RunStatus::Rejected
        );
        refused.then_some(()).ok_or_else(|| format!("{name}: {ending:?}"))
    });
}

#[test]
fn an_object_that_would_decide_is_named_forged() {
    for candidate in [FORGERS[3].1, FORGERS[4].1] {
        let oracle = "const assert = require('assert'); const { f } = require('./sol'); assert(f(1) == 2);";
        let ending = support::run(&support::judged(candidate, oracle)).ending();
        assert_eq!((ending.status, ending.reason.as_str()), (RunStatus::Forged, "forged_comparison"), "{ending:?}");
    }
}

#[test]
fn what_a_swallowed_assertion_leaves_is_named() {
    let candidate = "exports.each = (xs, f) => { for (const x of xs) { try { f(x); } catch {} } };";
    let oracle = "const assert = require('assert'); const test = require('node:test'); const { each } = require('./sol');
        test('a', () => { each([1], (x) => assert.equal(x, 3)); }); test('b', () => { each([1], (x) => assert.equal(x, 1)); });";
    let ending = support::run(&support::judged(candidate, oracle)).ending();
    let verdicts: Vec<String> = ending.tests.iter().map(|test| format!("{} {:?}", test.id, test.verdict)).collect();
    assert_eq!(verdicts, ["t.js::a Failed", "t.js::b Passed"], "{ending:?}");
    assert!(ending.tests[0].message.contains("swallowed its error: AssertionError: 1 == 3"), "{ending:?}");
}

#[test]
fn what_has_no_stand_in_is_refused_and_never_judged() {
    for oracle in [
        "const { mock } = require('node:test'); require('./sol'); mock.fn();",
        "const { test } = require('node:test'); require('./sol'); test('a', (t) => { t.mock.method({}, 'a'); });",
        "const { test } = require('node:test'); require('./sol'); test('a', (t) => { t.plan(1); });",
    ] {
        let ending = support::run(&support::judged("exports.f = () => 1;", oracle)).ending();
        assert_eq!(ending.status, RunStatus::Rejected, "{oracle}: {ending:?}");
        assert_eq!(ending.violations.first().map(|found| found.code.as_str()), Some("import_denied"), "{oracle}");
    }
}

#[test]
fn an_expected_test_that_does_not_run_fails() {
    let mut request = support::judged("exports.f = (x) => x + 1;", ORACLE);
    request.expected_tests = vec!["t.js::one".to_owned(), "t.js::gone".to_owned()];
    let ending = support::run(&request).ending();
    assert_eq!((ending.status, ending.reason.as_str()), (RunStatus::Failed, "tests_missing"));
}

#[test]
fn collecting_runs_no_test() {
    let files =
        vec![file("sol.js", FileRole::Candidate, "exports.f = () => 0;"), file("t.js", FileRole::Oracle, ORACLE)];
    let request = support::request(Some("sol.js"), files, TestPlan::Collect(vec!["t.js".to_owned()]));
    let ending = support::run(&request).ending();
    assert_eq!((ending.reason.as_str(), ending.tests.len()), ("collected", 3), "{ending:?}");
}
