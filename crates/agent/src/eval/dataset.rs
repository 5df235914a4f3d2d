//! Problems from files in the formats of MBPP and HumanEval.

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr};
use rustpython_ruff_python_ast::{Expr, Stmt};
use serde::Deserialize;

use crate::error::AgentError;
use crate::python::functions::{Block, blocks};
use crate::python::{examples, parse, parse_expression};
use crate::search::target::callee;

/// The file that a solution is written in.
pub(super) const SOLUTION: &str = "solution.py";
/// Asserts of an MBPP problem that methods see; the others only grade.
const SHOWN: usize = 2;

/// A function to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// As in its file, e.g. `11` or `HumanEval/3`.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// What it is to do, in words.
    pub words: String,
    /// A module with the function unwritten.
    pub source: String,
    /// Asserts that every method sees.
    pub shown: Vec<String>,
    /// A test file that no method sees; the shown asserts are in it, too.
    pub hidden: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Mbpp {
        task_id: u64,
        text: String,
        code: String,
        test_list: Vec<String>,
        #[serde(default)]
        test_setup_code: String,
    },
    HumanEval {
        task_id: String,
        prompt: String,
        test: String,
        entry_point: String,
    },
}

/// Reads one problem a line.
///
/// # Errors
/// Usage, with the line, for what is in neither format.
pub fn read_problems(text: &str) -> Result<Vec<Problem>, AgentError> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: &str| {
            AgentError::Usage(format!(
                "line {} is no problem of MBPP (task_id, text, code, test_list) or HumanEval (task_id, prompt, test, \
                 entry_point): {why}",
                number + 1
            ))
        };
        let row: Row = serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
        let problem = match row {
            Row::Mbpp { task_id, text, code, test_list, test_setup_code } => {
                mbpp(task_id, &text, &code, &test_list, &test_setup_code).map_err(wrong)?
            }
            Row::HumanEval { task_id, prompt, test, entry_point } => {
                human_eval(task_id, prompt, &test, entry_point).map_err(wrong)?
            }
        };
        // Whatever its parts were: what is to be solved has to be readable.
        let module =
            parse(&problem.source).ok_or_else(|| wrong("with its description it is no Python that is read"))?;
        if !blocks(&problem.source, &module).iter().any(|block| block.name == problem.name) {
            return Err(wrong("with its description its function is gone"));
        }
        problems.push(problem);
    }
    Ok(problems)
}

fn mbpp(id: u64, words: &str, code: &str, tests: &[String], setup: &str) -> Result<Problem, &'static str> {
    let code = code.replace("\r\n", "\n").replace('\t', "    ");
    let module = parse(&code).ok_or("its code is no Python")?;
    let tests: Vec<String> = tests.iter().map(|test| test.trim().replace("\r\n", "\n")).collect();
    let called: Vec<String> = tests.iter().flat_map(|test| calls(test)).collect();
    let block = blocks(&code, &module)
        .into_iter()
        .filter(|block| block.class.is_none() && !block.is_class)
        .find(|block| called.contains(&block.name))
        .ok_or("its tests call no function of its code")?;
    let words = words.trim().replace("\r\n", "\n");
    let source = stub(&code, &block, &words);
    let head = format!("from solution import {}\n{}\n", block.name, setup.replace("\r\n", "\n"));
    let hidden = format!("{head}\n{}\n", tests.join("\n"));
    let shown = tests.iter().take(SHOWN.min(tests.len().saturating_sub(1)).max(1)).cloned().collect();
    Ok(Problem { id: id.to_string(), name: block.name, words, source, shown, hidden })
}

/// The function without its body, on its own.
fn stub(code: &str, block: &Block, words: &str) -> String {
    let signature = code.get(block.keyword..block.colon_end).unwrap_or_default().trim_end().trim_end_matches(':');
    let mut words = words.replace('\\', "\\\\").replace("\"\"\"", "'''");
    if words.ends_with('"') {
        // The docstring must not end with the text's own quote.
        words.insert(words.len() - 1, '\\');
    }
    format!("{}:\n    \"\"\"{words}\"\"\"\n    raise NotImplementedError\n", signature.trim_end())
}

fn human_eval(id: String, prompt: String, test: &str, name: String) -> Result<Problem, &'static str> {
    let source = format!("{}\n    raise NotImplementedError\n", prompt.trim_end());
    let module = parse(&source).ok_or("its prompt is no Python")?;
    let block = blocks(&source, &module)
        .into_iter()
        .find(|block| block.name == name && block.class.is_none())
        .ok_or("its prompt lacks the entry point")?;
    let words = block.doc_text(&source);
    let shown = doctests(&words);
    let asserts = shown.iter().map(|line| format!("{line}\n")).collect::<String>();
    let hidden = format!("from solution import {name}\n\n{asserts}{}\n\ncheck({name})\n", test.trim_end());
    Ok(Problem { id, name, words, source, shown, hidden })
}

/// Asserts for the examples in a docstring whose results are literals.
fn doctests(doc: &str) -> Vec<String> {
    let lines: Vec<&str> = doc.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter_map(|pair| match pair {
        [call, value] => Some((call.strip_prefix(">>> ")?, *value)),
        _ => None,
    });
    pairs
        .filter(|(call, value)| {
            parse_expression(call).is_some() && parse_expression(value).is_some_and(|one| examples::is_constant(&one))
        })
        .map(|(call, value)| format!("assert {call} == {value}"))
        .collect()
}

/// Names of everything that is called in a statement.
fn calls(text: &str) -> Vec<String> {
    #[derive(Default)]
    struct Calls(Vec<String>);
    impl<'a> Visitor<'a> for Calls {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                self.0.extend(callee(&call.func).map(str::to_owned));
            }
            walk_expr(self, expression);
        }
    }
    let mut found = Calls::default();
    if let Some(module) = parse(text) {
        for statement in &module.body {
            if let Stmt::Assert(assert) = statement {
                found.visit_expr(&assert.test);
            }
        }
    }
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbpp_problem_shows_two_asserts_and_grades_with_all() {
        let row = r#"{"task_id": 7, "text": "Add \\d.", "code": "import re\r\ndef h(x):\r\n\treturn x\r\ndef add(a, b = 2): \r\n\treturn h(a) + b", "test_setup_code": "", "test_list": ["assert add(1) == 3", "assert add(1, 1) == 2", "assert add(2, 5) == 7"]}"#;
        let [problem] = &read_problems(row).unwrap()[..] else { panic!("one problem") };
        assert_eq!((problem.id.as_str(), problem.name.as_str()), ("7", "add"));
        assert_eq!(problem.source, "def add(a, b = 2):\n    \"\"\"Add \\\\d.\"\"\"\n    raise NotImplementedError\n");
        assert_eq!(problem.shown, ["assert add(1) == 3", "assert add(1, 1) == 2"]);
        assert!(problem.hidden.contains("from solution import add") && problem.hidden.contains("add(2, 5) == 7"));
    }

    #[test]
    fn quotes_of_a_text_stay_within_its_docstring() {
        for text in ["say \\\"", "\\\"", "\\\"\\\"", "\\\"\\\"\\\"", "a \\\"\\\"\\\"\\\"", "a \\\\", "a \\\\\\\""] {
            let row = format!(
                r#"{{"task_id": 7, "text": "{text}", "code": "def f(a): return a", "test_list": ["assert f(1) == 1"]}}"#
            );
            let problem = read_problems(&row).unwrap().remove(0);
            let module = parse(&problem.source).unwrap();
            assert_eq!(blocks(&problem.source, &module)[0].name, "f", "{}", problem.source);
        }
        let unreadable =
            r#"{"task_id": 7, "text": "a\u0000", "code": "def f(a): return a", "test_list": ["assert f(1) == 1"]}"#;
        assert!(read_problems(unreadable).unwrap_err().to_string().contains("no Python"));
    }

    #[test]
    fn a_human_eval_problem_shows_its_doctests() {
        let row = r#"{"task_id": "HumanEval/1", "prompt": "from typing import List\n\n\ndef twice(x: int) -> int:\n    \"\"\"Doubles.\n    >>> twice(2)\n    4\n    >>> twice(x)\n    y\n    \"\"\"\n", "entry_point": "twice", "test": "def check(candidate):\n    assert candidate(3) == 6\n", "canonical_solution": "    return 2 * x\n"}"#;
        let [problem] = &read_problems(row).unwrap()[..] else { panic!("one problem") };
        assert_eq!(problem.shown, ["assert twice(2) == 4"]);
        assert!(problem.source.ends_with("\"\"\"\n    raise NotImplementedError\n"), "{}", problem.source);
        assert!(problem.hidden.ends_with("check(twice)\n") && problem.hidden.contains("candidate(3) == 6"));
    }

    #[test]
    fn what_is_no_problem_is_named_by_its_line() {
        for (text, line) in [("{}", "line 1"), ("\n[1]", "line 2"), ("{\"task_id\": 1}", "line 1")] {
            let error = read_problems(text).unwrap_err();
            assert_eq!(error.code(), "usage");
            assert!(error.to_string().contains(line), "{error}");
        }
        let uncalled = r#"{"task_id": 1, "text": "", "code": "def f(): pass", "test_list": ["assert g() == 1"]}"#;
        assert!(read_problems(uncalled).unwrap_err().to_string().contains("call no function"));
    }
}
