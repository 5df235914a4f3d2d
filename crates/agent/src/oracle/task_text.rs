//! Asserts, doctests and examples in the words of a task.

use rustpython_ruff_python_ast::Expr;

use crate::python::{examples::is_constant, names, parse, parse_expression};

/// Most lines of one assert.
const ASSERT_LINES_MAX: usize = 12;
/// Most examples that are taken.
const EXAMPLES_MAX: usize = 50;

/// What the task's text says in code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskExamples {
    /// One statement each: an assert, or what a doctest runs before one.
    pub(crate) statements: Vec<String>,
    /// Functions and classes that the asserts call and Python does not have.
    pub(crate) names: Vec<String>,
}

/// Finds `assert …`, `>>> …` with its answer, and `f(2) -> 4`, `f(2) == 4`, `f(2) returns 4`.
pub(crate) fn extract(task: &str) -> TaskExamples {
    let lines: Vec<&str> = task.lines().collect();
    let mut statements: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() && statements.len() < EXAMPLES_MAX {
        let line = lines.get(at).copied().unwrap_or_default().trim();
        let rest = lines.get(at..).unwrap_or_default();
        if line.starts_with("assert ") || line.starts_with("assert(") {
            if let Some((statement, used)) = assert_at(rest) {
                statements.push(statement);
                at += used;
                continue;
            }
        } else if let Some(code) = line.strip_prefix(">>> ") {
            let (statement, used) = doctest_at(code, rest.get(1..).unwrap_or_default());
            statements.extend(statement);
            at += used;
            continue;
        }
        let inline = inline_asserts(line);
        if inline.is_empty() {
            statements.extend(prose_examples(line));
        } else {
            statements.extend(inline);
        }
        at += 1;
    }
    statements.dedup();
    let names = called_names(&statements);
    if names.is_empty() || !statements.iter().any(|statement| statement.starts_with("assert")) {
        return TaskExamples::default();
    }
    TaskExamples { statements, names }
}

/// An assert that starts at the first line and may go on over the next ones.
fn assert_at(lines: &[&str]) -> Option<(String, usize)> {
    let margin = lines.first().map_or(0, |line| line.len() - line.trim_start().len());
    (1..=lines.len().min(ASSERT_LINES_MAX)).find_map(|count| {
        let text = lines.get(..count)?.iter().map(|line| line.get(margin..).unwrap_or(line.trim())).collect::<Vec<_>>();
        let text = text.join("\n").trim().trim_end_matches(['`']).to_owned();
        let module = parse(&text)?;
        (module.body.len() == 1 && names::loaded(&module).iter().any(|name| !name.is_empty())).then_some((text, count))
    })
}

/// The asserts of a line such as "it should hold that `assert f(1) == 2` and assert f(2) == 3".
fn inline_asserts(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in line.match_indices("assert ") {
        let text = line.get(start..).unwrap_or_default();
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).filter(|at| *at > "assert ".len());
        let whole = ends
            .rev()
            .filter_map(|end| text.get(..end))
            .map(str::trim_end)
            .find(|piece| parse(piece).is_some_and(|module| module.body.len() == 1) && piece.contains('('));
        found.extend(whole.map(str::to_owned));
    }
    found
}

/// A doctest example: the statement, and how many lines it took.
fn doctest_at(code: &str, following: &[&str]) -> (Option<String>, usize) {
    let answer = following.first().map(|line| line.trim()).unwrap_or_default();
    let Some(expression) = parse_expression(code) else {
        return (parse(code).map(|_| code.to_owned()), 1);
    };
    if answer.is_empty() || answer.starts_with(">>>") || answer.starts_with("```") {
        return (matches!(expression, Expr::Call(_)).then(|| code.to_owned()), 1);
    }
    let statement = match parse_expression(answer) {
        Some(value) if is_constant(&value) => format!("assert {} == {answer}", operand(code, &expression)),
        _ => format!("assert repr({code}) == {answer:?}"),
    };
    (parse(&statement).map(|_| statement), 2)
}

fn operand(code: &str, expression: &Expr) -> String {
    match expression {
        Expr::Call(_) | Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) => code.to_owned(),
        _ => format!("({code})"),
    }
}

/// `f(2) -> 4` and its like, anywhere in a line of prose.
fn prose_examples(line: &str) -> Vec<String> {
    const ARROWS: [&str; 12] = [
        " -> ",
        " => ",
        " == ",
        " → ",
        " ⇒ ",
        " returns ",
        " should return ",
        " should be ",
        " must return ",
        " gives ",
        " equals ",
        " is ",
    ];
    let mut found: Vec<String> = Vec::new();
    let mut rest = line;
    while let Some((at, arrow)) =
        ARROWS.iter().filter_map(|arrow| rest.find(arrow).map(|at| (at, *arrow))).min_by_key(|(at, _)| *at)
    {
        let left = rest.get(..at).unwrap_or_default().trim_end().trim_end_matches('`');
        let right = rest.get(at + arrow.len()..).unwrap_or_default().trim_start().trim_start_matches('`');
        if let (Some(call), Some((value, _))) = (call_at_end(left), constant_at_start(right)) {
            found.push(format!("assert {call} == {value}"));
        }
        rest = rest.get(at + arrow.len()..).unwrap_or_default();
    }
    found
}

/// The longest call that the text ends with.
fn call_at_end(text: &str) -> Option<&str> {
    if !text.ends_with(')') {
        return None;
    }
    let starts = text.char_indices().filter(|(at, character)| {
        let before = text.get(..*at).and_then(|head| head.chars().next_back());
        (character.is_alphabetic() || *character == '_')
            && !before.is_some_and(|c| c.is_alphanumeric() || "_.".contains(c))
    });
    starts.filter_map(|(at, _)| text.get(at..)).find(|piece| match parse_expression(piece) {
        Some(Expr::Call(call)) => {
            let arguments = call.arguments.args.iter().all(is_constant);
            arguments && call.arguments.keywords.iter().all(|keyword| is_constant(&keyword.value))
        }
        _ => false,
    })
}

/// The longest literal that the text starts with, and its length.
fn constant_at_start(text: &str) -> Option<(&str, usize)> {
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).filter(|at| *at > 0).take(400);
    let pieces: Vec<&str> = ends.filter_map(|end| text.get(..end)).collect();
    pieces.into_iter().rev().find_map(|piece| {
        let follows = text.get(piece.len()..).and_then(|tail| tail.chars().next());
        let cut_word = follows.is_some_and(char::is_alphanumeric) && piece.ends_with(char::is_alphanumeric);
        let trimmed = piece.trim_end_matches(['.', ',', ';', ' ', '`']);
        let constant = !cut_word && parse_expression(trimmed).is_some_and(|value| is_constant(&value));
        constant.then_some((trimmed, piece.len()))
    })
}

/// Names that are called and neither built in nor bound by the statements themselves.
fn called_names(statements: &[String]) -> Vec<String> {
    let Some(module) = parse(&statements.join("\n")) else { return Vec::new() };
    let bound = names::top_level(&module.body);
    let is_own = |name: &String| !bound.contains(name) && !BUILTINS.contains(&name.as_str());
    names::loaded(&module).into_iter().filter(is_own).collect()
}

/// Builtins that asserts commonly use.
pub(crate) const BUILTINS: [&str; 42] = [
    "True",
    "False",
    "None",
    "abs",
    "all",
    "any",
    "bin",
    "bool",
    "bytes",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "hash",
    "hex",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_prose_becomes_asserts() {
        let rows: [(&str, &[&str], &[&str]); 12] = [
            (
                "Add.\nassert add(1, 2) == 3\nassert add(0, 0) == 0",
                &["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
                &["add"],
            ),
            ("```python\nassert f([1,\n          2]) == 3\n```", &["assert f([1,\n          2]) == 3"], &["f"]),
            (">>> f(2)\n4\n>>> x = 3\n>>> f(x)\n'a'", &["assert f(2) == 4", "x = 3", "assert f(x) == 'a'"], &["f"]),
            ("f(2) -> 4, and f('a b') => 'x'.", &["assert f(2) == 4", "assert f('a b') == 'x'"], &["f"]),
            ("so that `double(3)` returns `6`", &["assert double(3) == 6"], &["double"]),
            (
                "is_odd(3) should be True and is_odd(2) is False.",
                &["assert is_odd(3) == True", "assert is_odd(2) == False"],
                &["is_odd"],
            ),
            ("f(1) → [1, 2]", &["assert f(1) == [1, 2]"], &["f"]),
            ("it must hold that assert g(1) == 2 always", &["assert g(1) == 2"], &["g"]),
            ("Write a function that adds numbers (quickly) -> fast", &[], &[]),
            ("len('abc') == 3", &[], &[]),
            ("assert that it works", &[], &[]),
            ("p((1, 2)) == p((2, 1))", &[], &[]),
        ];
        for (task, statements, names) in rows {
            let found = extract(task);
            assert_eq!(found.statements, statements, "{task}");
            assert_eq!(found.names, names, "{task}");
        }
    }
}
