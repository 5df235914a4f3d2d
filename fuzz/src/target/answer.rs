//! Answers of models: the body that is taken from one replaces its function's and nothing else.

use anyhow::{Result, ensure};
use edgecoder_agent::fuzzing::{bodies, functions};

use super::Target;
use crate::draw::pieces;

pub(super) const TARGET: Target = Target {
    name: "answer",
    about: "answers of models put into a file: where it is Python still, it holds the same functions as before",
    words: WORDS,
    grammar: None,
    smoke_cases: 4_000,
    open: || Ok(Box::new(one)),
};

/// The answer, then the file that it is for.
fn one(data: &[u8]) -> Result<()> {
    let all = pieces(data);
    let answer = String::from_utf8_lossy(all.first().copied().unwrap_or_default());
    let file = String::from_utf8_lossy(all.get(1).copied().unwrap_or_default());
    let Some(before) = functions(&file) else { return Ok(()) };
    for (name, changed) in bodies(&answer, &file) {
        // A body that does not fit below its docstring is a candidate that fails; nothing else may come of it.
        let Some(after) = functions(&changed) else { continue };
        // A class that is written anew may have other methods.
        let outside = |all: &[String]| {
            let kept = all.iter().filter(|other| !other.starts_with(&format!("{name}.")));
            kept.cloned().collect::<Vec<_>>()
        };
        let (before, after) = (outside(&before), outside(&after));
        ensure!(before == after, "{before:?} became {after:?} with a new {name}: {changed:?}");
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "def f(x):\n",
    "    return x\n",
    "```python\n",
    "```\n",
    "</think>",
    "\"\"\"",
    "'''",
    "\\\n",
    "class K:\n",
    "    def f(self):\n",
    "if x:\n",
    "else:\n",
    "#",
    "pass",
    "...",
    "raise NotImplementedError",
    "\t",
    "\r\n",
    "    ",
    "(",
    ")",
    "[",
    "]",
    ":",
    ";",
    "async ",
    "@property\n",
    "return",
    "f'{",
    "lambda: ",
    "\n\n",
    "\u{c}",
    "\u{feff}",
    "\n====\n",
];
