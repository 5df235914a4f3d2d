//! Node in the sandbox: its memory, and test files in JavaScript.

use edgecoder_types::{Language, RunRequest};
use serde::Serialize;

use super::interpreter::Interpreter;
use super::job::Job;
use super::plan::{Judge, Part, Prepared};
use super::verdict::Refusal;
use super::{OsSandbox, report};
use crate::contract::ExecutorError;

/// The judge of JavaScript tests, and what it has Node load before each test file.
const HARNESS: &[Part] = &[
    ("ec_child.cjs", include_str!("../os_harness/ec_child.cjs")),
    ("ec_node.mjs", include_str!("../os_harness/ec_node.mjs")),
];

/// Address space that Node reserves and mostly never touches: places for its heap, its code and its threads' stacks.
const RESERVED_BYTES: u64 = 2 << 30;

/// Gives a job whose program is Node what Node needs. Its reservations count as data of the process, so the limit on data
/// leaves room for them; what is touched counts as memory, and the cgroup or the watch over the run's processes ends
/// the run when it is too much. The heap is told to stay within five eighths of the limit: it would collect its
/// garbage too late by itself.
pub(super) fn make_room(job: &mut Job) {
    job.data_bytes = job.memory_bytes.saturating_add(RESERVED_BYTES);
    let heap = (job.memory_bytes / 8 * 5) >> 20;
    job.env.push(("NODE_OPTIONS".to_owned(), format!("--max-old-space-size={}", heap.max(1))));
}

/// What the judge reads before anything else.
#[derive(Serialize)]
struct Configuration<'a> {
    nonce: &'a str,
    exit_code: i32,
    mode: &'a str,
    tests: &'a [String],
    folder: &'a str,
    preload: String,
}

/// Test files in JavaScript: Node's own runner runs each in a process of its own.
pub(super) fn harness(
    sandbox: &OsSandbox,
    request: &RunRequest,
    mode: &str,
    tests: &[String],
    base: impl FnOnce(Vec<String>) -> Job,
) -> Result<Result<Prepared, Refusal>, ExecutorError> {
    let Some(node) = sandbox.node() else { return Ok(Err(Refusal::no_interpreter(Language::JavaScript))) };
    if !has_runner(node) {
        let detail = format!("Node {} has no test runner that can be asked; install Node 20 or newer", node.version);
        return Ok(Err(Refusal::new("interpreter_missing", detail)));
    }
    let secret = report::Secret::draw().map_err(|source| ExecutorError::Setup {
        context: "cannot draw random numbers for the test harness".to_owned(),
        source,
    })?;
    let folder = super::init::HARNESS;
    let configuration = Configuration {
        nonce: secret.nonce(),
        exit_code: secret.exit_code,
        mode,
        tests,
        folder: super::init::WORKSPACE,
        preload: format!("{folder}/ec_child.cjs"),
    };
    let config = serde_json::to_vec(&configuration).map_err(|error| ExecutorError::Protocol(error.to_string()))?;
    let mut job = base(vec![node.path.to_string_lossy().into_owned(), format!("{folder}/ec_node.mjs")]);
    make_room(&mut job);
    let runtime = format!("node-{}", node.version);
    debug_assert!(request.language == Language::JavaScript, "the plan asked for the language");
    Ok(Ok(Prepared::judged(job, Judge::Harness(secret), runtime, config, HARNESS)))
}

/// Whether `node:test` can be run from a program, as from Node 20 on.
fn has_runner(node: &Interpreter) -> bool {
    let major = node.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= 20)
}
