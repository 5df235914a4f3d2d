//! What only files that decide verdicts get: their failed assertions stay failed whoever swallows the error, and an answer
//! that they take for a verdict is asked through the virtual machine.

use std::collections::BTreeSet;

use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, AwaitExpression, BindingPattern, CallExpression, CatchClause, Expression,
    Function, ImportDeclarationSpecifier, ModuleDeclaration, NewExpression, Program, Statement, StaticMemberExpression,
};
use oxc_ast_visit::Visit;
use oxc_span::GetSpan as _;
use oxc_syntax::scope::ScopeFlags;

use super::{Weaver, end, operator_at, start};
use crate::parse::Kind;
use crate::{facts, hooks};

/// Methods of built-in lists, texts and sets whose answer a test takes for a verdict.
const ANSWERS: &[&str] = &["endsWith", "every", "has", "includes", "some", "startsWith"];

impl Weaver<'_> {
    /// A test's own `catch` is the only code that may have handled its failed assertion.
    pub(super) fn handled(&mut self, clause: &CatchClause<'_>) {
        let body = start(clause.body.span);
        let known = match clause.param.as_ref().map(|param| &param.pattern) {
            None => {
                self.edits.open(body, format!("({}) ", hooks::ERROR));
                hooks::ERROR
            }
            Some(BindingPattern::BindingIdentifier(name)) => name.name.as_str(),
            Some(_) => "",
        };
        self.edits.open(body + 1, format!("{}({known});", hooks::HANDLED));
    }

    /// Calls of a test's that ask for an answer, handle an error, or assert by the console.
    pub(super) fn asked(&mut self, call: &CallExpression<'_>) {
        let Expression::StaticMemberExpression(member) = &call.callee else { return };
        let name = member.property.name.as_str();
        let by_place = |at: usize| call.arguments.get(at).filter(|argument| !argument.is_spread());
        match name {
            "assert" if is_console(member) => {
                let lines = self.lines(start(member.span), end(member.span));
                let length = end(member.span) - start(member.span);
                self.edits.replace(start(member.span), length, &format!("{}{lines}", hooks::SAY));
            }
            "catch" => self.handler(by_place(0)),
            "then" => self.handler(by_place(1)),
            name if ANSWERS.contains(&name) => self.answer(call, member),
            _ => {}
        }
    }

    fn handler(&mut self, argument: Option<&Argument<'_>>) {
        if let Some(argument) = argument {
            self.call(hooks::HANDLER, argument.span());
        }
    }

    /// Turns `object.name(…)` into `hook("name",object,…)`.
    fn answer(&mut self, call: &CallExpression<'_>, member: &StaticMemberExpression<'_>) {
        let is_super = matches!(member.object, Expression::Super(_));
        if call.optional || member.optional || is_super || is_optional(&member.object) {
            return;
        }
        let (from, named) = (end(member.object.span()), end(member.property.span));
        let Some(open) = self.text.code.get(named..end(call.span)).and_then(|gap| operator_at(gap, "(")) else {
            return;
        };
        let to = named + open + 1;
        let comma = if call.arguments.is_empty() { "" } else { "," };
        self.edits.open(start(call.span), format!("{}({:?},", hooks::ASK, member.property.name.as_str()));
        let lines = self.lines(from, to);
        self.edits.replace(from, to - from, &format!("{comma}{lines}"));
    }

    /// What a test made by `new` may answer for itself.
    pub(super) fn made(&mut self, new: &NewExpression<'_>) {
        self.call(hooks::MADE, new.span);
    }

    /// The line ends of a stretch that is replaced: lines stay where they were.
    fn lines(&self, from: usize, to: usize) -> String {
        "\n".repeat(self.text.code.get(from..to).unwrap_or_default().matches('\n').count())
    }
}

fn is_console(member: &StaticMemberExpression<'_>) -> bool {
    matches!(&member.object, Expression::Identifier(object) if object.name == "console")
}

/// Whether the expression may end early at a `?.`.
fn is_optional(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::StaticMemberExpression(member) => member.optional || is_optional(&member.object),
        Expression::ComputedMemberExpression(member) => member.optional || is_optional(&member.object),
        Expression::PrivateFieldExpression(member) => member.optional || is_optional(&member.object),
        Expression::CallExpression(call) => call.optional || is_optional(&call.callee),
        _ => false,
    }
}

/// Names that the file's top level binds to assertions.
pub(super) fn assertions(program: &Program<'_>, kind: Kind) -> BTreeSet<String> {
    let mut names = BTreeSet::from(["assert".to_owned()]);
    for statement in facts::top_level(program, kind) {
        if let Some(ModuleDeclaration::ImportDeclaration(import)) = statement.as_module_declaration()
            && is_assert(import.source.value.as_str())
        {
            for specifier in import.specifiers.iter().flatten() {
                if !matches!(specifier, ImportDeclarationSpecifier::ImportNamespaceSpecifier(_)) {
                    names.insert(specifier.local().name.as_str().to_owned());
                }
            }
        }
        if let Statement::VariableDeclaration(variables) = statement {
            for variable in &variables.declarations {
                if variable.init.as_ref().and_then(required).is_some_and(is_assert) {
                    names.extend(facts::bound(&variable.id));
                }
            }
        }
    }
    names
}

fn is_assert(specifier: &str) -> bool {
    crate::is_stand_in(specifier).is_some_and(|name| name.starts_with("assert"))
}

/// The specifier of `require('…')` or of a member of it.
fn required<'a>(expression: &Expression<'a>) -> Option<&'a str> {
    match expression {
        Expression::CallExpression(call) => facts::required(call),
        Expression::StaticMemberExpression(member) => required(&member.object),
        _ => None,
    }
}

/// Whether the expression itself waits, not only a function in it.
pub(super) fn waits(expression: &Expression<'_>) -> bool {
    let mut finder = Waits(false);
    finder.visit_expression(expression);
    finder.0
}

struct Waits(bool);

impl<'a> Visit<'a> for Waits {
    fn visit_await_expression(&mut self, _found: &AwaitExpression<'a>) {
        self.0 = true;
    }

    fn visit_function(&mut self, _inner: &Function<'a>, _flags: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _inner: &ArrowFunctionExpression<'a>) {}
}
