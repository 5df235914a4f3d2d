//! Makes the nodes that instrumentation adds. Every one takes the range of the node it stands for.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::name::Name;
use rustpython_ruff_python_ast::{AtomicNodeIndex, Expr, ExprContext, Stmt};
use rustpython_ruff_text_size::{Ranged as _, TextRange};

use crate::hooks;

pub(crate) fn name(range: TextRange, id: &str, ctx: ExprContext) -> Expr {
    Expr::Name(ast::ExprName { node_index: AtomicNodeIndex::NONE, range, id: Name::new(id), ctx })
}

pub(crate) fn call(range: TextRange, function: &str, arguments: Vec<Expr>) -> Expr {
    let func = Box::new(name(range, function, ExprContext::Load));
    let arguments = ast::Arguments {
        range,
        node_index: AtomicNodeIndex::NONE,
        args: arguments.into_boxed_slice(),
        keywords: Box::default(),
    };
    Expr::Call(ast::ExprCall { node_index: AtomicNodeIndex::NONE, range, func, arguments })
}

pub(crate) fn text(range: TextRange, value: &str) -> Expr {
    let flags = ast::StringLiteralFlags::empty();
    let literal = ast::StringLiteral { range, node_index: AtomicNodeIndex::NONE, value: value.into(), flags };
    Expr::StringLiteral(ast::ExprStringLiteral {
        node_index: AtomicNodeIndex::NONE,
        range,
        value: ast::StringLiteralValue::single(literal),
    })
}

pub(crate) fn boolean(range: TextRange, value: bool) -> Expr {
    Expr::BooleanLiteral(ast::ExprBooleanLiteral { node_index: AtomicNodeIndex::NONE, range, value })
}

pub(crate) fn integer(range: TextRange, value: usize) -> Expr {
    let value = ast::Number::Int(ast::Int::from(u32::try_from(value).unwrap_or(u32::MAX)));
    Expr::NumberLiteral(ast::ExprNumberLiteral { node_index: AtomicNodeIndex::NONE, range, value })
}

/// `a or b …`
pub(crate) fn any(range: TextRange, values: Vec<Expr>) -> Expr {
    Expr::BoolOp(ast::ExprBoolOp { node_index: AtomicNodeIndex::NONE, range, op: ast::BoolOp::Or, values })
}

/// `a and b …`
pub(crate) fn all(range: TextRange, values: Vec<Expr>) -> Expr {
    Expr::BoolOp(ast::ExprBoolOp { node_index: AtomicNodeIndex::NONE, range, op: ast::BoolOp::And, values })
}

/// `(id := value)`
pub(crate) fn bind(range: TextRange, id: &str, value: Expr) -> Expr {
    let target = Box::new(name(range, id, ExprContext::Store));
    Expr::Named(ast::ExprNamed { node_index: AtomicNodeIndex::NONE, range, target, value: Box::new(value) })
}

/// `lambda: body`
pub(crate) fn thunk(body: Expr) -> Expr {
    let range = body.range();
    Expr::Lambda(ast::ExprLambda { node_index: AtomicNodeIndex::NONE, range, parameters: None, body: Box::new(body) })
}

pub(crate) fn statement(value: Expr) -> Stmt {
    Stmt::Expr(ast::StmtExpr { node_index: AtomicNodeIndex::NONE, range: value.range(), value: Box::new(value) })
}

/// `if CASE_OPEN(id): try: stmt except: CASE_CLOSE(id, False) finally: CASE_CLOSE(id, True)`
pub(crate) fn case_statement(id: &str, stmt: Stmt) -> Stmt {
    let range = stmt.range();
    let close = |passed| statement(call(range, hooks::CASE_CLOSE, vec![text(range, id), boolean(range, passed)]));
    let handler = ast::ExceptHandler::ExceptHandler(ast::ExceptHandlerExceptHandler {
        range,
        node_index: AtomicNodeIndex::NONE,
        type_: None,
        name: None,
        body: vec![close(false)],
    });
    let guarded = Stmt::Try(ast::StmtTry {
        node_index: AtomicNodeIndex::NONE,
        range,
        body: vec![stmt],
        handlers: vec![handler],
        orelse: Vec::new(),
        finalbody: vec![close(true)],
        is_star: false,
    });
    Stmt::If(ast::StmtIf {
        node_index: AtomicNodeIndex::NONE,
        range,
        test: Box::new(call(range, hooks::CASE_OPEN, vec![text(range, id)])),
        body: vec![guarded],
        elif_else_clauses: Vec::new(),
    })
}

/// Takes the expression out and puts back what `make` makes of it.
pub(crate) fn replace(place: &mut Expr, make: impl FnOnce(Expr) -> Expr) {
    let range = place.range();
    let inner =
        std::mem::replace(place, Expr::NoneLiteral(ast::ExprNoneLiteral { node_index: AtomicNodeIndex::NONE, range }));
    *place = make(inner);
}

/// `e` becomes `function(e)`.
pub(crate) fn wrap(place: &mut Expr, function: &str) {
    replace(place, |inner| call(inner.range(), function, vec![inner]));
}

/// Inserts the call of a hook before the statement at `index`; it takes that statement's place in the source.
pub(crate) fn insert_call(body: &mut Vec<Stmt>, index: usize, hook: &str) {
    let index = index.min(body.len());
    let Some(neighbour) = body.get(index).or(body.last()) else { return };
    let start = neighbour.range().start();
    body.insert(index, statement(call(TextRange::empty(start), hook, Vec::new())));
}

/// Whether the statement, standing first in a body, is its docstring.
pub(crate) fn is_docstring(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Expr(expr) if expr.value.is_string_literal_expr())
}
