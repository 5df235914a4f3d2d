//! Rewrites a tree so that running it charges fuel, guards foreign objects and records verdicts.
//!
//! Invariant: the rewriting is neutral to scopes. Hooks are loads of names that no source can
//! spell; the only names it binds are temporaries of comparison chains in oracle files. Every
//! synthesized node carries the source range of the node it replaces.

mod build;
mod cases;
mod compare;
mod stars;
mod with;

use std::cell::{Cell, RefCell};

use edgecoder_types::FileRole;
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::visitor::transformer::{self, Transformer};
use rustpython_ruff_source_file::SourceFile;
use rustpython_ruff_text_size::{Ranged as _, TextSize};

pub use cases::Case;

/// How a file is instrumented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A program's file: fuel, and what its role asks for.
    Program(FileRole),
    /// A module of the frozen standard library: fuel only.
    Library,
}

/// What [`instrument`] did that a caller may want to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instrumented {
    /// The module-level cases of an oracle file, in source order.
    pub cases: Vec<Case>,
    /// Byte offsets of the comparisons of an oracle file that could not be rewritten: chains that mix in `is`,
    /// chains with a computed middle where no temporary can be bound (class bodies,
    /// iterables of comprehensions, annotations), and values in `case` patterns.
    pub unguarded_comparisons: Vec<TextSize>,
}

/// Rewrites the tree in place so that running it charges fuel, guards and records (see [`crate::hooks`]).
pub fn instrument(module: &mut ast::ModModule, source: &SourceFile, origin: Origin) -> Instrumented {
    let plan = (origin == Origin::Program(FileRole::Oracle)).then(|| cases::Plan::of(&module.body, source));
    let rewriter = Rewriter {
        origin,
        keeps_annotations: has_future_annotations(&module.body),
        may_bind: Cell::new(true),
        temporaries: Cell::new(0),
        unguarded: RefCell::new(Vec::new()),
    };
    rewriter.visit_body(&mut module.body);
    let cases = plan.map(|plan| plan.apply(&mut module.body)).unwrap_or_default();
    Instrumented { cases, unguarded_comparisons: rewriter.unguarded.into_inner() }
}

/// With this import annotations are turned into text, never run.
fn has_future_annotations(body: &[ast::Stmt]) -> bool {
    body.iter().filter_map(ast::Stmt::as_import_from_stmt).any(|import| {
        import.module.as_ref().is_some_and(|module| module.as_str() == "__future__")
            && import.names.iter().any(|alias| alias.name.as_str() == "annotations")
    })
}

struct Rewriter {
    origin: Origin,
    keeps_annotations: bool,
    /// Whether `:=` may bind a temporary here.
    may_bind: Cell<bool>,
    temporaries: Cell<u32>,
    unguarded: RefCell<Vec<TextSize>>,
}

impl Rewriter {
    fn is(&self, role: FileRole) -> bool {
        self.origin == Origin::Program(role)
    }

    fn within(&self, may_bind: bool, visit: impl FnOnce()) {
        let before = self.may_bind.replace(may_bind);
        visit();
        self.may_bind.set(before);
    }

    fn visit_function(&self, function: &mut ast::StmtFunctionDef) {
        for decorator in &mut function.decorator_list {
            self.visit_decorator(decorator);
        }
        let is_generic = function.type_params.is_some();
        if let Some(type_params) = &mut function.type_params {
            self.visit_type_params(type_params);
        }
        self.within(self.may_bind.get() && !is_generic, || self.visit_parameters(&mut function.parameters));
        if let Some(returns) = &mut function.returns {
            self.visit_annotation(returns);
        }
        self.within(true, || self.visit_body(&mut function.body));
        let after_docstring = usize::from(function.body.first().is_some_and(build::is_docstring));
        build::insert_tick(&mut function.body, after_docstring);
    }

    fn visit_class(&self, class: &mut ast::StmtClassDef) {
        for decorator in &mut class.decorator_list {
            self.visit_decorator(decorator);
        }
        let is_generic = class.type_params.is_some();
        if let Some(type_params) = &mut class.type_params {
            self.visit_type_params(type_params);
        }
        if let Some(arguments) = &mut class.arguments {
            self.within(self.may_bind.get() && !is_generic, || self.visit_arguments(arguments));
        }
        self.within(false, || self.visit_body(&mut class.body));
    }

    fn visit_lambda(&self, lambda: &mut ast::ExprLambda) {
        if let Some(parameters) = &mut lambda.parameters {
            self.visit_parameters(parameters);
        }
        // A lambda inside the iterable of a comprehension may not bind either, so the flag stays
        // as it is: false there, and in class bodies more careful than it has to be.
        self.visit_expr(&mut lambda.body);
        build::replace(&mut lambda.body, |body| {
            let range = body.range();
            build::any(range, vec![build::call(range, crate::hooks::TICK, vec![]), body])
        });
    }

    fn visit_target(&self, value: &mut ast::Expr) {
        if self.is(FileRole::Candidate) {
            build::wrap(value, crate::hooks::GUARD);
        }
    }
}

impl Transformer for Rewriter {
    fn visit_stmt(&self, stmt: &mut ast::Stmt) {
        match stmt {
            ast::Stmt::FunctionDef(function) => self.visit_function(function),
            ast::Stmt::ClassDef(class) => self.visit_class(class),
            ast::Stmt::For(ast::StmtFor { body, .. }) | ast::Stmt::While(ast::StmtWhile { body, .. }) => {
                build::insert_tick(body, 0);
                transformer::walk_stmt(self, stmt);
            }
            _ => transformer::walk_stmt(self, stmt),
        }
        match stmt {
            ast::Stmt::For(loop_) if !loop_.is_async && stars::in_target(&loop_.target) => {
                build::wrap(&mut loop_.iter, crate::hooks::SPENDING);
            }
            ast::Stmt::Assign(assign) if assign.targets.iter().any(stars::in_target) => {
                build::wrap(&mut assign.value, crate::hooks::SPEND);
            }
            ast::Stmt::Match(match_) if match_.cases.iter().any(|case| stars::in_pattern(&case.pattern)) => {
                build::wrap(&mut match_.subject, crate::hooks::SPEND);
            }
            ast::Stmt::With(with) => with::rewrite(with),
            _ => {}
        }
    }

    fn visit_annotation(&self, expr: &mut ast::Expr) {
        if !self.keeps_annotations {
            // `*args: *Ts` unpacks without iterating.
            let inner = if let ast::Expr::Starred(starred) = expr { &mut starred.value } else { expr };
            self.within(false, || self.visit_expr(inner));
        }
    }

    fn visit_type_params(&self, type_params: &mut ast::TypeParams) {
        self.within(false, || transformer::walk_type_params(self, type_params));
    }

    fn visit_comprehension(&self, clause: &mut ast::Comprehension) {
        self.within(false, || self.visit_expr(&mut clause.iter));
        self.visit_expr(&mut clause.target);
        for condition in &mut clause.ifs {
            self.visit_expr(condition);
        }
        if !clause.is_async {
            if stars::in_target(&clause.target) {
                build::wrap(&mut clause.iter, crate::hooks::SPENDING);
            }
            build::wrap(&mut clause.iter, crate::hooks::ITER);
        }
    }

    fn visit_pattern(&self, pattern: &mut ast::Pattern) {
        if self.is(FileRole::Oracle)
            && let ast::Pattern::MatchValue(value) = pattern
        {
            self.unguarded.borrow_mut().push(value.range.start());
        }
        // The values of patterns are constants and dotted names: there is nothing to rewrite, and
        // the compiler takes nothing else.
        if let ast::Pattern::MatchClass(_)
        | ast::Pattern::MatchMapping(_)
        | ast::Pattern::MatchSequence(_)
        | ast::Pattern::MatchOr(_)
        | ast::Pattern::MatchAs(_) = pattern
        {
            transformer::walk_pattern(self, pattern);
        }
    }

    fn visit_expr(&self, expr: &mut ast::Expr) {
        if let ast::Expr::Lambda(lambda) = expr {
            self.visit_lambda(lambda);
            return;
        }
        transformer::walk_expr(self, expr);
        match expr {
            ast::Expr::Starred(starred) if starred.ctx.is_load() => build::wrap(&mut starred.value, crate::hooks::ITER),
            ast::Expr::YieldFrom(yield_from) => build::wrap(&mut yield_from.value, crate::hooks::DELEGATE),
            ast::Expr::Call(call) => {
                for keyword in call.arguments.keywords.iter_mut().filter(|keyword| keyword.arg.is_none()) {
                    build::wrap(&mut keyword.value, crate::hooks::SPEND);
                }
            }
            ast::Expr::Dict(dict) => {
                for item in dict.items.iter_mut().filter(|item| item.key.is_none()) {
                    build::wrap(&mut item.value, crate::hooks::SPEND);
                }
            }
            ast::Expr::FString(text) => stars::written(text),
            ast::Expr::Attribute(ast::ExprAttribute { value, ctx, .. })
            | ast::Expr::Subscript(ast::ExprSubscript { value, ctx, .. })
                if !ctx.is_load() =>
            {
                self.visit_target(value);
            }
            ast::Expr::Attribute(ast::ExprAttribute { value, attr, .. }) if attr.as_str() == "__dict__" => {
                self.visit_target(value);
            }
            ast::Expr::Compare(compare) if self.is(FileRole::Oracle) => {
                let start = compare.range.start();
                match compare::rewrite(compare, self.may_bind.get(), &self.temporaries) {
                    Some(call) => *expr = call,
                    None if compare::is_identity(compare) => {}
                    None => self.unguarded.borrow_mut().push(start),
                }
            }
            _ => {}
        }
    }
}
