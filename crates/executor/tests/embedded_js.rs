//! JavaScript through the executor's public API: layers, backstops, receipts and the check.

mod support;

use edgecoder_executor::{EMBEDDED_JAVASCRIPT_RUNTIME, Runner as _};
use edgecoder_types::{FileRole, Language, Layer, LayerChoice, RunRequest, RunStatus, TestPlan};
use support::{Fixture, file, program};

fn script(text: &str) -> RunRequest {
    let mut request = program("");
    request.language = Language::JavaScript;
    request.entry = Some("main.js".to_owned());
    request.files = vec![file("main.js", text, FileRole::Candidate)];
    request
}

fn tested(text: &str, tests: &str) -> RunRequest {
    let mut request = script(text);
    request.files.push(file("main.test.js", tests, FileRole::Oracle));
    request.tests = TestPlan::Files(vec!["main.test.js".to_owned()]);
    request
}

#[test]
fn equal_requests_give_equal_bodies_in_two_processes() {
    let tests =
        "const assert = require('assert'); const { test } = require('node:test'); const { f } = require('./main');
        test('f', () => assert.deepStrictEqual(f([3, 1]), [1, 3])); assert(f([]).length === 0);";
    let request = tested("exports.f = (xs) => [...xs].sort(); console.log(Math.random(), new Date());", tests);
    let bodies: Vec<_> = (0..2).map(|_| Fixture::new().run(&request).receipt.unwrap()).collect();
    assert_eq!(bodies.first(), bodies.last());
    let body = bodies.first().unwrap();
    assert_eq!((body.executor.runtime.as_str(), body.status), (EMBEDDED_JAVASCRIPT_RUNTIME, RunStatus::Passed));
    assert_eq!((body.tests.len(), body.layer), (2, Layer::Embedded));
}

#[test]
fn running_out_of_memory_is_a_backstop() {
    let mut request = script("const a = []; for (;;) { try { a.push(new Array(1000).fill({})); } catch {} }");
    request.limits.fuel = 1 << 40;
    request.limits.memory_bytes = 64 << 20;
    let result = Fixture::new().run(&request);
    assert_eq!(result.status, RunStatus::OutOfMemory, "{} {}", result.reason, result.detail);
    assert!(result.receipt.is_none());
}

#[test]
fn auto_says_why_it_leaves_the_embedded_layer() {
    let fixture = Fixture::new();
    let mut request = script("console.log(1 + 1)");
    request.layer = LayerChoice::Auto;
    let inside = fixture.run(&request);
    assert_eq!((inside.layer, inside.stdout.as_slice()), (Some(Layer::Embedded), b"2\n".as_slice()));
    request.files = vec![file("main.js", "const os = require('os'); console.log(7)", FileRole::Candidate)];
    let outside = fixture.run(&request);
    assert_ne!(outside.layer, Some(Layer::Embedded));
    if outside.layer == Some(Layer::Os) {
        assert_eq!(outside.stdout, b"7\n", "{} {}", outside.reason, outside.detail);
    }
    assert!(outside.detail.contains("outside the subset (main.js:1:"), "{}", outside.detail);
}

#[test]
fn the_check_runs_in_a_worker() {
    let fixture = Fixture::new();
    let check = |path: &str, text: &str| {
        let found = fixture.executor.check(Language::JavaScript, path, text.as_bytes()).unwrap();
        found.into_iter().map(|violation| (violation.path, violation.code)).collect::<Vec<_>>()
    };
    assert_eq!(check("a.js", "console.log(1)"), []);
    assert_eq!(check("dir/b.mjs", "eval(1)"), [("dir/b.mjs".to_owned(), "dynamic_code".to_owned())]);
    assert_eq!(check("c.js", &"[".repeat(1 << 20)), [("c.js".to_owned(), "nesting_too_deep".to_owned())]);
}

#[test]
fn an_engine_that_was_booted_ahead_gives_what_a_fresh_one_gives() {
    let text = "let depth = 0; const down = () => { depth += 1; down(); }; try { down(); } catch {}
        console.log(depth > 1000, process.argv, new Date().getTime(), Math.random());
        for (let i = 0; i < 20000; i += 1) /(a|b)*c/.test('abab'); process.exitCode = 3;
        setTimeout(() => console.log('later', depth), 10); Promise.resolve(1).then(console.log);";
    let mut request = script(text);
    request.args = vec!["--flag".to_owned(), "x".to_owned()];
    let fixture = Fixture::new();
    // The first worker is forked before the engine is there; those after it inherit it.
    let results: Vec<_> = (0..4).map(|_| fixture.run(&request)).collect();
    let first = results.first().unwrap();
    assert_eq!((first.status, first.exit_code), (RunStatus::Error, Some(3)), "{}", first.detail);
    let out = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(out.contains("[ 'node', '/work/main.js', '--flag', 'x' ]"), "{out}");
    let shown =
        |result: &edgecoder_types::RunResult| (result.fuel, String::from_utf8_lossy(&result.stdout).into_owned());
    for result in &results {
        assert_eq!(shown(result), shown(first));
        assert_eq!(result.receipt, first.receipt);
    }
    // Nothing of one run is there in the next.
    let mut reader = script("console.log(typeof left, process.argv.length, process.exitCode)");
    reader.args = Vec::new();
    let writer = script("var left = 1; process.exitCode = 1; Object.prototype.left = 1;");
    fixture.run(&writer);
    assert_eq!(fixture.run(&reader).stdout, b"undefined 2 undefined\n");
}
