//! Which of the collected tests a test command means: node ids, `-k`, `-m` and what is left out.

use std::collections::BTreeSet;

use rustpython_ruff_python_ast::{Decorator, Expr, Stmt};

use crate::python::parse;
use crate::workspace::Tree;

/// What a test command selects. Without any part it means every test of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Node ids or beginnings of them; empty: all.
    pub(crate) ids: Vec<String>,
    /// Node ids, files or folders that are left out.
    pub(crate) left_out: Vec<String>,
    /// pytest's `-k`.
    pub(crate) keyword: Option<Condition>,
    /// pytest's `-m`.
    pub(crate) mark: Option<Condition>,
    /// unittest's `-k`, any of which has to match.
    pub(crate) patterns: Vec<String>,
}

impl Selection {
    /// Whether every test of the files is meant.
    pub(crate) fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it means this test.
    pub(crate) fn takes(&self, id: &str, tree: &Tree) -> bool {
        let own = without_repetition(id);
        (self.ids.is_empty() || self.ids.iter().any(|wanted| covers(wanted, own)))
            && !self.left_out.iter().any(|wanted| covers(wanted, own))
            && self.keyword.as_ref().is_none_or(|condition| condition.holds(&|word| has_keyword(own, word)))
            && (self.patterns.is_empty() || self.patterns.iter().any(|pattern| matches_pattern(own, pattern)))
            && self.mark.as_ref().is_none_or(|condition| {
                let marks = marks_of(own, tree);
                condition.holds(&|word| marks.contains(word))
            })
    }
}

/// An id that came up twice ends in `#2`, `#3`, …
fn without_repetition(id: &str) -> &str {
    match id.rsplit_once('#') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => id,
    }
}

/// Whether a node id is the test itself, its class or file or folder, or the test of which it is one case.
fn covers(wanted: &str, id: &str) -> bool {
    let wanted = wanted.trim_end_matches('/');
    id.strip_prefix(wanted).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with("::")
            || rest.starts_with('/')
            || rest.starts_with('[') && !wanted.ends_with(']')
    })
}

/// As pytest has it: part of the file's, a class's or the test's name, whatever the case.
fn has_keyword(id: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let (path, rest) = id.split_once("::").unwrap_or((id, ""));
    let file = path.rsplit('/').next().unwrap_or(path);
    std::iter::once(file).chain(rest.split("::")).any(|name| name.to_lowercase().contains(&word))
}

/// As unittest has it: part of the dotted name, or all of it with `*`.
fn matches_pattern(id: &str, pattern: &str) -> bool {
    let dotted = id.replacen(".py::", ".", 1).replace("::", ".").replace('/', ".");
    if pattern.contains('*') { wildcard(pattern, &dotted) } else { dotted.contains(pattern) }
}

/// `*` stands for anything.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// An expression of words with `and`, `or`, `not` and parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Word(String),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Condition {
    /// Reads one; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut words = tokens(text)?;
        words.reverse();
        let condition = either(&mut words, 0)?;
        match words.pop() {
            None => Ok(condition),
            Some(extra) => Err(format!("{extra:?} does not belong there")),
        }
    }

    fn holds(&self, word_holds: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Word(word) => word_holds(word),
            Self::Not(inner) => !inner.holds(word_holds),
            Self::And(left, right) => left.holds(word_holds) && right.holds(word_holds),
            Self::Or(left, right) => left.holds(word_holds) || right.holds(word_holds),
        }
    }
}

/// Deepest nesting of an expression.
const NESTING_MAX: usize = 50;

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_alphanumeric() || "_:+-.[]/\\".contains(character) {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        match character {
            '(' | ')' => found.push(character.to_string()),
            ' ' | '\t' => {}
            other => return Err(format!("{other:?} is not allowed in it")),
        }
    }
    Ok(found)
}

/// The next words, of which the last is the first: `a or b`.
fn either(words: &mut Vec<String>, depth: usize) -> Result<Condition, String> {
    let mut left = both(words, depth)?;
    while words.last().is_some_and(|word| word == "or") {
        words.pop();
        left = Condition::Or(Box::new(left), Box::new(both(words, depth)?));
    }
    Ok(left)
}

fn both(words: &mut Vec<String>, depth: usize) -> Result<Condition, String> {
    let mut left = single(words, depth)?;
    while words.last().is_some_and(|word| word == "and") {
        words.pop();
        left = Condition::And(Box::new(left), Box::new(single(words, depth)?));
    }
    Ok(left)
}

fn single(words: &mut Vec<String>, depth: usize) -> Result<Condition, String> {
    if depth > NESTING_MAX {
        return Err("it is nested too deeply".to_owned());
    }
    match words.pop().as_deref() {
        None => Err("a name is missing at its end".to_owned()),
        Some("not") => Ok(Condition::Not(Box::new(single(words, depth + 1)?))),
        Some("(") => {
            let inner = either(words, depth + 1)?;
            match words.pop().as_deref() {
                Some(")") => Ok(inner),
                _ => Err("a parenthesis is not closed".to_owned()),
            }
        }
        Some(wrong @ (")" | "and" | "or")) => Err(format!("a name is missing before {wrong:?}")),
        Some(word) => Ok(Condition::Word(word.to_owned())),
    }
}

/// Names of the `pytest.mark`s of a test: its own, its classes' and its file's.
fn marks_of(id: &str, tree: &Tree) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    let mut parts = id.split("::");
    let Some(module) = parts.next().and_then(|path| tree.text(path)).and_then(parse) else { return marks };
    let mut body: &[Stmt] = &module.body;
    marks.extend(assigned_marks(body));
    for part in parts {
        let name = part.split('[').next().unwrap_or(part);
        for statement in body {
            let decorators = match statement {
                Stmt::FunctionDef(function) if function.name.as_str() == name => &function.decorator_list,
                Stmt::ClassDef(class) if class.name.as_str() == name => {
                    marks.extend(assigned_marks(&class.body));
                    body = &class.body;
                    &class.decorator_list
                }
                _ => continue,
            };
            marks.extend(decorators.iter().filter_map(|Decorator { expression, .. }| mark_name(expression)));
            break;
        }
    }
    marks
}

/// `pytestmark = pytest.mark.slow`, or a list of such.
fn assigned_marks(body: &[Stmt]) -> Vec<String> {
    let mut found = Vec::new();
    for statement in body {
        let Stmt::Assign(assign) = statement else { continue };
        let named = |target: &Expr| matches!(target, Expr::Name(name) if name.id.as_str() == "pytestmark");
        if !assign.targets.iter().any(named) {
            continue;
        }
        match &*assign.value {
            Expr::List(list) => found.extend(list.elts.iter().filter_map(mark_name)),
            Expr::Tuple(tuple) => found.extend(tuple.elts.iter().filter_map(mark_name)),
            single => found.extend(mark_name(single)),
        }
    }
    found
}

/// The name in `pytest.mark.NAME` or `pytest.mark.NAME(…)`.
fn mark_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Call(call) => mark_name(&call.func),
        Expr::Attribute(name) => match &*name.value {
            Expr::Attribute(mark) if mark.attr.as_str() == "mark" => Some(name.attr.to_string()),
            Expr::Name(mark) if mark.id.as_str() == "mark" => Some(name.attr.to_string()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 6] = [
        "tests/test_x.py::TestC::test_y",
        "tests/test_x.py::TestC::test_y2",
        "tests/test_x.py::test_z[1-2]",
        "tests/test_x.py::test_z[3-4]",
        "tests/sub/test_q.py::test_slow",
        "tests/sub/test_q.py::test_slow#2",
    ];

    fn taken(selection: &Selection) -> Vec<usize> {
        let tree = Tree::default().with_text(
            "tests/sub/test_q.py",
            "import pytest\npytestmark = [pytest.mark.net]\n@pytest.mark.slow(3)\ndef test_slow(): pass\n",
        );
        (0..IDS.len()).filter(|at| selection.takes(IDS[*at], &tree)).collect()
    }

    #[test]
    fn node_ids_cover_classes_cases_files_and_folders() {
        let rows: [(&str, &[usize]); 8] = [
            ("tests/test_x.py::TestC::test_y", &[0]),
            ("tests/test_x.py::TestC", &[0, 1]),
            ("tests/test_x.py::test_z", &[2, 3]),
            ("tests/test_x.py::test_z[3-4]", &[3]),
            ("tests/sub/test_q.py::test_slow", &[4, 5]),
            ("tests/sub/", &[4, 5]),
            ("tests/test_x.py", &[0, 1, 2, 3]),
            ("tests/test_x.py::Test", &[]),
        ];
        for (id, expected) in rows {
            assert_eq!(taken(&Selection { ids: vec![id.to_owned()], ..Selection::default() }), expected, "{id}");
        }
        let left_out = vec!["tests/test_x.py::TestC".to_owned(), "tests/sub".to_owned()];
        assert_eq!(taken(&Selection { left_out, ..Selection::default() }), [2, 3]);
    }

    #[test]
    fn keywords_match_parts_of_names_in_any_case() {
        let rows: [(&str, &[usize]); 9] = [
            ("test_y", &[0, 1]),
            ("TESTC", &[0, 1]),
            ("testc and not y2", &[0]),
            ("y2 or slow", &[1, 4, 5]),
            ("not (testc or slow)", &[2, 3]),
            ("not not y2", &[1]),
            ("test_x and z", &[2, 3]),
            ("1-2", &[2]),
            ("sub", &[]),
        ];
        for (text, expected) in rows {
            let keyword = Some(Condition::parse(text).unwrap());
            assert_eq!(taken(&Selection { keyword, ..Selection::default() }), expected, "{text}");
        }
        for wrong in ["", "and", "a and", "(a", "a)", "a b", "not", "a == b", &"(".repeat(99)] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn marks_and_patterns_select() {
        for (text, expected) in [("slow", &[4, 5][..]), ("net and not slow", &[]), ("not net", &[0, 1, 2, 3])] {
            let mark = Some(Condition::parse(text).unwrap());
            assert_eq!(taken(&Selection { mark, ..Selection::default() }), expected, "{text}");
        }
        for (pattern, expected) in
            [("TestC.test_y", &[0, 1][..]), ("*.test_y", &[0]), ("tests.*z[*4]", &[3]), ("testc", &[])]
        {
            let patterns = vec![pattern.to_owned()];
            assert_eq!(taken(&Selection { patterns, ..Selection::default() }), expected, "{pattern}");
        }
    }
}
