//! `with` statements: what a `*` in their targets takes apart, and bodies whose end is never reached.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::{AtomicNodeIndex, Expr, Stmt};
use rustpython_ruff_text_size::Ranged as _;

use super::{build, stars};
use crate::hooks;

/// Wraps the managers whose value is taken apart, and gives the body an end that the compiler takes for reachable.
pub(crate) fn rewrite(with: &mut ast::StmtWith) {
    if !with.is_async {
        for item in &mut with.items {
            if item.optional_vars.as_deref().is_some_and(stars::in_target) {
                build::wrap(&mut item.context_expr, hooks::ENTERING);
            }
        }
    }
    if !with.body.iter().all(may_fall_through) {
        make_end_reachable(&mut with.body);
    }
}

/// Whether what follows the statement can be reached, as far as the compiler sees; no where that is in doubt.
fn may_fall_through(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_) => false,
        Stmt::Assert(assert) => !assert.test.is_literal_expr(),
        Stmt::While(loop_) => !loop_.test.is_literal_expr(),
        Stmt::Try(_) | Stmt::Match(_) => false,
        Stmt::If(branches) => {
            let all =
                std::iter::once(&branches.body).chain(branches.elif_else_clauses.iter().map(|clause| &clause.body));
            !branches.test.is_literal_expr() && all.into_iter().all(|body| body.iter().all(may_fall_through))
        }
        _ => true,
    }
}

/// `body` becomes `if not {}: body`. Where the end of the body of a `with` is out of reach, the interpreter's compiler
/// takes the code after the statement, which a manager that swallows an exception leads to, for part of the handler: an
/// exception raised there would unwind a stack that is gone.
fn make_end_reachable(body: &mut Vec<Stmt>) {
    let Some(range) = body.first().map(Stmt::range) else { return };
    let nothing = Expr::Dict(ast::ExprDict { node_index: AtomicNodeIndex::NONE, range, items: Vec::new() });
    let test = Expr::UnaryOp(ast::ExprUnaryOp {
        node_index: AtomicNodeIndex::NONE,
        range,
        op: ast::UnaryOp::Not,
        operand: Box::new(nothing),
    });
    let inner = std::mem::take(body);
    body.push(Stmt::If(ast::StmtIf {
        node_index: AtomicNodeIndex::NONE,
        range,
        test: Box::new(test),
        body: inner,
        elif_else_clauses: Vec::new(),
    }));
}
