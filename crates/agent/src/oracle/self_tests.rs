//! Tests that the model writes itself, where task, repository and documentation hold none: which function the task
//! means, how the model is asked, and which of its asserts are usable.
//!
//! Invariant: what comes out is a hint about the task and never a verdict on it.

use std::collections::{BTreeMap, BTreeSet};

use edgecoder_inference::{Message, Prompt, Role};
use rustpython_ruff_python_ast::Expr;

use super::discover::{has_extension, is_test_path};
use super::task_text::BUILTINS;
use crate::python::examples::{examples, is_constant};
use crate::python::functions::blocks;
use crate::python::{parse, parse_expression};
use crate::search::prompt::prose;
use crate::search::target::mentions;
use crate::workspace::Tree;

/// Most asserts that are kept: every further one of a small model is likelier to be wrong.
pub(crate) const SELF_TESTS_MAX: usize = 3;
/// Longest assert, in bytes.
const ASSERT_BYTES_MAX: usize = 200;

/// Words that stand where a function's name could, and are none.
const NO_NAMES: [&str; 46] = [
    "a",
    "an",
    "all",
    "and",
    "any",
    "argument",
    "called",
    "class",
    "code",
    "every",
    "everything",
    "for",
    "from",
    "function",
    "functions",
    "in",
    "it",
    "list",
    "me",
    "method",
    "missing",
    "named",
    "new",
    "number",
    "of",
    "one",
    "program",
    "python",
    "returning",
    "returns",
    "script",
    "simple",
    "some",
    "something",
    "string",
    "taking",
    "tests",
    "that",
    "the",
    "this",
    "to",
    "two",
    "value",
    "which",
    "with",
    "your",
];

/// The function that the task is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// Its parameters as text, where the task or its file says them.
    pub(crate) parameters: Option<String>,
}

/// The function that the task names: one of the repository's, else one that it describes.
pub(crate) fn wanted(task: &str, tree: &Tree, file: Option<&str>) -> Option<Wanted> {
    in_tree(task, tree, file).or_else(|| described(task))
}

/// A function of the tree that the task mentions; unwritten ones first. In a named file, its only unwritten one.
fn in_tree(task: &str, tree: &Tree, file: Option<&str>) -> Option<Wanted> {
    let mut found = Vec::new();
    for (path, entry) in tree.iter() {
        let open = file.map_or(!is_test_path(path), |file| file == path);
        let Some(source) = entry.text().filter(|_| open && has_extension(path, "py")) else { continue };
        let Some(module) = parse(source) else { continue };
        for block in blocks(source, &module) {
            if block.is_class || block.class.is_some() {
                continue;
            }
            let signature = block.signature(source);
            let parameters = signature.find(&format!("def {}", block.name)).and_then(|at| {
                let rest = signature.get(at..)?;
                parameters_at(rest.get(rest.find('(')?..)?)
            });
            let wanted = Wanted { name: block.name.clone(), parameters };
            found.push((block.is_stub, mentions(task, &block.name), wanted));
        }
    }
    let first = |stub: bool| found.iter().find(|(is_stub, named, _)| *is_stub == stub && *named);
    let stubs: Vec<_> = found.iter().filter(|(is_stub, ..)| *is_stub).collect();
    let only = || stubs.first().copied().filter(|_| file.is_some() && stubs.len() == 1);
    first(true).or_else(|| first(false)).or_else(only).map(|(.., wanted)| wanted.clone())
}

/// `name(a, b)` in the task, or the name after "function", "called", "named" or "implement".
pub(crate) fn described(task: &str) -> Option<Wanted> {
    signature_in(task).or_else(|| name_in(task))
}

/// The first `name(a, b)` whose parentheses hold parameters and no values.
pub(crate) fn signature_in(task: &str) -> Option<Wanted> {
    for (at, _) in task.match_indices('(') {
        let name = word_before(task, at);
        let before = task.get(..at - name.len()).unwrap_or_default().trim_end_matches(['`', ' ']);
        let introduced = ["function", "def", "called", "named"].iter().any(|word| before.ends_with(word));
        let Some(parameters) = parameters_at(task.get(at..).unwrap_or_default()) else { continue };
        let plural = matches!(parameters.as_str(), "s" | "es") && !introduced;
        if is_name(name) && !plural {
            return Some(Wanted { name: name.to_owned(), parameters: Some(parameters) });
        }
    }
    None
}

fn name_in(task: &str) -> Option<Wanted> {
    const INTRODUCTIONS: [&str; 5] = ["function", "called", "named", "def", "implement"];
    let words: Vec<&str> = task
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_')))
        .collect();
    // The later word of "function called NAME" is the nearer one.
    let named = |pair: &&[&str]| match pair {
        [before, name] => INTRODUCTIONS.contains(&before.to_lowercase().as_str()) && is_name(name),
        _ => false,
    };
    let name = words.windows(2).find(named)?.get(1)?;
    Some(Wanted { name: (*name).to_owned(), parameters: None })
}

fn word_before(text: &str, end: usize) -> &str {
    let head = text.get(..end).unwrap_or_default();
    let start = head
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map_or(0, |at| at + head.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    head.get(start..).unwrap_or_default()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !NO_NAMES.contains(&word.to_lowercase().as_str())
        && !BUILTINS.contains(&word)
        && parse_expression(word).is_some()
}

/// The text between the parentheses at the start, where a `def` could have it.
fn parameters_at(text: &str) -> Option<String> {
    let mut depth = 0_usize;
    let end = text.char_indices().take(ASSERT_BYTES_MAX).find_map(|(at, c)| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at)
    })?;
    let inside = text.get(1..end)?.trim();
    parse(&format!("def f({inside}): pass\n")).map(|_| inside.to_owned())
}

/// How many positional arguments a call may have: at least, at most.
fn arities(parameters: &str) -> (usize, usize) {
    let source = format!("def f({parameters}): pass\n");
    let Some(module) = parse(&source) else { return (0, usize::MAX) };
    let Some(rustpython_ruff_python_ast::Stmt::FunctionDef(function)) = module.body.first() else {
        return (0, usize::MAX);
    };
    let list = &function.parameters;
    let all = || list.posonlyargs.iter().chain(&list.args);
    let least = all().filter(|parameter| parameter.default.is_none()).count();
    (least, if list.vararg.is_some() { usize::MAX } else { all().count() })
}

/// The request for asserts: two examples of what is wanted, then the task, begun with a call of the function.
pub(crate) fn prompt(wanted: &Wanted, task: &str) -> Prompt {
    let words = prose(task).split_whitespace().collect::<Vec<_>>().join(" ");
    let head = wanted.parameters.as_ref().map_or_else(String::new, |parameters| format!("({parameters})"));
    let name = &wanted.name;
    Prompt::Text(format!(
        "# Tests of Python functions.\n\n\
         # double(x): write a function double(x) that returns twice the number\n\
         assert double(2) == 4\nassert double(0) == 0\nassert double(-3) == -6\n\n\
         # last(items): return the last element of a list\n\
         assert last([1, 2, 3]) == 3\nassert last([\"b\"]) == \"b\"\nassert last([0, 7]) == 7\n\n\
         # is_short(text): write a function is_short(text) that tells whether a text has less than four letters\n\
         assert is_short(\"abc\") == True\nassert is_short(\"house\") == False\nassert is_short(\"\") == True\n\n\
         # {name}{head}: {words}\nassert {name}("
    ))
}

/// The same as a question, for models that are asked.
pub(crate) fn question(wanted: &Wanted, task: &str) -> Prompt {
    let words = prose(task).split_whitespace().collect::<Vec<_>>().join(" ");
    let head = wanted.parameters.as_ref().map_or_else(String::new, |parameters| format!("({parameters})"));
    let name = &wanted.name;
    Prompt::Chat(vec![Message {
        role: Role::User,
        content: format!(
            "Write {SELF_TESTS_MAX} tests of the Python function {name}{head}.\n\nThe task: {words}\n\nEach test is one \
             line of the form `assert {name}(...) == ...` with literal values only, and sure to be right. Answer with one \
             Python code block that holds these lines and nothing else."
        ),
    }])
}

/// A chat's answer in the form in which a continuation of [`prompt`] comes.
pub(crate) fn from_answer(wanted: &Wanted, answer: &str) -> String {
    let start = format!("assert {}(", wanted.name);
    let lines: Vec<&str> = answer.lines().map(str::trim).filter(|line| line.starts_with(&start)).collect();
    let text = lines.join("\n");
    text.strip_prefix(&start).unwrap_or_default().to_owned()
}

/// Where the model's answer ends.
pub(crate) fn stops() -> Vec<String> {
    ["\n\n", "\n#", "\ndef ", "```"].iter().map(|stop| (*stop).to_owned()).collect()
}

/// The usable asserts of several answers to [`prompt`], those that most answers agree on first.
///
/// Usable is one that calls the function with literals and compares with a literal. Of two values for the same call the one
/// that more answers gave wins; where as many gave either, the call is left out.
pub(crate) fn usable(wanted: &Wanted, answers: &[String]) -> Vec<String> {
    let (least, most) = wanted.parameters.as_deref().map_or((0, usize::MAX), arities);
    // Call → value → answers that say so; calls in the order in which they were first seen.
    let mut votes: Vec<(String, BTreeMap<String, usize>, usize)> = Vec::new();
    for answer in answers {
        let mut seen = BTreeSet::new();
        for (call, value, arity) in asserts_in(&wanted.name, answer) {
            if !(least..=most).contains(&arity) || !seen.insert(call.clone()) {
                continue;
            }
            let at = votes.iter().position(|(known, ..)| *known == call).unwrap_or(votes.len());
            if at == votes.len() {
                votes.push((call, BTreeMap::new(), arity));
            }
            if let Some((_, values, _)) = votes.get_mut(at) {
                *values.entry(value).or_default() += 1;
            }
        }
    }
    let arity = commonest(votes.iter().map(|(_, values, arity)| (*arity, values.values().sum())));
    let mut chosen: Vec<(usize, String)> = Vec::new();
    for (call, values, _) in votes.iter().filter(|(.., own)| Some(*own) == arity) {
        let best = values.values().max().copied().unwrap_or(0);
        let mut winners = values.iter().filter(|(_, count)| **count == best);
        if let (Some((value, count)), None) = (winners.next(), winners.next()) {
            chosen.push((*count, format!("assert {call} == {value}")));
        }
    }
    chosen.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    chosen.into_iter().map(|(_, assert)| assert).take(SELF_TESTS_MAX).collect()
}

/// The key with the most votes; the smallest of several.
fn commonest(votes: impl Iterator<Item = (usize, usize)>) -> Option<usize> {
    let mut sums: BTreeMap<usize, usize> = BTreeMap::new();
    for (key, count) in votes {
        *sums.entry(key).or_default() += count;
    }
    sums.into_iter().max_by_key(|(key, count)| (*count, std::cmp::Reverse(*key))).map(|(key, _)| key)
}

/// `(call, value, positional arguments)` of every usable assert of an answer, in its order.
fn asserts_in(name: &str, answer: &str) -> Vec<(String, String, usize)> {
    let text = format!("assert {name}({answer}");
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| line.len() <= ASSERT_BYTES_MAX) {
        let Some(module) = parse(line) else { continue };
        for example in examples(line, &module, name) {
            let Some(Expr::Call(call)) = parse_expression(&example.call) else { continue };
            let own = matches!(&*call.func, Expr::Name(function) if function.id.as_str() == name);
            let plain = call.arguments.args.iter().all(is_constant)
                && call.arguments.keywords.iter().all(|keyword| keyword.arg.is_some() && is_constant(&keyword.value));
            if own && plain {
                found.push((example.call, example.value, call.arguments.args.len()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, parameters: Option<&str>) -> Wanted {
        Wanted { name: name.to_owned(), parameters: parameters.map(str::to_owned) }
    }

    #[test]
    fn the_task_says_which_function_it_means() {
        let rows = [
            ("write a function add(a, b) that returns the sum", Some(named("add", Some("a, b")))),
            ("Write `clamp(x, low=0, *, high)` for me", Some(named("clamp", Some("x, low=0, *, high")))),
            ("def area(r: float) -> float", Some(named("area", Some("r: float")))),
            ("write a function called count_vowels that counts", Some(named("count_vowels", None))),
            ("implement slugify", Some(named("slugify", None))),
            ("a function named to_roman for the number(s) given", Some(named("to_roman", None))),
            ("write the function(s) that are missing", None),
            ("implement the missing functions", None),
            ("use len(x) well", None),
            ("make it faster", None),
        ];
        for (task, expected) in rows {
            assert_eq!(wanted(task, &Tree::default(), None), expected, "{task}");
        }
        let tree = Tree::default()
            .with_text(
                "a.py",
                "def done(x):\n    return x\n\ndef slug(text, sep='-'):\n    raise NotImplementedError\n",
            )
            .with_text("tests/t.py", "def helper():\n    pass\n");
        assert_eq!(wanted("implement slug", &tree, None), Some(named("slug", Some("text, sep='-'"))));
        assert_eq!(wanted("finish it", &tree, Some("a.py")), Some(named("slug", Some("text, sep='-'"))));
        assert_eq!(wanted("finish it", &tree, None), None);
        assert_eq!(wanted("make done return twice", &tree, None), Some(named("done", Some("x"))));
    }

    #[test]
    fn usable_asserts_call_the_function_with_literals_and_most_answers_win() {
        let wanted = named("add", Some("a, b"));
        let answers = [
            "1, 2) == 3\nassert add(0, 0) == 0\nassert add(x, 1) == 2\nassert add(2, 2) == 5",
            "0, 0) == 0\nassert add(1, 2) == 3\nassert add(2, 2) == 4\nassert add(1) == 1\nassert sub(1, 2) == 3",
            "1, 2) == 4\nassert add(-1, 1) == 0, 'zero'\nprint(add(1, 1))\nassert add(7, 8) == 1",
            "9, 9) == os.getcwd()\nassert add(__import__('os'), 1) == 2\nassert add(5, 5) == 10 or True\nassert add(3,",
        ];
        let answers = answers.map(str::to_owned);
        assert_eq!(
            usable(&wanted, &answers),
            ["assert add(1, 2) == 3", "assert add(0, 0) == 0", "assert add(-1, 1) == 0"]
        );
        assert_eq!(usable(&wanted, &["nothing".to_owned(), String::new()]), Vec::<String>::new());
        let loose = named("f", None);
        let answers = ["1) == 2\nassert f(1, 2) == 3", "4) == 5", "not f(3)"].map(str::to_owned);
        assert_eq!(usable(&loose, &answers), ["assert f(1) == 2", "assert f(4) == 5"]);
    }

    #[test]
    fn a_chats_answer_counts_like_a_continuation() {
        let wanted = named("add", Some("a, b"));
        let answer = "Here you go:\n```python\nassert add(1, 2) == 3\nprint(1)\n  assert add(0, 0) == 0\n```\n";
        let answers = [from_answer(&wanted, answer)];
        assert_eq!(usable(&wanted, &answers), ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]);
        assert_eq!(from_answer(&wanted, "I cannot."), "");
        let Prompt::Chat(messages) = question(&wanted, "add two\nnumbers") else { panic!() };
        assert!(messages[0].content.contains("add(a, b)") && messages[0].content.contains("add two numbers"));
    }

    #[test]
    fn the_prompt_ends_inside_the_first_assert() {
        let Prompt::Text(text) = prompt(&named("add", Some("a, b")), "add two\nnumbers") else { panic!() };
        assert!(text.ends_with("# add(a, b): add two numbers\nassert add("), "{text}");
    }
}
