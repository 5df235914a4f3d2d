//! Rewrites a tree so that running it charges fuel, guards foreign objects and records verdicts.
//!
//! Invariant: the rewriting is neutral to scopes. Hooks are loads of names that no source can
//! spell; the only names it binds are temporaries of comparison chains in oracle files. Every
//! synthesized node carries the source range of the node it replaces.

mod build;
mod cases;
mod compare;
mod stars;
mod verdicts;
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
        source,
        function: match origin {
            Origin::Program(FileRole::Candidate) => crate::hooks::ENTER,
            Origin::Program(FileRole::Oracle) | Origin::Library => crate::hooks::TICK,
        },
        in_function: Cell::new(false),
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

struct Rewriter<'s> {
    origin: Origin,
    source: &'s SourceFile,
    /// The hook at the head of functions.
    function: &'static str,
    /// Whether a function is around.
    in_function: Cell<bool>,
    keeps_annotations: bool,
    /// Whether `:=` may bind a temporary here.
    may_bind: Cell<bool>,
    temporaries: Cell<u32>,
    unguarded: RefCell<Vec<TextSize>>,
}

impl Rewriter<'_> {
    fn is(&self, role: FileRole) -> bool {
        self.origin == Origin::Program(role)
    }

    /// Whether a definition of this name is a test of an oracle file.
    fn is_test(&self, name: &str) -> bool {
        self.is(FileRole::Oracle) && !self.in_function.get() && name.starts_with("test")
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
        if self.is_test(&function.name) {
            verdicts::decorators(&mut function.decorator_list);
        }
        let is_generic = function.type_params.is_some();
        if let Some(type_params) = &mut function.type_params {
            self.visit_type_params(type_params);
        }
        self.within(self.may_bind.get() && !is_generic, || self.visit_parameters(&mut function.parameters));
        if let Some(returns) = &mut function.returns {
            self.visit_annotation(returns);
        }
        let outer = self.in_function.replace(true);
        self.within(true, || self.visit_body(&mut function.body));
        self.in_function.set(outer);
        if self.is(FileRole::Oracle) {
            verdicts::leaving(function);
        }
        let after_docstring = usize::from(function.body.first().is_some_and(build::is_docstring));
        build::insert_call(&mut function.body, after_docstring, self.function);
    }

    fn visit_class(&self, class: &mut ast::StmtClassDef) {
        for decorator in &mut class.decorator_list {
            self.visit_decorator(decorator);
        }
        if self.is(FileRole::Oracle) && !self.in_function.get() {
            verdicts::decorators(&mut class.decorator_list);
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

    /// `SPACE(object)`, whose items are set: `SPACE(GUARD(object, "__dict__"))`.
    fn visit_space(&self, call: &mut ast::ExprCall) {
        for object in &mut call.arguments.args {
            self.visit_target(object, Some("__dict__"));
        }
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
            build::any(range, vec![build::call(range, self.function, vec![]), body])
        });
    }

    /// The object of an attribute that is set or deleted, or of an item.
    fn visit_target(&self, value: &mut ast::Expr, attribute: Option<&str>) {
        if !self.is(FileRole::Candidate) {
            return;
        }
        build::replace(value, |object| {
            let range = object.range();
            let mut arguments = vec![object];
            arguments.extend(attribute.map(|name| build::text(range, name)));
            build::call(range, crate::hooks::GUARD, arguments)
        });
    }
}

impl Transformer for Rewriter<'_> {
    fn visit_stmt(&self, stmt: &mut ast::Stmt) {
        match stmt {
            ast::Stmt::FunctionDef(function) => self.visit_function(function),
            ast::Stmt::ClassDef(class) => self.visit_class(class),
            ast::Stmt::For(ast::StmtFor { body, .. }) | ast::Stmt::While(ast::StmtWhile { body, .. }) => {
                build::insert_call(body, 0, crate::hooks::TICK);
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
            ast::Stmt::Assert(assert) if self.is(FileRole::Oracle) => verdicts::check(assert),
            ast::Stmt::Raise(_) if self.is(FileRole::Oracle) => verdicts::raise(stmt),
            ast::Stmt::Try(try_) if self.is(FileRole::Oracle) => verdicts::handlers(try_),
            ast::Stmt::Match(match_) if match_.cases.iter().any(|case| stars::in_pattern(&case.pattern)) => {
                build::wrap(&mut match_.subject, crate::hooks::SPEND);
            }
            ast::Stmt::With(with) => {
                if self.is(FileRole::Oracle) {
                    verdicts::managers(with, self.source);
                }
                with::rewrite(with);
            }
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
                if self.is(FileRole::Oracle) {
                    verdicts::judge(call);
                }
            }
            ast::Expr::Dict(dict) => {
                for item in dict.items.iter_mut().filter(|item| item.key.is_none()) {
                    build::wrap(&mut item.value, crate::hooks::SPEND);
                }
            }
            ast::Expr::FString(text) => stars::written(text),
            ast::Expr::Attribute(ast::ExprAttribute { value, attr, ctx, .. }) if !ctx.is_load() => {
                self.visit_target(value, Some(attr.as_str()));
            }
            ast::Expr::Subscript(ast::ExprSubscript { value, ctx, .. }) if !ctx.is_load() => {
                // Items of an object's own dictionary are its attributes.
                if let ast::Expr::Call(call) = &mut **value
                    && matches!(&*call.func, ast::Expr::Name(name) if name.id.as_str() == crate::hooks::SPACE)
                {
                    self.visit_space(call);
                }
                self.visit_target(value, None);
            }
            ast::Expr::Attribute(attribute)
                if self.is(FileRole::Candidate) && attribute.attr.as_str() == "__dict__" =>
            {
                build::replace(expr, |space| match space {
                    ast::Expr::Attribute(attribute) => {
                        build::call(attribute.range, crate::hooks::SPACE, vec![*attribute.value])
                    }
                    other => other,
                });
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
