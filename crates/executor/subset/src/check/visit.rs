//! The walk over the tree: scopes in order, and each construct to its check.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::visitor::{self, Visitor};
use rustpython_ruff_python_ast::{Expr, Pattern, Stmt};
use rustpython_ruff_text_size::{Ranged as _, TextSize};

use super::bindings::{Meaning, captured};
use super::{Checker, Within};
use crate::tables::attributes;

/// Metaclasses of the library.
const METACLASSES: [&str; 4] = ["ABCMeta", "EnumMeta", "EnumType", "type"];

impl<'a> Checker<'a> {
    fn report_async(&mut self, at: TextSize, construct: &str) {
        let message = format!("{construct} is outside the subset: there is no event loop");
        self.report(at, "async_denied", message, "write it as ordinary code or as a generator");
    }

    /// What parses but does not compile.
    fn report_misplaced(&mut self, at: TextSize, construct: &str, needs: &str) {
        let message = format!("`{construct}` outside a {needs}");
        self.report(at, "syntax_error", message, "correct the syntax");
    }

    fn visit_loop(&mut self, body: &'a [Stmt], orelse: &'a [Stmt]) {
        let outside = std::mem::replace(&mut self.within.in_loop, true);
        self.visit_body(body);
        self.within.in_loop = outside;
        self.visit_body(orelse);
    }

    fn visit_function(&mut self, function: &'a ast::StmtFunctionDef) {
        if function.is_async {
            self.report_async(function.start(), "`async def`");
        }
        self.check_binding(function.name.start(), function.name.as_str());
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        if let Some(type_params) = &function.type_params {
            self.visit_type_params(type_params);
        }
        self.visit_parameters(&function.parameters);
        if let Some(returns) = &function.returns {
            self.visit_annotation(returns);
        }
        self.scopes.enter_function(Some(&function.parameters), &function.body);
        let outside = std::mem::replace(&mut self.within, Within { function: true, in_loop: false });
        self.visit_body(&function.body);
        self.within = outside;
        self.scopes.leave();
    }

    fn visit_class(&mut self, class: &'a ast::StmtClassDef) {
        self.check_binding(class.name.start(), class.name.as_str());
        for decorator in &class.decorator_list {
            self.visit_decorator(decorator);
        }
        if let Some(type_params) = &class.type_params {
            self.visit_type_params(type_params);
        }
        if let Some(arguments) = &class.arguments {
            for keyword in &arguments.keywords {
                if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "metaclass") {
                    self.check_metaclass(&keyword.value);
                }
            }
            self.visit_arguments(arguments);
        }
        self.scopes.enter_class(&class.body);
        let outside = std::mem::take(&mut self.within);
        self.visit_body(&class.body);
        self.within = outside;
        self.scopes.leave();
    }

    fn check_metaclass(&mut self, value: &'a Expr) {
        let is_known = match value {
            Expr::Name(name) => {
                let id = name.id.as_str();
                match self.scopes.meaning(id) {
                    Meaning::Imported("abc" | "enum") => METACLASSES.contains(&id),
                    Meaning::Imported(_) | Meaning::Bound | Meaning::Local => true,
                    Meaning::Builtin => id == "type",
                    Meaning::Module(_) => false,
                }
            }
            Expr::Attribute(attribute) => attribute.value.is_name_expr(),
            _ => false,
        };
        if !is_known {
            let message = "metaclass given by an expression".to_owned();
            let hint = "name a class: ABCMeta, EnumMeta, or one of your own that inherits from type";
            self.report(value.start(), "metaclass_denied", message, hint);
        }
    }

    fn visit_clauses(&mut self, clauses: &'a [ast::Comprehension], elements: [Option<&'a Expr>; 2]) {
        if let Some(first) = clauses.first() {
            self.visit_expr(&first.iter);
        }
        self.scopes.enter_comprehension(clauses);
        for (index, clause) in clauses.iter().enumerate() {
            if clause.is_async {
                self.report_async(clause.start(), "an asynchronous comprehension");
            }
            if index > 0 {
                self.visit_expr(&clause.iter);
            }
            self.visit_expr(&clause.target);
            for condition in &clause.ifs {
                self.visit_expr(condition);
            }
        }
        for element in elements.into_iter().flatten() {
            self.visit_expr(element);
        }
        self.scopes.leave();
    }
}

impl<'a> Visitor<'a> for Checker<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => self.visit_function(function),
            Stmt::ClassDef(class) => self.visit_class(class),
            Stmt::Import(import) => self.check_import(import),
            Stmt::ImportFrom(import) => self.check_import_from(import),
            Stmt::For(for_) => {
                if for_.is_async {
                    self.report_async(for_.start(), "`async for`");
                }
                self.visit_expr(&for_.iter);
                self.visit_expr(&for_.target);
                self.visit_loop(&for_.body, &for_.orelse);
            }
            Stmt::While(while_) => {
                self.visit_expr(&while_.test);
                self.visit_loop(&while_.body, &while_.orelse);
            }
            Stmt::Return(return_) => {
                if !self.within.function {
                    self.report_misplaced(return_.start(), "return", "function");
                }
                visitor::walk_stmt(self, stmt);
            }
            Stmt::Break(break_) if !self.within.in_loop => self.report_misplaced(break_.start(), "break", "loop"),
            Stmt::Continue(continue_) if !self.within.in_loop => {
                self.report_misplaced(continue_.start(), "continue", "loop");
            }
            Stmt::With(with) if with.is_async => {
                self.report_async(with.start(), "`async with`");
                visitor::walk_stmt(self, stmt);
            }
            Stmt::Assign(_) | Stmt::AnnAssign(_) => {
                self.check_name_lists(stmt);
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => self.check_name(name),
            Expr::Attribute(attribute) => {
                self.check_attribute(attribute);
                self.visit_expr(&attribute.value);
            }
            Expr::Subscript(subscript) => {
                if !subscript.ctx.is_load() {
                    self.check_target(subscript.start(), &subscript.value);
                }
                visitor::walk_expr(self, expr);
            }
            Expr::Call(call) => {
                self.check_call(call);
                visitor::walk_expr(self, expr);
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.visit_parameters(parameters);
                }
                self.scopes.enter_function(lambda.parameters.as_deref(), &[]);
                let outside = std::mem::replace(&mut self.within, Within { function: true, in_loop: false });
                self.visit_expr(&lambda.body);
                self.within = outside;
                self.scopes.leave();
            }
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. })
            | Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.visit_clauses(generators, [Some(elt), None]);
            }
            Expr::DictComp(ast::ExprDictComp { key, value, generators, .. }) => {
                self.visit_clauses(generators, [Some(key), Some(value)]);
            }
            Expr::Yield(_) | Expr::YieldFrom(_) => {
                if !self.within.function {
                    self.report_misplaced(expr.start(), "yield", "function");
                }
                visitor::walk_expr(self, expr);
            }
            Expr::Await(await_) => {
                self.report_async(await_.start(), "`await`");
                visitor::walk_expr(self, expr);
            }
            Expr::TString(t_string) => {
                let message = "template strings are outside the subset".to_owned();
                self.report(t_string.start(), "t_string_denied", message, "use an f-string");
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.check_binding(name.start(), name.as_str());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        if let Some(name) = captured(pattern) {
            self.check_binding(pattern.start(), name);
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_pattern_keyword(&mut self, keyword: &'a ast::PatternKeyword) {
        let name = keyword.attr.as_str();
        if attributes::is_denied_attribute(name) {
            let (reason, hint) = attributes::explain(name);
            let message = format!("`{name}` in a pattern is outside the subset: {reason}");
            self.report(keyword.attr.start(), "attribute_denied", message, hint);
        }
        visitor::walk_pattern_keyword(self, keyword);
    }
}
