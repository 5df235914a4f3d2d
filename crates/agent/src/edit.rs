//! Small edits of a candidate that ran and was wrong: what a person would try before writing it anew.
//!
//! An edit replaces pieces of the candidate's text at places that its syntax tree names, so that the rest stays as it was
//! written. Edits know the parameters, the shown examples and the first error; they never copy a shown result, except
//! words between which the candidate's own condition chooses.
//!
//! Invariant: pure. The same candidate gives the same variants in the same order.

mod expressions;
mod results;
mod statements;

use std::collections::BTreeSet;
use std::ops::Range;

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use rustpython_ruff_python_ast::{Expr, ExprContext, Stmt, StmtFunctionDef};
use rustpython_ruff_text_size::Ranged;

use crate::python::examples::{Example, is_constant};
use crate::python::functions::Block;
use crate::python::parse;

/// Most variants of one candidate.
pub(crate) const VARIANTS_MAX: usize = 240;
/// Largest candidate that is edited, in bytes: what a small model writes correctly is short.
const BODY_BYTES_MAX: usize = 2_000;

/// What an edit does. The order is the order in which equally plausible ones are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// Another name for one that does not exist.
    Unknown,
    /// A result where there was none.
    Return,
    /// A return that stood too deep.
    Moved,
    /// The result as another type, or in another form.
    Result,
    /// The words that the examples have, in place of the candidate's own.
    Words,
    /// A parameter that was not used at all.
    Unused,
    /// `<` and its like.
    Compare,
    /// Bounds of a `range`.
    Range,
    /// A number, one more or less.
    Number,
    /// Where an index or a slice points.
    Index,
    /// `+` and its like.
    Arithmetic,
    /// A method or function with a similar purpose.
    Method,
    /// A condition and its opposite; `and` and `or`.
    Condition,
    /// Operands or arguments the other way round.
    Order,
    /// How something is sorted.
    Sorted,
    /// Another variable.
    Variable,
    /// A statement left out.
    Dropped,
    /// Two statements the other way round.
    Swapped,
}

/// One edit that was made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AppliedEdit {
    /// What it does.
    pub kind: EditKind,
    /// In words: `` `<` to `<=` ``.
    pub what: String,
}

/// An edited candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) body: String,
    pub(crate) kind: EditKind,
    /// For the user: `` `<` to `<=` ``.
    pub(crate) what: String,
}

/// A candidate and what is known about its failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrong<'a> {
    pub(crate) body: &'a str,
    pub(crate) block: &'a Block,
    pub(crate) examples: &'a [Example],
    /// The first failure's message.
    pub(crate) error: &'a str,
}

struct Edit {
    kind: EditKind,
    pieces: Vec<(Range<usize>, String)>,
    what: String,
}

/// The candidate as a module of its own, with the edits found so far.
struct Draft<'a> {
    wrong: Wrong<'a>,
    source: String,
    edits: Vec<Edit>,
    /// Parameters, then what the body binds, in order of appearance.
    names: Vec<String>,
    /// Parameters that the body never reads.
    unused: Vec<String>,
}

impl Draft<'_> {
    fn text(&self, node: &impl Ranged) -> &str {
        crate::python::text_of(&self.source, node)
    }

    /// Replaces one node's text.
    fn replace(&mut self, kind: EditKind, node: &impl Ranged, new: &str) {
        let what = format!("`{}` to `{}`", brief(self.text(node)), brief(new));
        self.edit(kind, vec![(range_of(node), new.to_owned())], what);
    }

    fn edit(&mut self, kind: EditKind, pieces: Vec<(Range<usize>, String)>, what: String) {
        self.edits.push(Edit { kind, pieces, what });
    }

    /// The white space that a statement's line begins with, and where this line begins.
    fn margin(&self, node: &impl Ranged) -> (usize, String) {
        let at = node.start().to_usize();
        let line = self.source.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        (line, self.source.get(line..at).unwrap_or_default().to_owned())
    }

    /// From the beginning of the first line to the end of the last, with its newline.
    fn lines(&self, node: &impl Ranged) -> Range<usize> {
        let end = node.end().to_usize();
        let rest = self.source.get(end..).unwrap_or_default();
        self.margin(node).0..end + rest.find('\n').map_or(rest.len(), |newline| newline + 1)
    }
}

fn range_of(node: &impl Ranged) -> Range<usize> {
    node.start().to_usize()..node.end().to_usize()
}

/// A piece of code in a sentence.
fn brief(code: &str) -> String {
    const CHARS_MAX: usize = 40;
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// Every variant, most plausible first; none of them equals the candidate or another one.
pub(crate) fn variants(wrong: &Wrong<'_>) -> Vec<Variant> {
    if wrong.body.len() > BODY_BYTES_MAX || wrong.block.is_class {
        return Vec::new();
    }
    let head = format!("def {}({}):\n", wrong.block.name, wrong.block.parameters.join(", "));
    let source = format!("{head}{}\n", wrong.body);
    let Some(module) = parse(&source) else { return Vec::new() };
    let [Stmt::FunctionDef(function)] = &module.body[..] else { return Vec::new() };
    let read = Names::of(function, &wrong.block.parameters);
    let unused = wrong.block.parameters.iter().filter(|name| !read.loaded.contains(*name)).cloned().collect();
    let mut draft = Draft { wrong: *wrong, source, edits: Vec::new(), names: read.known, unused };
    statements::collect(&mut draft, function);
    results::collect(&mut draft, function);
    expressions::collect(&mut draft, function);
    let order = plausible(wrong.error);
    let Draft { source, mut edits, .. } = draft;
    edits.sort_by_key(|edit| (order.iter().position(|kind| *kind == edit.kind).unwrap_or(usize::MAX), edit.kind));
    let mut seen = BTreeSet::from([wrong.body.to_owned()]);
    let applied = edits.into_iter().filter_map(|edit| {
        let text = apply(&source, edit.pieces)?;
        let body = text.get(head.len()..)?.trim_end().to_owned();
        let module = parse(&text)?;
        (depends_on_input(&module.body, &wrong.block.parameters) && seen.insert(body.clone())).then_some(Variant {
            body,
            kind: edit.kind,
            what: edit.what,
        })
    });
    applied.take(VARIANTS_MAX).collect()
}

/// The source with the pieces replaced; `None` when they overlap.
fn apply(source: &str, mut pieces: Vec<(Range<usize>, String)>) -> Option<String> {
    pieces.sort_by_key(|(range, _)| (range.start, range.end));
    let mut text = String::with_capacity(source.len() + 32);
    let mut at = 0;
    for (range, new) in pieces {
        text.push_str(source.get(at..range.start)?);
        text.push_str(&new);
        at = range.end;
    }
    text.push_str(source.get(at..)?);
    Some(text)
}

/// Kinds that the error speaks for, before all others.
fn plausible(error: &str) -> &'static [EditKind] {
    use EditKind as K;
    if error.contains("NameError") || error.contains("UnboundLocalError") {
        &[K::Unknown, K::Unused, K::Moved]
    } else if error.contains("assert None ") {
        &[K::Return, K::Moved, K::Result]
    } else if error.contains("IndexError") {
        &[K::Range, K::Index, K::Compare, K::Number]
    } else if error.contains("AttributeError") || error.contains("KeyError") {
        &[K::Method, K::Unused]
    } else if error.contains("TypeError") {
        &[K::Unused, K::Result, K::Method]
    } else {
        &[]
    }
}

/// Whether a module's only function looks at its input and doesn't always return the same constant: whatever
/// passes without that has only learnt the shown results.
fn depends_on_input(module: &[Stmt], parameters: &[String]) -> bool {
    let [Stmt::FunctionDef(function)] = module else { return false };
    let read = Names::of(function, parameters);
    let looks = parameters.is_empty() || parameters.iter().any(|name| read.loaded.contains(name));
    let mut returns = Returns::default();
    function.body.iter().for_each(|statement| returns.visit_stmt(statement));
    let is_choice = returns.0.len() > 1 || !returns.0.iter().all(|value| is_constant(value));
    looks && (returns.0.is_empty() || is_choice)
}

/// Values of all `return` statements of the function itself.
#[derive(Default)]
struct Returns<'a>(Vec<&'a Expr>);

impl<'a> Visitor<'a> for Returns<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Return(one) => self.0.extend(one.value.as_deref()),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// What a function reads and binds.
#[derive(Default)]
struct Names {
    loaded: BTreeSet<String>,
    known: Vec<String>,
}

impl Names {
    fn of(function: &StmtFunctionDef, parameters: &[String]) -> Self {
        let mut names = Self { loaded: BTreeSet::new(), known: parameters.to_vec() };
        function.body.iter().for_each(|statement| names.visit_stmt(statement));
        names
    }
}

impl<'a> Visitor<'a> for Names {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression {
            if matches!(name.ctx, ExprContext::Load) {
                self.loaded.insert(name.id.to_string());
            } else if !self.known.iter().any(|known| known == name.id.as_str()) {
                self.known.push(name.id.to_string());
            }
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::functions::blocks;

    fn of(head: &str, body: &str, shown: &[(&str, &str)], error: &str) -> Vec<Variant> {
        let source = format!("{head}\n    pass\n");
        let block = blocks(&source, &parse(&source).unwrap()).remove(0);
        let example = |(call, value): &(&str, &str)| Example { call: (*call).to_owned(), value: (*value).to_owned() };
        let examples: Vec<Example> = shown.iter().map(example).collect();
        variants(&Wrong { body, block: &block, examples: &examples, error })
    }

    /// Head, candidate, an example, the error, and the variant that has to be among those of this kind.
    type Row<'a> = (EditKind, &'a str, &'a str, (&'a str, &'a str), &'a str, &'a str);

    const NONE: (&str, &str) = ("f(1)", "1");

    const ROWS: &[Row<'_>] = &[
        (
            EditKind::Unknown,
            "def f(numbers):",
            "    return sum(nums)",
            NONE,
            "t: NameError: name 'nums' is not defined",
            "    return sum(numbers)",
        ),
        (
            EditKind::Unknown,
            "def gcd_of(a, b):",
            "    return b if a == 0 else gcd(b % a, a)",
            NONE,
            "t: NameError: name 'gcd' is not defined",
            "    return b if a == 0 else gcd_of(b % a, a)",
        ),
        (EditKind::Unknown, "def f(x):", "    return np.sqrt(x)", NONE, "", "    return math.sqrt(x)"),
        (
            EditKind::Return,
            "def f(x):",
            "    y = x + 1",
            NONE,
            "t: AssertionError: assert None == 2",
            "    y = x + 1\n    return y",
        ),
        (EditKind::Return, "def f(x):", "    print(x + 1)", NONE, "", "    return x + 1"),
        (
            EditKind::Moved,
            "def f(xs):",
            "    t = 0\n    for x in xs:\n        t += x\n        return t",
            NONE,
            "",
            "    t = 0\n    for x in xs:\n        t += x\n    return t",
        ),
        (
            EditKind::Moved,
            "def f(xs):",
            "    for x in xs:\n        if x > 1:\n            return True\n        else:\n            return False",
            NONE,
            "",
            "    for x in xs:\n        if x > 1:\n            return True\n    return False",
        ),
        (
            EditKind::Result,
            "def f(x):",
            "    return set(x)",
            ("f([1])", "[1]"),
            "t: assert {1} == [1]",
            "    return list(set(x))",
        ),
        (
            EditKind::Result,
            "def f(x):",
            "    return x.split()",
            ("f('a')", "1"),
            "t: assert ['a'] == 1",
            "    return len(x.split())",
        ),
        (
            EditKind::Result,
            "def f(x):",
            "    return [y for y in x]",
            ("f([1])", "1"),
            "",
            "    return sum(y for y in x)",
        ),
        (
            EditKind::Result,
            "def f(x):",
            "    return x / 3",
            ("f(1)", "0.33"),
            "t: assert 0.3333 == 0.33",
            "    return round(x / 3, 2)",
        ),
        (EditKind::Unused, "def f(x, n):", "    return x * 3", NONE, "", "    return x * n"),
        (EditKind::Compare, "def f(x):", "    return x < 1", NONE, "", "    return x <= 1"),
        (EditKind::Range, "def f(n):", "    return sum(range(n))", NONE, "", "    return sum(range(1, n + 1))"),
        (EditKind::Range, "def f(n):", "    return sum(range(1, n))", NONE, "", "    return sum(range(1, n + 1))"),
        (EditKind::Number, "def f(x):", "    return x + 1", NONE, "", "    return x + 2"),
        (EditKind::Index, "def f(x, i):", "    return x[i]", NONE, "", "    return x[i - 1]"),
        (EditKind::Index, "def f(x, i):", "    return x[:i]", NONE, "", "    return x[:i + 1]"),
        (EditKind::Arithmetic, "def f(x):", "    return x / 2", NONE, "", "    return x // 2"),
        (EditKind::Arithmetic, "def f(x):", "    x += 2\n    return x", NONE, "", "    x -= 2\n    return x"),
        (EditKind::Method, "def f(x):", "    return x.lower()", NONE, "", "    return x.upper()"),
        (EditKind::Method, "def f(x):", "    return min(x)", NONE, "", "    return max(x)"),
        (EditKind::Condition, "def f(x, y):", "    return x and y", NONE, "", "    return x or y"),
        (
            EditKind::Condition,
            "def f(x):",
            "    if x > 1:\n        return 1\n    return 2",
            NONE,
            "",
            "    if not (x > 1):\n        return 1\n    return 2",
        ),
        (EditKind::Order, "def f(x, y):", "    return x - y", NONE, "", "    return y - x"),
        (EditKind::Order, "def f(x):", "    return x * 180 / math.pi", NONE, "", "    return x * math.pi / 180"),
        (EditKind::Sorted, "def f(x):", "    return sorted(x)", NONE, "", "    return sorted(x, key=lambda x: x[1])"),
        (EditKind::Variable, "def f(x, y):", "    return x + x + y", NONE, "", "    return x + y + y"),
        (EditKind::Dropped, "def f(x):", "    x = x + 1\n    return x", NONE, "", "    return x"),
        (
            EditKind::Dropped,
            "def f(x):",
            "    if x > 1:\n        x = 1\n    return x",
            NONE,
            "",
            "    x = 1\n    return x",
        ),
        (
            EditKind::Swapped,
            "def f(x):",
            "    x += 1\n    x *= 2\n    return x",
            NONE,
            "",
            "    x *= 2\n    x += 1\n    return x",
        ),
    ];

    #[test]
    fn every_kind_edits_what_it_is_for() {
        for (kind, head, body, shown, error, wanted) in ROWS {
            let found = of(head, body, &[*shown], error);
            let hit = found.iter().find(|variant| variant.body == *wanted && variant.kind == *kind);
            let bodies =
                || found.iter().map(|one| format!("{:?} {}", one.kind, one.body)).collect::<Vec<_>>().join("\n");
            assert!(hit.is_some(), "{kind:?}: {body} is never {wanted}, but\n{}", bodies());
        }
        let kinds: BTreeSet<EditKind> = ROWS.iter().map(|row| row.0).collect();
        assert_eq!(kinds.len(), 17, "a row for every kind but words, which need two examples");
    }

    #[test]
    fn words_that_the_examples_choose_between_replace_the_candidates_own() {
        let body = "    if x > 0:\n        return \"no\"\n    return \"yes\"";
        let bodies: Vec<String> = of("def f(x):", body, &[("f(1)", "'Up'"), ("f(-1)", "'Down'")], "")
            .into_iter()
            .map(|one| one.body)
            .collect();
        for (one, other) in [("'Up'", "'Down'"), ("'Down'", "'Up'")] {
            assert!(bodies.contains(&format!("    if x > 0:\n        return {one}\n    return {other}")), "{bodies:?}");
        }
        let alone = of("def f(x):", "    return x > 0", &[("f(1)", "'Up'")], "");
        assert!(alone.iter().all(|one| !one.body.contains("Up")), "one word would be copied: {alone:?}");
        let echoed = of("def f(x):", "    return x[0] == 'b'", &[("f('ab')", "'a'"), ("f('bc')", "'b'")], "");
        assert!(echoed.iter().all(|one| one.kind != EditKind::Words), "a word of the input is computed: {echoed:?}");
    }

    #[test]
    fn nothing_that_ignores_its_input_is_a_variant() {
        let found = of("def f(x):", "    return x > 1", &[("f(2)", "True")], "");
        assert!(!found.is_empty());
        for variant in found {
            assert!(variant.body.contains('x'), "{}", variant.body);
        }
        for body in ["    return False", "    y = x\n    return True"] {
            let found = of("def f(x):", body, &[("f(2)", "True")], "");
            assert!(found.iter().all(|one| !one.body.trim_end().ends_with("return True")), "{found:?}");
        }
    }

    #[test]
    fn variants_are_distinct_bounded_and_always_the_same() {
        let lines: String = (0..30).map(|n| format!("    x = x + {n} * y - x % {n}\n")).collect();
        let body = format!("{lines}    return x");
        let found = of("def f(x, y):", &body, &[NONE], "");
        assert_eq!(found.len(), VARIANTS_MAX);
        let bodies: BTreeSet<&str> = found.iter().map(|one| one.body.as_str()).collect();
        assert_eq!(bodies.len(), found.len());
        assert!(!bodies.contains(body.as_str()));
        assert_eq!(of("def f(x, y):", &body, &[NONE], ""), found);
        assert!(of("def f(x):", &format!("    return x{}", " + 1".repeat(BODY_BYTES_MAX)), &[NONE], "").is_empty());
        assert!(of("def f(x):", "    return (", &[NONE], "").is_empty());
    }

    #[test]
    fn what_the_error_speaks_for_comes_first() {
        let body = "    total = 0\n    for i in range(len(xs)):\n        total += xs[i + 1]\n    return total";
        let kind = |error: &str| of("def f(xs):", body, &[NONE], error).first().map(|one| one.kind);
        assert_eq!(kind("t: IndexError: list index out of range"), Some(EditKind::Range));
        assert_eq!(kind("t: NameError: name 'y' is not defined"), kind(""));
    }
}
