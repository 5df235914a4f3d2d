//! Edits of whole statements: returns that are missing or stand too deep, statements that are too many or in a wrong order,
//! names that do not exist.

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr};
use rustpython_ruff_python_ast::{Expr, Stmt, StmtFunctionDef};
use rustpython_ruff_text_size::Ranged;

use super::{Draft, EditKind, range_of};

pub(super) fn collect(draft: &mut Draft<'_>, function: &StmtFunctionDef) {
    unknown_name(draft, function);
    missing_return(draft, &function.body);
    suite(draft, &function.body, 0);
}

/// `name 'x' is not defined`: other names for it, everywhere, those that resemble it first.
fn unknown_name(draft: &mut Draft<'_>, function: &StmtFunctionDef) {
    let Some(name) = quoted_after(draft.wrong.error, "name '") else { return };
    let mut places = Places { name: &name, found: Vec::new() };
    function.body.iter().for_each(|statement| places.visit_stmt(statement));
    let found = places.found;
    let own = draft.wrong.block.name.clone();
    let mut known: Vec<String> = draft.names.iter().filter(|known| **known != name).cloned().collect();
    known.push(own);
    known.sort_by_key(|known| std::cmp::Reverse(resemblance(known, &name)));
    for known in known {
        let pieces = found.iter().map(|range| (range.clone(), known.clone())).collect();
        draft.edit(EditKind::Unknown, pieces, format!("`{name}` to `{known}`"));
    }
}

fn quoted_after(message: &str, words: &str) -> Option<String> {
    let rest = message.split_once(words)?.1;
    rest.split('\'').next().map(str::to_owned).filter(|name| !name.is_empty())
}

/// How many letters two names begin with alike, whatever their case and underscores.
fn resemblance(one: &str, other: &str) -> usize {
    let plain = |name: &str| name.to_lowercase().replace('_', "");
    let (one, other) = (plain(one), plain(other));
    let begin = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let end = one.chars().rev().zip(other.chars().rev()).take_while(|(a, b)| a == b).count();
    begin.max(end)
}

struct Places<'n> {
    name: &'n str,
    found: Vec<std::ops::Range<usize>>,
}

impl<'a> Visitor<'a> for Places<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.id.as_str() == self.name
        {
            self.found.push(range_of(expression));
        }
        walk_expr(self, expression);
    }
}

/// The last statement gives nothing back: it shall, or a variable after it.
fn missing_return(draft: &mut Draft<'_>, body: &[Stmt]) {
    let Some(last) = body.last() else { return };
    if matches!(last, Stmt::Return(_) | Stmt::Raise(_)) {
        return;
    }
    if let Stmt::Expr(expression) = last {
        let mut value = draft.text(&*expression.value).to_owned();
        if let Expr::Call(call) = &*expression.value
            && matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "print")
            && let Some(first) = call.arguments.args.first()
        {
            draft.text(first).clone_into(&mut value);
        }
        draft.replace(EditKind::Return, expression, &format!("return {value}"));
    }
    let margin = draft.margin(last).1;
    let end = last.end().to_usize();
    for name in draft.names.clone().into_iter().rev().filter(|name| name != "_") {
        let text = format!("\n{margin}return {name}");
        draft.edit(EditKind::Return, vec![(end..end, text)], format!("`return {name}` added"));
    }
}

/// Edits of a list of statements and of what stands in them. `loops`: how many loops it stands in.
fn suite(draft: &mut Draft<'_>, statements: &[Stmt], loops: usize) {
    for (number, statement) in statements.iter().enumerate() {
        let lines = draft.lines(statement);
        let whole_lines = draft.margin(statement).1.trim().is_empty();
        if statements.len() > 1 && whole_lines {
            let what = format!("`{}` left out", super::brief(first_line(draft.text(statement))));
            draft.edit(EditKind::Dropped, vec![(lines.clone(), String::new())], what);
        }
        if let Some(next) = statements.get(number + 1)
            && whole_lines
            && !matches!(statement, Stmt::Return(_))
        {
            let after = draft.lines(next);
            if lines.end == after.start {
                let (first, second) = (lines.clone(), after);
                let texts =
                    [first.clone(), second.clone()].map(|range| draft.source.get(range).unwrap_or_default().to_owned());
                let [one, other] = texts;
                let what = format!("`{}` after `{}`", super::brief(first_line(&one)), super::brief(first_line(&other)));
                draft.edit(EditKind::Swapped, vec![(first, other), (second, one)], what);
            }
        }
        inner(draft, statement, loops);
    }
}

fn first_line(text: &str) -> &str {
    text.trim_start().lines().next().unwrap_or_default()
}

fn inner(draft: &mut Draft<'_>, statement: &Stmt, loops: usize) {
    match statement {
        Stmt::For(looped) => {
            out_of_the_loop(draft, statement, &looped.body);
            suite(draft, &looped.body, loops + 1);
        }
        Stmt::While(looped) => {
            out_of_the_loop(draft, statement, &looped.body);
            suite(draft, &looped.body, loops + 1);
        }
        Stmt::If(branch) => {
            without_condition(draft, statement, &branch.body, branch.elif_else_clauses.is_empty());
            suite(draft, &branch.body, loops);
            for clause in &branch.elif_else_clauses {
                suite(draft, &clause.body, loops);
            }
        }
        Stmt::Return(one) => {
            if let Some(value) = &one.value {
                for name in draft.names.clone().into_iter().rev() {
                    if name != "_" {
                        draft.replace(EditKind::Variable, &**value, &name);
                    }
                }
            }
        }
        Stmt::Assign(assign) if loops == 0 && assign.value.is_number_literal_expr() => {
            for start in ["float(\"-inf\")", "float(\"inf\")"] {
                draft.replace(EditKind::Number, &*assign.value, start);
            }
        }
        _ => {}
    }
}

/// A `return` at the end of a loop's body ends the loop at its first turn: it shall come after the loop.
fn out_of_the_loop(draft: &mut Draft<'_>, looped: &Stmt, body: &[Stmt]) {
    let margin = draft.margin(looped).1;
    let end = draft.lines(looped).end;
    let Some(last) = body.last() else { return };
    let moved = |draft: &mut Draft<'_>, from: std::ops::Range<usize>, returned: &str| {
        let what = format!("`{}` after the loop", super::brief(returned));
        let pieces = vec![(from, String::new()), (end..end, format!("{margin}{returned}\n"))];
        draft.edit(EditKind::Moved, pieces, what);
    };
    match last {
        Stmt::Return(_) if body.len() > 1 => {
            let text = draft.text(last).to_owned();
            let lines = draft.lines(last);
            moved(draft, lines, &text);
        }
        Stmt::If(branch) => {
            let Some(clause) = branch.elif_else_clauses.last().filter(|clause| clause.test.is_none()) else { return };
            let [Stmt::Return(returned)] = &clause.body[..] else { return };
            let text = draft.text(returned).to_owned();
            let lines = draft.lines(clause);
            moved(draft, lines, &text);
        }
        _ => {}
    }
}

/// The body of an `if` without its condition.
fn without_condition(draft: &mut Draft<'_>, branch: &Stmt, body: &[Stmt], alone: bool) {
    let (Some(first), Some(last)) = (body.first(), body.last()) else { return };
    if !alone {
        return;
    }
    let (start, outer) = draft.margin(branch);
    let (from, inner) = draft.margin(first);
    let end = draft.lines(last).end;
    if from <= start || !inner.starts_with(&outer) {
        return;
    }
    let text: String = draft
        .source
        .get(from..end)
        .unwrap_or_default()
        .lines()
        .map(|line| match line.strip_prefix(inner.as_str()) {
            Some(rest) => format!("{outer}{rest}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let what = format!("`{}` without its condition", super::brief(first_line(&text)));
    draft.edit(EditKind::Dropped, vec![(start..end, text)], what);
}
