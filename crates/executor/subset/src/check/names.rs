//! Names, attributes and what they are used for.

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::{Expr, ExprContext, Stmt};
use rustpython_ruff_text_size::{Ranged as _, TextSize};

use super::Checker;
use super::bindings::Meaning;
use crate::tables::{attributes, builtins, modules};

impl<'a> Checker<'a> {
    pub(super) fn check_name(&mut self, name: &'a ast::ExprName) {
        let id = name.id.as_str();
        if !name.ctx.is_load() {
            self.check_binding(name.start(), id);
            return;
        }
        if let Some(denied) = builtins::find_denied(id) {
            if !self.scopes.is_own(id, name.start()) {
                let message = format!("`{id}` is outside the subset: {}", denied.reason);
                self.report(name.start(), "builtin_denied", message, denied.hint);
            }
        } else if attributes::is_dunder(id) && attributes::is_unreadable(id) && !self.is_bound(id) {
            let (reason, hint) = attributes::explain(id);
            self.report(name.start(), "attribute_denied", format!("`{id}` is outside the subset: {reason}"), hint);
        }
    }

    fn is_bound(&self, id: &str) -> bool {
        !matches!(self.scopes.meaning(id), Meaning::Builtin)
    }

    /// A name that a class body or a module binds becomes an attribute.
    pub(super) fn check_binding(&mut self, at: TextSize, id: &str) {
        let is_local = self.scopes.meaning(id) == Meaning::Local;
        let is_denied = if self.scopes.is_class_body() {
            attributes::is_unbindable(id)
        } else {
            attributes::is_dunder(id) && attributes::is_unbindable(id) && (id == "__class__" || !is_local)
        };
        if is_denied {
            let (reason, hint) = attributes::explain(id);
            let message = format!("`{id}` may not be defined: {reason}");
            self.report(at, "definition_denied", message, hint);
        } else if matches!(id, "__match_args__" | "__slots__") && !is_local && !self.listed.contains(&at) {
            self.report_list(at, id);
        }
    }

    fn report_list(&mut self, at: TextSize, id: &str) {
        let message = format!("`{id}` has to be assigned a tuple of plain strings");
        self.report(at, "definition_denied", message, "list the names as string literals");
    }

    /// `__match_args__` and `__slots__` name attributes as text.
    pub(super) fn check_name_lists(&mut self, stmt: &'a Stmt) {
        let (targets, value): (&[Expr], &Expr) = match stmt {
            Stmt::Assign(assign) => (&assign.targets, &assign.value),
            Stmt::AnnAssign(ast::StmtAnnAssign { target, value: Some(value), .. }) => {
                (std::slice::from_ref(&**target), value)
            }
            _ => return,
        };
        let id = targets.iter().find_map(|target| match target {
            Expr::Name(name) if matches!(name.id.as_str(), "__match_args__" | "__slots__") => Some(name.id.as_str()),
            _ => None,
        });
        let Some(id) = id else { return };
        self.listed.extend(targets.iter().filter(|target| target.is_name_expr()).map(Expr::start));
        let elements: &[Expr] = match value {
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => elts,
            Expr::StringLiteral(_) if id == "__slots__" => std::slice::from_ref(value),
            _ => {
                self.report_list(value.start(), id);
                return;
            }
        };
        for element in elements {
            let Expr::StringLiteral(literal) = element else {
                self.report_list(element.start(), id);
                continue;
            };
            let name = literal.value.to_str();
            let is_free = id == "__slots__" && matches!(name, "__dict__" | "__weakref__");
            if !is_free && (attributes::is_denied_attribute(name) || attributes::is_denied_definition(name)) {
                let (reason, hint) = attributes::explain(name);
                let message = format!("`{name}` in `{id}` is outside the subset: {reason}");
                self.report(element.start(), "definition_denied", message, hint);
            }
        }
    }

    pub(super) fn check_attribute(&mut self, attribute: &'a ast::ExprAttribute) {
        let name = attribute.attr.as_str();
        let at = attribute.attr.start();
        let is_denied = match attribute.ctx {
            ExprContext::Load => attributes::is_unreadable(name),
            ExprContext::Store | ExprContext::Del | ExprContext::Invalid => attributes::is_unsettable(name),
        };
        if is_denied {
            let (reason, hint) = attributes::explain(name);
            let deed = if attribute.ctx.is_load() { "" } else { "setting " };
            self.report(at, "attribute_denied", format!("{deed}`.{name}` is outside the subset: {reason}"), hint);
        } else if attribute.ctx.is_load()
            && let Some(module) = self.module_of(&attribute.value)
            && !modules::is_visible(&module, name)
        {
            self.report_module_name(at, &module, name);
        }
        if !attribute.ctx.is_load() {
            self.check_target(attribute.start(), &attribute.value);
        }
    }

    /// The library module that an expression names, as in `math` or `collections.abc`.
    fn module_of(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Name(name) => match self.scopes.meaning(name.id.as_str()) {
                Meaning::Module(module) if modules::is_importable(module) => Some(module.to_owned()),
                _ => None,
            },
            Expr::Attribute(attribute) => {
                let inner = format!("{}.{}", self.module_of(&attribute.value)?, attribute.attr);
                modules::is_importable(&inner).then_some(inner)
            }
            _ => None,
        }
    }

    /// Refuses a target whose object is visibly the library's or a builtin.
    pub(super) fn check_target(&mut self, at: TextSize, object: &'a Expr) {
        let mut root = object;
        while let Expr::Attribute(ast::ExprAttribute { value, .. })
        | Expr::Subscript(ast::ExprSubscript { value, .. }) = root
        {
            root = value;
        }
        let Expr::Name(name) = root else { return };
        let id = name.id.as_str();
        let owner = match self.scopes.meaning(id) {
            Meaning::Module(module) | Meaning::Imported(module) if modules::is_importable(module) => {
                format!("the module `{module}`")
            }
            Meaning::Builtin if builtins::is_allowed(id) => "the builtins".to_owned(),
            _ => return,
        };
        let message = format!("`{id}` belongs to {owner} and may not be changed");
        let hint = match id {
            "sys" => "to catch output use contextlib.redirect_stdout",
            _ => "make a subclass or an object of your own",
        };
        self.report(at, "foreign_mutation", message, hint);
    }

    pub(super) fn check_call(&mut self, call: &'a ast::ExprCall) {
        let Expr::Name(function) = &*call.func else { return };
        let id = function.id.as_str();
        if self.is_bound(id) {
            return;
        }
        let arguments = &call.arguments.args;
        match id {
            "type" => {
                let is_dynamic = arguments.len() > 1 || arguments.iter().any(Expr::is_starred_expr);
                if is_dynamic || !call.arguments.keywords.is_empty() {
                    let message = "`type` called to make a class".to_owned();
                    self.report(call.start(), "dynamic_class", message, "write a class statement");
                }
            }
            "getattr" | "hasattr" | "setattr" | "delattr" => {
                if let [object, Expr::StringLiteral(name), ..] = &**arguments {
                    self.check_named_attribute(id, object, name);
                }
            }
            _ => {}
        }
    }

    /// `getattr(object, "name")` and the like.
    fn check_named_attribute(&mut self, function: &str, object: &'a Expr, literal: &'a ast::ExprStringLiteral) {
        let name = literal.value.to_str();
        let is_set = matches!(function, "setattr" | "delattr");
        let is_denied = attributes::is_denied_attribute(name) || (is_set && attributes::is_unsettable(name));
        if is_denied {
            let (reason, hint) = attributes::explain(name);
            let message = format!("`{name}` in `{function}` is outside the subset: {reason}");
            self.report(literal.start(), "attribute_denied", message, hint);
        } else if let Some(module) = self.module_of(object)
            && !is_set
            && !modules::is_visible(&module, name)
        {
            self.report_module_name(literal.start(), &module, name);
        }
        if is_set {
            self.check_target(object.start(), object);
        }
    }
}
