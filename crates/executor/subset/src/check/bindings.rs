//! Which scope a name belongs to, as far as the checks need it.

use std::collections::{HashMap, HashSet};

use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_ast::visitor::{self, Visitor};
use rustpython_ruff_python_ast::{Expr, Pattern, Stmt};
use rustpython_ruff_text_size::{Ranged as _, TextSize};

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning<'a> {
    /// A local of a function: never a builtin.
    Local,
    /// A name of the module or of a class body: a builtin where it is not bound yet or no more.
    Bound,
    /// A module, bound by an import and by nothing else.
    Module(&'a str),
    /// A name taken from a module, bound by an import and by nothing else.
    Imported(&'a str),
    /// Nothing of this file.
    Builtin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Module,
    Function,
    Class,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding<'a> {
    Plain,
    Module(&'a str),
    Imported(&'a str),
}

struct Scope<'a> {
    kind: Kind,
    names: HashMap<&'a str, Binding<'a>>,
}

/// The scopes around the place that is being checked.
pub(crate) struct Scopes<'a> {
    stack: Vec<Scope<'a>>,
    /// Where each name is bound for good: at the end of a statement that stands in the module itself.
    settled: HashMap<&'a str, TextSize>,
    /// Names that some statement of the file deletes.
    deleted: HashSet<&'a str>,
}

impl<'a> Scopes<'a> {
    pub(crate) fn of(body: &'a [Stmt]) -> Self {
        let mut collector = Collector::default();
        collector.visit_body(body);
        let mut settled = HashMap::new();
        for stmt in body {
            if let Some(name) = settling(stmt) {
                settled.entry(name).or_insert(stmt.range().end());
            }
        }
        let mut deletions = Deletions(HashSet::new());
        deletions.visit_body(body);
        let module = Scope { kind: Kind::Module, names: collector.finish() };
        Self { stack: vec![module], settled, deleted: deletions.0 }
    }

    pub(crate) fn meaning(&self, name: &str) -> Meaning<'a> {
        for (depth, scope) in self.stack.iter().rev().enumerate() {
            if scope.kind == Kind::Class && depth > 0 {
                continue;
            }
            match (scope.names.get(name), scope.kind) {
                (Some(Binding::Module(module)), _) => return Meaning::Module(module),
                (Some(Binding::Imported(module)), _) => return Meaning::Imported(module),
                (Some(Binding::Plain), Kind::Function) => return Meaning::Local,
                (Some(Binding::Plain), Kind::Module | Kind::Class) => return Meaning::Bound,
                (None, _) => {}
            }
        }
        Meaning::Builtin
    }

    /// Whether the name means a definition of the program itself wherever it is used after `at`.
    pub(crate) fn is_own(&self, name: &str, at: TextSize) -> bool {
        match self.meaning(name) {
            Meaning::Local => true,
            Meaning::Bound => {
                !self.deleted.contains(name) && self.settled.get(name).is_some_and(|settled| *settled <= at)
            }
            Meaning::Module(_) | Meaning::Imported(_) | Meaning::Builtin => false,
        }
    }

    pub(crate) fn is_class_body(&self) -> bool {
        self.stack.last().is_some_and(|scope| scope.kind == Kind::Class)
    }

    pub(crate) fn enter_function(&mut self, parameters: Option<&'a ast::Parameters>, body: &'a [Stmt]) {
        let mut collector = Collector::default();
        if let Some(parameters) = parameters {
            for parameter in parameters {
                collector.bind(parameter.name().as_str());
            }
        }
        collector.visit_body(body);
        self.stack.push(Scope { kind: Kind::Function, names: collector.finish() });
    }

    pub(crate) fn enter_class(&mut self, body: &'a [Stmt]) {
        let mut collector = Collector::default();
        collector.visit_body(body);
        self.stack.push(Scope { kind: Kind::Class, names: collector.finish() });
    }

    pub(crate) fn enter_comprehension(&mut self, clauses: &'a [ast::Comprehension]) {
        let mut collector = Collector::default();
        for clause in clauses {
            collector.visit_expr(&clause.target);
        }
        self.stack.push(Scope { kind: Kind::Function, names: collector.finish() });
    }

    pub(crate) fn leave(&mut self) {
        self.stack.pop();
    }
}

/// The name that a statement of the module binds once and for all.
fn settling(stmt: &Stmt) -> Option<&str> {
    match stmt {
        Stmt::FunctionDef(function) => Some(function.name.as_str()),
        Stmt::ClassDef(class) => Some(class.name.as_str()),
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] => Some(name.id.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// The names that a body binds in its own scope.
#[derive(Default)]
struct Collector<'a> {
    names: HashMap<&'a str, Binding<'a>>,
    elsewhere: HashSet<&'a str>,
}

impl<'a> Collector<'a> {
    fn bind(&mut self, name: &'a str) {
        self.names.insert(name, Binding::Plain);
    }

    fn import(&mut self, name: &'a str, binding: Binding<'a>) {
        self.names
            .entry(name)
            .and_modify(|known| {
                if *known != binding {
                    *known = Binding::Plain;
                }
            })
            .or_insert(binding);
    }

    fn finish(mut self) -> HashMap<&'a str, Binding<'a>> {
        for name in &self.elsewhere {
            self.names.remove(name);
        }
        self.names
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => self.bind(function.name.as_str()),
            Stmt::ClassDef(class) => self.bind(class.name.as_str()),
            Stmt::Global(ast::StmtGlobal { names, .. }) | Stmt::Nonlocal(ast::StmtNonlocal { names, .. }) => {
                self.elsewhere.extend(names.iter().map(ast::Identifier::as_str));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    if let Some(name) = &alias.asname {
                        self.import(name.as_str(), Binding::Module(module));
                    } else {
                        let top = module.split('.').next().unwrap_or(module);
                        self.import(top, Binding::Module(top));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().filter(|_| import.level == 0).map(ast::Identifier::as_str);
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    match (module, alias.name.as_str()) {
                        (Some("collections"), "abc") => self.import(name, Binding::Module("collections.abc")),
                        (Some(module), _) => self.import(name, Binding::Imported(module)),
                        (None, _) => self.bind(name),
                    }
                }
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.bind(name.as_str());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        if let Some(name) = captured(pattern) {
            self.bind(name);
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_comprehension(&mut self, clause: &'a ast::Comprehension) {
        self.visit_expr(&clause.iter);
        for condition in &clause.ifs {
            self.visit_expr(condition);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(_) => {}
            Expr::Name(name) if !name.ctx.is_load() => self.bind(name.id.as_str()),
            _ => visitor::walk_expr(self, expr),
        }
    }
}

/// The name that a pattern itself captures.
pub(crate) fn captured(pattern: &Pattern) -> Option<&str> {
    let name = match pattern {
        Pattern::MatchAs(inner) => &inner.name,
        Pattern::MatchStar(inner) => &inner.name,
        Pattern::MatchMapping(inner) => &inner.rest,
        Pattern::MatchValue(_)
        | Pattern::MatchSingleton(_)
        | Pattern::MatchSequence(_)
        | Pattern::MatchClass(_)
        | Pattern::MatchOr(_) => &None,
    };
    name.as_ref().map(ast::Identifier::as_str)
}

/// Every name that is deleted somewhere, by `del` or at the end of an `except … as`.
struct Deletions<'a>(HashSet<&'a str>);

impl<'a> Visitor<'a> for Deletions<'a> {
    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(inner) = handler;
        self.0.extend(inner.name.as_ref().map(ast::Identifier::as_str));
        visitor::walk_except_handler(self, handler);
    }

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::Delete(delete) = stmt {
            for target in &delete.targets {
                self.visit_expr(target);
            }
        } else {
            visitor::walk_stmt(self, stmt);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.ctx.is_del() => {
                self.0.insert(name.id.as_str());
            }
            Expr::Tuple(ast::ExprTuple { elts, ctx, .. }) | Expr::List(ast::ExprList { elts, ctx, .. })
                if ctx.is_del() =>
            {
                for element in elts {
                    self.visit_expr(element);
                }
            }
            _ => {}
        }
    }
}
