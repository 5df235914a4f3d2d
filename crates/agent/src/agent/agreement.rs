//! Which of several passing edits: the one that agrees with most others on inputs that no test shows.
//!
//! Two shown results are soon met by accident. What meets them by accident differs elsewhere; what means the same does not.

use edgecoder_types::{FileRole, Language, Limits, RunRequest, RunStatus, SourceFile, TestPlan};
use rustpython_ruff_python_ast::{Expr, Number};

use super::session::{Halt, Session};
use crate::oracle::Oracle;
use crate::python::examples::Example;
use crate::python::functions::Block;
use crate::python::{parse_expression, text_of};
use crate::search::missing::module_name;
use crate::workspace::Tree;

/// Most further inputs.
const INPUTS_MAX: usize = 12;
/// The file that asks.
const FILE: &str = "edgecoder_further_inputs.py";

impl Session<'_> {
    /// The place of the tree that the others agree with most; among equals the first.
    pub(super) fn agreed(
        &mut self,
        trees: &[&Tree],
        oracle: &Oracle,
        (path, block): (&str, &Block),
        examples: &[Example],
    ) -> Result<usize, Halt> {
        let calls = further_calls(examples, &block.name);
        if trees.len() < 2 || calls.is_empty() || block.class.is_some() {
            return Ok(0);
        }
        let mut answers: Vec<Vec<String>> = Vec::new();
        for tree in trees {
            let result = self.execute("agreement", &request(tree, oracle, &program(path, &block.name, &calls)))?;
            let told = result.status == RunStatus::Completed;
            let lines = String::from_utf8_lossy(&result.stdout).lines().map(str::to_owned).collect();
            answers.push(if told { lines } else { Vec::new() });
        }
        Ok(most_agreed(&answers))
    }
}

/// The list whose lines most others have at the same places; among equals the first.
fn most_agreed(answers: &[Vec<String>]) -> usize {
    let agreeing = |own: &Vec<String>| -> usize {
        let same = |other: &Vec<String>| own.iter().zip(other).filter(|(one, another)| one == another).count();
        answers.iter().map(same).sum()
    };
    let votes: Vec<usize> = answers.iter().map(agreeing).collect();
    let most = votes.iter().copied().max().unwrap_or(0);
    votes.iter().position(|votes| *votes == most).unwrap_or(0)
}

fn request(tree: &Tree, oracle: &Oracle, program: &str) -> RunRequest {
    let mut files = tree.source_files(|_| FileRole::Candidate);
    files.retain(|file| !oracle.left_out.contains(&file.path));
    files.push(SourceFile { path: FILE.to_owned(), content: program.as_bytes().to_vec(), role: FileRole::Candidate });
    RunRequest {
        language: Language::Python,
        entry: Some(FILE.to_owned()),
        files,
        tests: TestPlan::None,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: oracle.layer,
        seed: 0,
    }
}

/// Prints what each call gives, or what it raises.
fn program(path: &str, name: &str, calls: &[String]) -> String {
    let asked = |call: &String| {
        format!("try:\n    print(repr({call}))\nexcept Exception as error:\n    print(type(error).__name__)\n")
    };
    let head = format!("from {} import {name}\n", module_name(path));
    std::iter::once(head).chain(calls.iter().map(asked)).collect()
}

/// Calls like those of the examples, with one argument changed a little.
fn further_calls(examples: &[Example], name: &str) -> Vec<String> {
    let mut calls: Vec<String> = Vec::new();
    for example in examples {
        let Some(Expr::Call(call)) = parse_expression(&example.call) else { continue };
        if !call.arguments.keywords.is_empty() {
            continue;
        }
        let texts: Vec<&str> = call.arguments.args.iter().map(|one| text_of(&example.call, one)).collect();
        for (place, argument) in call.arguments.args.iter().enumerate() {
            for changed in changes(argument, &example.call) {
                let arguments: Vec<&str> =
                    texts.iter().enumerate().map(|(at, text)| if at == place { &changed } else { *text }).collect();
                let call = format!("{name}({})", arguments.join(", "));
                if !calls.contains(&call) {
                    calls.push(call);
                }
            }
        }
    }
    // Spread over all examples and arguments.
    let step = calls.len().div_ceil(INPUTS_MAX).max(1);
    calls.into_iter().step_by(step).collect()
}

/// A literal, changed a little in several ways.
fn changes(expression: &Expr, source: &str) -> Vec<String> {
    let elements = |elements: &[Expr], open: &str, close: &str| {
        let texts: Vec<&str> = elements.iter().map(|one| text_of(source, one)).collect();
        let mut reversed = texts.clone();
        reversed.reverse();
        let shorter = texts.get(1..).unwrap_or_default().to_vec();
        let longer = texts.iter().chain(texts.first()).copied().collect();
        let comma = if open == "(" { "," } else { "" };
        let written = |list: Vec<&str>| {
            if list.is_empty() { format!("{open}{close}") } else { format!("{open}{}{comma}{close}", list.join(", ")) }
        };
        vec![written(reversed), written(shorter), written(longer)]
    };
    match expression {
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(value) => value
                .as_i64()
                .map(|value| {
                    [value.saturating_add(1), value.saturating_mul(2), value / 2].map(|n| n.to_string()).to_vec()
                })
                .unwrap_or_default(),
            Number::Float(value) => vec![format!("{:?}", value + 1.5)],
            Number::Complex { .. } => Vec::new(),
        },
        Expr::StringLiteral(text) => {
            let text = text.value.to_str();
            let reversed: String = text.chars().rev().collect();
            let shorter: String = text.chars().skip(1).collect();
            [reversed, shorter, format!("{text}{text}")].iter().map(|text| format!("{text:?}")).collect()
        }
        Expr::List(list) => elements(&list.elts, "[", "]"),
        Expr::Tuple(tuple) => elements(&tuple.elts, "(", ")"),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_inputs_resemble_the_shown_ones() {
        let example = |call: &str| Example { call: call.to_owned(), value: "0".to_owned() };
        let calls = further_calls(&[example("f([1, 2], 3)")], "f");
        assert_eq!(
            calls,
            ["f([2, 1], 3)", "f([2], 3)", "f([1, 2, 1], 3)", "f([1, 2], 4)", "f([1, 2], 6)", "f([1, 2], 1)"]
        );
        assert_eq!(further_calls(&[example("f('ab')")], "f"), ["f(\"ba\")", "f(\"b\")", "f(\"abab\")"]);
        assert_eq!(further_calls(&[example("f((1,))")], "f"), ["f((1,))", "f(())", "f((1, 1,))"]);
        assert!(further_calls(&[example("f(x)"), example("f(key=1)")], "f").is_empty());
        let many: Vec<Example> = (0..40).map(|n| example(&format!("f({n}, {n})"))).collect();
        assert!((2..=INPUTS_MAX).contains(&further_calls(&many, "f").len()));
    }

    #[test]
    fn most_agreement_wins_and_the_first_among_equals() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(most_agreed(&[lines("1 2 3"), lines("1 9 9"), lines("1 9 9")]), 1);
        assert_eq!(most_agreed(&[lines("1 2"), lines("3 4")]), 0);
        assert_eq!(most_agreed(&[Vec::new(), lines("3 4")]), 1);
        assert_eq!(most_agreed(&[]), 0);
    }
}
