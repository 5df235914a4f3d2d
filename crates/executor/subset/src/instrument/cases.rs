//! Which module-level statements of an oracle file are test cases, and turning them into such.
//!
//! The plan is made on the tree as written and applied after everything else was rewritten: a path
//! of statement indices leads to each case.

use std::collections::BTreeSet;

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::visitor::{self, Visitor};
use rustpython_ruff_python_ast::{Expr, Stmt};
use rustpython_ruff_source_file::SourceFile;
use rustpython_ruff_text_size::Ranged as _;

use super::{build, verdicts};
use crate::hooks;

/// One test case of an oracle file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id, e.g. `assert:12`; a case in a loop or a second one on a line has the same id.
    pub id: String,
    /// Line of its statement, from 1.
    pub line: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `CASE(id, thunk)`.
    Thunk,
    /// `if CASE_OPEN(id): try: …`.
    Statement,
}

/// The cases of a file, found before the tree is rewritten.
pub(crate) struct Plan {
    /// In source order: what becomes of each statement that can be a case, cases or not.
    forms: Vec<Option<Form>>,
    cases: Vec<Case>,
}

impl Plan {
    pub(crate) fn of(body: &[Stmt], source: &SourceFile) -> Self {
        let mut asserting = BTreeSet::new();
        for stmt in body {
            if let Stmt::FunctionDef(function) = stmt
                && !function.is_async
                && holds_assert(&function.body, true)
            {
                asserting.insert(function.name.as_str());
            }
        }
        let mut plan = Self { forms: Vec::new(), cases: Vec::new() };
        plan.scan(body, source, &asserting);
        plan
    }

    fn scan(&mut self, body: &[Stmt], source: &SourceFile, asserting: &BTreeSet<&str>) {
        for stmt in body {
            let found = case_of(stmt, asserting);
            if let Some((kind, _)) = found {
                let line = source.to_source_code().line_index(stmt.range().start()).get();
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                self.cases.push(Case { id: format!("{kind}:{line}"), line });
            }
            if is_candidate(stmt) {
                self.forms.push(found.map(|(_, form)| form));
            }
            if found.is_none() {
                for inner in blocks(stmt) {
                    self.scan(inner, source, asserting);
                }
            }
        }
    }

    /// Turns the planned statements into cases.
    pub(crate) fn apply(self, body: &mut [Stmt]) -> Vec<Case> {
        let mut forms = self.forms.into_iter();
        let mut cases = self.cases.iter();
        apply(body, &mut forms, &mut cases);
        self.cases
    }
}

fn apply<'a>(
    body: &mut [Stmt],
    forms: &mut impl Iterator<Item = Option<Form>>,
    cases: &mut impl Iterator<Item = &'a Case>,
) {
    for stmt in body {
        if is_tick(stmt) {
            continue;
        }
        let form = if is_candidate(stmt) { forms.next().flatten() } else { None };
        let case = form.and_then(|form| Some((form, cases.next()?)));
        let Some((form, case)) = case else {
            for inner in blocks_mut(stmt) {
                apply(inner, forms, cases);
            }
            continue;
        };
        let range = stmt.range();
        let inner =
            std::mem::replace(stmt, Stmt::Pass(ast::StmtPass { node_index: ast::AtomicNodeIndex::NONE, range }));
        *stmt = match (form, inner) {
            (Form::Thunk, Stmt::Assert(assert)) => {
                let mut arguments = vec![build::text(range, &case.id), build::thunk(verdicts::unchecked(*assert.test))];
                arguments.extend(assert.msg.map(|message| build::thunk(*message)));
                build::statement(build::call(range, hooks::CASE, arguments))
            }
            (_, inner) => build::case_statement(&case.id, inner),
        };
    }
}

/// Kinds of statement that can be a case. Rewriting changes none of them into another.
fn is_candidate(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Assert(_) | Stmt::Try(_) | Stmt::With(_) | Stmt::Expr(_))
}

/// A `TICK()` that was put at the head of a loop after the plan was made.
fn is_tick(stmt: &Stmt) -> bool {
    let Stmt::Expr(expr) = stmt else { return false };
    let Expr::Call(call) = &*expr.value else { return false };
    matches!(&*call.func, Expr::Name(name) if name.id.as_str() == hooks::TICK)
}

fn case_of(stmt: &Stmt, asserting: &BTreeSet<&str>) -> Option<(&'static str, Form)> {
    match stmt {
        Stmt::Assert(assert) => {
            let binds = binds_name(&assert.test) || assert.msg.as_deref().is_some_and(binds_name);
            Some(("assert", if binds { Form::Statement } else { Form::Thunk }))
        }
        Stmt::Try(try_) => {
            let handlers = try_.handlers.iter().any(|handler| {
                let ast::ExceptHandler::ExceptHandler(handler) = handler;
                holds_assert(&handler.body, false)
            });
            let bodies = [&try_.body, &try_.orelse, &try_.finalbody];
            let holds = handlers || bodies.into_iter().any(|body| holds_assert(body, false));
            holds.then_some(("try", Form::Statement))
        }
        Stmt::With(with) => holds_assert(&with.body, false).then_some(("with", Form::Statement)),
        Stmt::Expr(expr) => {
            let Expr::Call(call) = &*expr.value else { return None };
            let Expr::Name(name) = &*call.func else { return None };
            asserting.contains(name.id.as_str()).then_some(("call", Form::Statement))
        }
        _ => None,
    }
}

/// The module-level blocks within a statement.
fn blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match stmt {
        Stmt::If(if_) => {
            std::iter::once(&*if_.body).chain(if_.elif_else_clauses.iter().map(|clause| &*clause.body)).collect()
        }
        Stmt::For(ast::StmtFor { body, orelse, .. }) | Stmt::While(ast::StmtWhile { body, orelse, .. }) => {
            vec![body, orelse]
        }
        Stmt::Match(match_) => match_.cases.iter().map(|case| &*case.body).collect(),
        _ => Vec::new(),
    }
}

/// As [`blocks`].
fn blocks_mut(stmt: &mut Stmt) -> Vec<&mut [Stmt]> {
    match stmt {
        Stmt::If(if_) => std::iter::once(&mut *if_.body)
            .chain(if_.elif_else_clauses.iter_mut().map(|clause| &mut *clause.body))
            .collect(),
        Stmt::For(ast::StmtFor { body, orelse, .. }) | Stmt::While(ast::StmtWhile { body, orelse, .. }) => {
            vec![body, orelse]
        }
        Stmt::Match(match_) => match_.cases.iter_mut().map(|case| &mut *case.body).collect(),
        _ => Vec::new(),
    }
}

/// Whether an assert stands in these statements; those of nested functions count only if asked for.
fn holds_assert(body: &[Stmt], within_functions: bool) -> bool {
    struct Search {
        within_functions: bool,
        found: bool,
    }
    impl<'a> Visitor<'a> for Search {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            match stmt {
                Stmt::Assert(_) => self.found = true,
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) if !self.within_functions => {}
                _ if self.found => {}
                _ => visitor::walk_stmt(self, stmt),
            }
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut search = Search { within_functions, found: false };
    search.visit_body(body);
    search.found
}

/// Whether evaluating the expression binds a name of the module.
fn binds_name(expr: &Expr) -> bool {
    struct Search(bool);
    impl<'a> Visitor<'a> for Search {
        fn visit_expr(&mut self, expr: &'a Expr) {
            self.0 |= expr.is_named_expr();
            if !self.0 {
                visitor::walk_expr(self, expr);
            }
        }
    }
    let mut search = Search(false);
    search.visit_expr(expr);
    search.0
}
