//! What of an oracle file decides: its asserts, what it catches, the answers that it takes for verdicts, and its tests.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::visitor::{self, Visitor};
use rustpython_ruff_python_ast::{Expr, Stmt};
use rustpython_ruff_source_file::SourceFile;
use rustpython_ruff_text_size::{Ranged as _, TextSize};

use super::build;
use crate::hooks;
use crate::tables::verdicts;

/// `assert c, m` becomes `assert CHECK(c), m`.
pub(crate) fn check(assert: &mut ast::StmtAssert) {
    build::wrap(&mut assert.test, hooks::CHECK);
}

/// The condition without `CHECK`, for a case that is judged natively as a whole.
pub(crate) fn unchecked(condition: Expr) -> Expr {
    match condition {
        Expr::Call(mut call)
            if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == hooks::CHECK)
                && call.arguments.args.len() == 1 =>
        {
            match std::mem::take(&mut call.arguments.args).into_vec().pop() {
                Some(inner) => inner,
                None => Expr::Call(call),
            }
        }
        other => other,
    }
}

/// `raise e` becomes `raise RAISE(e)`, and `raise` becomes `if RAISE(): raise`.
pub(crate) fn raise(statement: &mut Stmt) {
    let Stmt::Raise(raise) = statement else { return };
    if let Some(exception) = &mut raise.exc {
        build::wrap(exception, hooks::RAISE);
        return;
    }
    let range = raise.range;
    let inner = Stmt::Raise(raise.clone());
    *statement = Stmt::If(ast::StmtIf {
        node_index: ast::AtomicNodeIndex::NONE,
        range,
        test: Box::new(build::call(range, hooks::RAISE, Vec::new())),
        body: vec![inner],
        elif_else_clauses: Vec::new(),
    });
}

/// `HANDLED()` at the head of every `except` body.
pub(crate) fn handlers(statement: &mut ast::StmtTry) {
    for handler in &mut statement.handlers {
        let ast::ExceptHandler::ExceptHandler(handler) = handler;
        build::insert_call(&mut handler.body, 0, hooks::HANDLED);
    }
}

/// `x.NAME(…)` becomes `JUDGE(x, "NAME")(…)`.
pub(crate) fn judge(call: &mut ast::ExprCall) {
    let judging = matches!(&*call.func, Expr::Attribute(attribute) if verdicts::is_judging(attribute.attr.as_str()));
    if !judging {
        return;
    }
    build::replace(&mut call.func, |function| match function {
        Expr::Attribute(attribute) => {
            let range = attribute.range;
            let name = build::text(range, attribute.attr.as_str());
            build::call(range, hooks::JUDGE, vec![*attribute.value, name])
        }
        other => other,
    });
}

/// `@d` becomes `@DECORATE(d)`.
pub(crate) fn decorators(decorators: &mut [ast::Decorator]) {
    for decorator in decorators {
        build::wrap(&mut decorator.expression, hooks::DECORATE);
    }
}

/// Every `return v` of an `__exit__` becomes `return LEAVING(v)`.
pub(crate) fn leaving(function: &mut ast::StmtFunctionDef) {
    use rustpython_ruff_python_ast::visitor::transformer::{Transformer, walk_stmt};
    struct Returns;
    impl Transformer for Returns {
        fn visit_stmt(&self, stmt: &mut Stmt) {
            match stmt {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                Stmt::Return(ast::StmtReturn { value: Some(value), .. }) => build::wrap(value, hooks::LEAVING),
                _ => walk_stmt(self, stmt),
            }
        }
        fn visit_expr(&self, _: &mut Expr) {}
    }
    if function.name.as_str() == "__exit__" {
        Returns.visit_body(&mut function.body);
    }
}

/// `with m: …` becomes `with WITH(m, LINE): …`, where asserts stand in the block; the last one ends at that line.
pub(crate) fn managers(statement: &mut ast::StmtWith, source: &SourceFile) {
    let Some(end) = last_assert(&statement.body).filter(|_| !statement.is_async) else { return };
    let line = source.to_source_code().line_index(end).get();
    for item in &mut statement.items {
        build::replace(&mut item.context_expr, |manager| {
            let range = manager.range();
            build::call(range, hooks::WITH, vec![manager, build::integer(range, line)])
        });
    }
}

/// Where the last assert of a block ends: a statement, or a call of a method `assert…`.
fn last_assert(body: &[Stmt]) -> Option<TextSize> {
    struct Search(Option<TextSize>);
    impl<'a> Visitor<'a> for Search {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            match stmt {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                Stmt::Assert(assert) => self.0 = self.0.max(Some(assert.range.end())),
                _ => visitor::walk_stmt(self, stmt),
            }
        }
        fn visit_expr(&mut self, expr: &'a Expr) {
            if let Expr::Call(call) = expr
                && let Expr::Attribute(attribute) = &*call.func
                && attribute.attr.as_str().starts_with("assert")
            {
                self.0 = self.0.max(Some(call.range.end()));
            }
            if !expr.is_lambda_expr() {
                visitor::walk_expr(self, expr);
            }
        }
    }
    let mut search = Search(None);
    search.visit_body(body);
    search.0
}
