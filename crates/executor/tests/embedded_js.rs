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
