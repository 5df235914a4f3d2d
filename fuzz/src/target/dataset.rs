//! Problems in the formats of MBPP and HumanEval: what is read is a module with the function unwritten, and its tests.

use anyhow::{Context as _, Result, ensure};
use edgecoder_agent::eval::read_problems;
use edgecoder_agent::fuzzing::functions;

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "dataset",
    about: "MBPP and HumanEval files: sources parse and hold the function, shown tests are among the hidden ones",
    words: WORDS,
    grammar: None,
    smoke_cases: 6_000,
    open: || Ok(Box::new(one)),
};

fn one(data: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(data);
    let read = read_problems(&text);
    if let Err(error) = &read {
        ensure!(error.code() == "usage" && error.to_string().contains("line "), "an error without its line: {error}");
        return Ok(());
    }
    for problem in read? {
        let found = functions(&problem.source).with_context(|| format!("no Python: {:?}", problem.source))?;
        ensure!(found.contains(&problem.name), "{} is not in {:?}", problem.name, problem.source);
        ensure!(
            problem.hidden.contains(&format!("from solution import {}", problem.name)),
            "tests import something else"
        );
        for shown in &problem.shown {
            ensure!(problem.hidden.contains(shown.as_str()), "shown, but not graded with: {shown}");
        }
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "\"task_id\":",
    "\"text\":",
    "\"code\":",
    "\"test_list\":",
    "\"test_setup_code\":",
    "\"prompt\":",
    "\"test\":",
    "\"entry_point\":",
    "def f(x):\\n    return x\\n",
    "assert f(1) == 1",
    "\\\"\\\"\\\"",
    "'''",
    ">>> f(1)\\n1",
    "check(candidate)",
    "\\r\\n",
    "\\t",
    "class A:\\n    def f(self): pass",
    "lambda: 0",
    "async def f():",
    "@f\\n",
    "\\\\",
    "#",
    "# :",
    ": ",
    "-> int:",
    "def f(",
    "\\u0000",
    "\n",
];
