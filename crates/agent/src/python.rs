//! What the agent has to know about Python source: where functions are, which are unwritten,
//! which names a module binds and misses, and what its asserts say.
//!
//! Invariant: reads only. Whether a program may run is decided by the executor, never here.

pub(crate) mod examples;
pub(crate) mod functions;
pub(crate) mod names;
pub(crate) mod tabs;

use rustpython_ruff_python_ast::{Expr, ModModule, Stmt};
use rustpython_ruff_text_size::{Ranged, TextRange};

/// Deepest nesting of brackets that is analysed: the parser is recursive.
const BRACKETS_MAX: usize = 120;
/// Longest line that is analysed, in bytes: longer ones are data, and operators nest along a line.
const LINE_BYTES_MAX: usize = 2_000;
/// Most operators of one bracketed group of lines.
const OPERATORS_MAX: usize = 4_000;
/// Most operators of one group that nest to the right: signs in a row, `not`, `**`, `lambda`, `else`.
const NESTING_MAX: usize = 300;

/// Parses a module. `None` for what is no Python, and for what is built to exhaust a recursive parser.
pub(crate) fn parse(source: &str) -> Option<ModModule> {
    if !is_tame(source) {
        return None;
    }
    rustpython_ruff_python_parser::parse_module(source).ok().map(rustpython_ruff_python_parser::Parsed::into_syntax)
}

/// Parses one expression that stands alone.
pub(crate) fn parse_expression(source: &str) -> Option<Expr> {
    if !is_tame(source) {
        return None;
    }
    rustpython_ruff_python_parser::parse_expression(source).ok().map(|parsed| *parsed.into_syntax().body)
}

/// Whether recursion over the source stays shallow, whatever it holds: a cheap bound that strings
/// and comments count towards, too.
fn is_tame(source: &str) -> bool {
    let (mut depth, mut operators, mut nesting) = (0_usize, 0_usize, 0_usize);
    if source.contains('\0') {
        return false;
    }
    for line in source.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.len() > LINE_BYTES_MAX || indent > BRACKETS_MAX * 4 {
            return false;
        }
        for word in ["not", "lambda", "else", "await", "**", "--", "~", "- -", "+ +", "++"] {
            nesting += line.matches(word).count();
        }
        nesting += usize::from(matches!(line.trim(), "-" | "+"));
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'-' | b'+' | b'*' | b'/' | b'%' | b'|' | b'&' | b'.' => operators += 1,
                _ => {}
            }
            if depth > BRACKETS_MAX {
                return false;
            }
        }
        if operators > OPERATORS_MAX || nesting > NESTING_MAX {
            return false;
        }
        if depth == 0 && !line.ends_with('\\') {
            (operators, nesting) = (0, 0);
        }
    }
    true
}

/// The source text of a node.
pub(crate) fn text(source: &str, range: TextRange) -> &str {
    source.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
}

/// The source text of something that has a place.
pub(crate) fn text_of<'a>(source: &'a str, node: &impl Ranged) -> &'a str {
    text(source, node.range())
}

/// Whether the statement is a lone string: a docstring where it comes first.
pub(crate) fn is_string_statement(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(expression) if matches!(*expression.value, Expr::StringLiteral(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_shapes_are_refused_before_the_parser_sees_them() {
        assert!(parse("x = 1\n").is_some());
        assert!(parse("def f(:\n").is_none());
        assert!(parse("x = \0").is_none());
        assert!(parse(&format!("x = {}1{}", "(".repeat(200), ")".repeat(200))).is_none());
        assert!(parse(&format!("x = {}1", "-".repeat(100_000))).is_none());
        assert!(parse(&format!("x = (\n{}1)", "-\n".repeat(100_000))).is_none());
        assert!(parse_expression("f(1) + 2").is_some());
        assert!(parse_expression("x = 1").is_none());
    }
}
