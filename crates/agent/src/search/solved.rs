//! Solved functions that a prompt shows before the wanted one: a small model goes on in the manner that it sees.
//!
//! Which ones are shown follows from the words of the task and the kinds of values in its examples, nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use rustpython_ruff_python_ast::Expr;

use super::prompt::{Material, words};
use crate::python::functions::blocks;
use crate::python::{parse, parse_expression};

/// General idioms, each with a docstring and one example. A test runs the examples.
const SOURCE: &str = concat!(
    include_str!("solved/basics.py"),
    "\n\n",
    include_str!("solved/lists.py"),
    "\n\n",
    include_str!("solved/texts.py")
);

/// How many are shown in one prompt.
const SHOWN: usize = 3;
/// What one agreeing kind of value counts, in the unit of a word that all of them share.
const KIND_WEIGHT: u64 = 2;

/// A solved function.
struct Solved {
    /// The whole of it, with its docstring.
    text: String,
    words: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

struct Library {
    all: Vec<Solved>,
    /// In how many of them a word stands.
    spread: BTreeMap<String, u64>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let Some(module) = parse(SOURCE) else { return Library { all: Vec::new(), spread: BTreeMap::new() } };
    let all: Vec<Solved> = blocks(SOURCE, &module)
        .into_iter()
        .map(|block| {
            let doc = block.doc_text(SOURCE);
            let (said, example) = doc.split_once(">>>").unwrap_or((&doc, ""));
            let (call, value) = example.trim().split_once('\n').unwrap_or_default();
            Solved {
                text: SOURCE.get(block.start..block.body.end).unwrap_or_default().to_owned(),
                words: words_of(&format!("{} {said}", block.name)),
                kinds: kinds_of(call, value),
            }
        })
        .collect();
    let mut spread = BTreeMap::new();
    for word in all.iter().flat_map(|one| &one.words) {
        *spread.entry(word.clone()).or_insert(0) += 1;
    }
    Library { all, spread }
});

/// The functions to show for this material, the nearest last. Later turns show others.
pub(crate) fn nearest(material: &Material<'_>) -> Vec<&'static str> {
    let library = &*LIBRARY;
    let wanted = words_of(&format!("{} {}", material.block.name, words(material)));
    let kinds = material.examples.first().map(|one| kinds_of(&one.call, &one.value)).unwrap_or_default();
    let total = library.all.len() as u64;
    let weight = |word: &String| {
        // A word that few of them share says more: a whole logarithm is exact enough, and the same everywhere.
        let spread = library.spread.get(word).copied().unwrap_or(1).max(1);
        u64::from((total / spread).max(1).ilog2())
    };
    let mut rated: Vec<(u64, usize)> = library
        .all
        .iter()
        .enumerate()
        .map(|(number, one)| {
            let shared: u64 = one.words.intersection(&wanted).map(weight).sum();
            let alike = one.kinds.intersection(&kinds).count() as u64;
            (shared * 2 + alike * KIND_WEIGHT, number)
        })
        .collect();
    rated.sort_by_key(|(rating, number)| (std::cmp::Reverse(*rating), *number));
    let start = material.turn * SHOWN % rated.len().max(1);
    let mut shown: Vec<&str> = rated
        .iter()
        .cycle()
        .skip(start)
        .take(SHOWN.min(rated.len()))
        .filter_map(|(_, number)| library.all.get(*number).map(|one| one.text.as_str()))
        .collect();
    shown.reverse();
    shown
}

/// Words in lower case, parts of names apart, without an ending `s`.
fn words_of(text: &str) -> BTreeSet<String> {
    const COMMON: [&str; 14] =
        ["a", "an", "the", "of", "to", "in", "and", "or", "write", "function", "python", "given", "that", "is"];
    let mut found = BTreeSet::new();
    let mut previous_lower = false;
    let mut spaced = String::new();
    for c in text.chars() {
        if c.is_uppercase() && previous_lower {
            spaced.push(' ');
        }
        previous_lower = c.is_lowercase();
        spaced.extend(c.to_lowercase());
    }
    for word in spaced.split(|c: char| !c.is_alphanumeric()) {
        let word = word.strip_suffix('s').filter(|rest| rest.len() > 2).unwrap_or(word);
        if !word.is_empty() && !COMMON.contains(&word) {
            found.insert(word.to_owned());
        }
    }
    found
}

/// What goes in, by place, and what comes out.
fn kinds_of(call: &str, value: &str) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    if let Some(Expr::Call(call)) = parse_expression(call.trim()) {
        for (number, argument) in call.arguments.args.iter().enumerate() {
            kinds.insert(format!("{number}{}", kind_of(argument)));
        }
        kinds.insert(format!("count{}", call.arguments.args.len()));
    }
    if let Some(value) = parse_expression(value.trim()) {
        kinds.insert(format!("out{}", kind_of(&value)));
    }
    kinds
}

fn kind_of(expression: &Expr) -> &'static str {
    match expression {
        Expr::StringLiteral(_) => "str",
        Expr::NumberLiteral(number) => match number.value {
            rustpython_ruff_python_ast::Number::Int(_) => "int",
            _ => "float",
        },
        Expr::UnaryOp(_) => "int",
        Expr::BooleanLiteral(_) => "bool",
        Expr::NoneLiteral(_) => "none",
        Expr::List(list) => match list.elts.first() {
            Some(Expr::List(_)) => "list of lists",
            Some(Expr::Tuple(_)) => "list of tuples",
            Some(Expr::StringLiteral(_)) => "list of words",
            _ => "list",
        },
        Expr::Tuple(_) => "tuple",
        Expr::Dict(_) => "dict",
        Expr::Set(_) => "set",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::examples::Example;

    fn shown_for(source: &str, examples: &[Example], turn: usize) -> Vec<String> {
        let block = blocks(source, &parse(source).unwrap()).remove(0);
        let material = Material { source, block: &block, task: "", examples, tests: &[], previous: None, turn };
        let name = |text: &str| text.strip_prefix("def ").unwrap().split('(').next().unwrap().to_owned();
        nearest(&material).into_iter().map(name).collect()
    }

    #[test]
    fn what_resembles_the_task_comes_last() {
        let source = "def most_common(text):\n    \"\"\"The word that is most common in a text.\"\"\"\n    pass\n";
        let example = Example { call: "most_common(\"a b a\")".to_owned(), value: "'a'".to_owned() };
        let first = shown_for(source, std::slice::from_ref(&example), 0);
        assert_eq!((first.len(), first.last().map(String::as_str)), (SHOWN, Some("most_frequent_word")));
        let second = shown_for(source, &[example], 1);
        assert!(second.iter().all(|name| !first.contains(name)), "{first:?} {second:?}");
        assert_eq!(shown_for("def f():\n    pass\n", &[], 1_000).len(), SHOWN);
    }

    #[test]
    fn words_and_kinds() {
        let words: Vec<String> = words_of("Find the countPairs of given lists").into_iter().collect();
        assert_eq!(words, ["count", "find", "list", "pair"]);
        let kinds: Vec<String> = kinds_of("f([(1, 2)], -1, x)", "'a'").into_iter().collect();
        assert_eq!(kinds, ["0list of tuples", "1int", "2other", "count3", "outstr"]);
    }
}
