//! The hooks, put into the text at the spans of the checked tree.

mod edits;
mod operators;
mod oracle;

use std::collections::BTreeSet;

use edgecoder_types::Violation;
use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, AssignmentExpression, AssignmentTarget, BinaryExpression,
    BindingPattern, CallExpression, CatchClause, ComputedMemberExpression, DoWhileStatement, Expression,
    ForInStatement, ForOfStatement, ForStatement, FunctionBody, NewExpression, SpreadElement, Statement,
    TaggedTemplateExpression, TemplateLiteral, VariableDeclarator, WhileStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan as _, SourceType, Span};
use oxc_syntax::operator::{AssignmentOperator, BinaryOperator};

use crate::parse::{self, Kind, Text};
use crate::{check, facts, hooks};
use edits::Edits;
use operators::{is_arithmetic, is_costly, is_loose, is_plain};

/// What is asked of the instrumentation besides fuel.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Comparisons go through the virtual machine: the file decides verdicts.
    pub is_oracle: bool,
    /// Top-level assertions are cases of their own.
    pub has_cases: bool,
    /// Large integers can occur somewhere in the program.
    pub has_big_integers: bool,
    /// Names that the file's end exposes to test files.
    pub exposed: Vec<String>,
    /// The entry, and its names that this file borrows.
    pub borrowed: Option<(String, Vec<String>)>,
}

/// The text that runs: the checked file with its hooks, of the given kind.
///
/// # Errors
/// What keeps the file from being parsed, or `syntax_denied` where its instrumented form is not certain to mean the
/// same.
pub fn instrument(
    path: &str,
    content: &[u8],
    files: &[String],
    options: &Options,
) -> Result<(Kind, String), Vec<Violation>> {
    let text = parse::read(path, content)?;
    let woven = parse::with_tree(&text, |program, _| {
        let mut edits = Edits::new(&text.code);
        for comment in &program.comments {
            edits.blank(comment.span);
        }
        let asserts = if options.has_cases { oracle::assertions(program, text.kind) } else { BTreeSet::new() };
        let mut weaver = Weaver { text: &text, options, edits, asserts };
        weaver.frame(program);
        weaver.visit_program(program);
        weaver.edits.apply(&text.code)
    });
    let woven = Text { path: text.path.clone(), kind: text.kind, code: woven };
    let source_type = if text.kind == Kind::Module { SourceType::mjs() } else { SourceType::script() };
    let refused = |at: usize, message: String| {
        vec![woven.violation(at, "syntax_denied", message, "write the statement in a simpler way")]
    };
    if let Some((at, message)) = parse::first_error(&woven.code, source_type) {
        return Err(refused(at, format!("the instrumented statement does not parse: {message}")));
    }
    if facts::of(&woven).imports != facts::of(&text).imports {
        return Err(refused(0, "the instrumented file imports something else".to_owned()));
    }
    let violations = check::check_text(&woven, files, true);
    if violations.is_empty() { Ok((woven.kind, woven.code)) } else { Err(violations) }
}

struct Weaver<'t> {
    text: &'t Text,
    options: &'t Options,
    edits: Edits,
    /// Names of assertions in a test file.
    asserts: BTreeSet<String>,
}

const TICK: &str = hooks::TICK;

impl Weaver<'_> {
    /// What the whole file gets: names that it borrows at its beginning, names that it exposes at its end.
    fn frame(&mut self, program: &oxc_ast::ast::Program<'_>) {
        if let Some((entry, names)) = &self.options.borrowed
            && !names.is_empty()
        {
            let line = format!("const {{{}}} = {}({entry:?}); ", names.join(","), hooks::BORROW);
            self.edits.open(self.text.offset(), line);
        }
        if !self.options.exposed.is_empty() {
            let getters: Vec<String> =
                self.options.exposed.iter().map(|name| format!("get {name}(){{return {name}}}")).collect();
            // Exposed first, so that a file that fails half-way still shows what it has.
            let line = format!("{}({:?},{{{}}}); ", hooks::EXPOSE, self.text.path, getters.join(","));
            self.edits.open(self.text.offset(), line);
        }
        if self.options.has_cases {
            for statement in facts::top_level(program, self.text.kind) {
                self.case(statement);
            }
        }
    }

    fn case(&mut self, statement: &Statement<'_>) {
        let Statement::ExpressionStatement(expression) = statement else { return };
        if !self.is_assertion(&expression.expression) {
            return;
        }
        let span = expression.expression.span();
        let at = start(span);
        let own = self.text.code.get(..at).unwrap_or_default();
        let line = own.matches('\n').count() + 1;
        let (wait, kind) = if oracle::waits(&expression.expression) { ("await ", "async ") } else { ("", "") };
        self.edits.open(at, format!("{wait}{}({line},{kind}()=>(", hooks::CASE));
        self.edits.close(end(span), "))".to_owned());
    }

    /// `assert(…)`, `assert.something(…)` or `console.assert(…)`, awaited or not.
    fn is_assertion(&self, expression: &Expression<'_>) -> bool {
        match expression {
            Expression::AwaitExpression(awaited) => self.is_assertion(&awaited.argument),
            Expression::CallExpression(call) => self.is_assertion_call(call),
            _ => false,
        }
    }

    fn is_assertion_call(&self, call: &CallExpression<'_>) -> bool {
        let name = |expression: &Expression<'_>| match expression {
            Expression::Identifier(id) => Some(id.name.as_str().to_owned()),
            _ => None,
        };
        match &call.callee {
            Expression::StaticMemberExpression(member) => name(&member.object).is_some_and(|object| {
                self.asserts.contains(&object) || (object == "console" && member.property.name == "assert")
            }),
            callee => name(callee).is_some_and(|name| self.asserts.contains(&name)),
        }
    }

    fn body(&mut self, statement: &Statement<'_>) {
        if let Statement::BlockStatement(block) = statement {
            self.edits.open(start(block.span) + 1, format!("{TICK}();"));
        } else {
            self.edits.open(start(statement.span()), format!("{{{TICK}();"));
            self.edits.close(end(statement.span()), "}".to_owned());
        }
    }

    fn call(&mut self, hook: &str, span: Span) {
        self.edits.open(start(span), format!("{hook}("));
        self.edits.close(end(span), ")".to_owned());
    }

    /// Turns `left operator right` into a call of a hook.
    fn operation(&mut self, hook: &str, named: bool, binary: &BinaryExpression<'_>) {
        let symbol = binary.operator.as_str();
        let (from, to) = (end(binary.left.span()), start(binary.right.span()));
        let Some(gap) = self.text.code.get(from..to) else { return };
        let Some(at) = operator_at(gap, symbol) else { return };
        let first = if named { format!("{hook}({symbol:?},") } else { format!("{hook}(") };
        self.edits.open(start(binary.span), first);
        self.edits.replace(from + at, symbol.len(), ",");
        self.edits.close(end(binary.span), ")".to_owned());
    }
}

/// Where the operator stands between two operands: comments around it may hold its letters.
fn operator_at(gap: &str, symbol: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = gap.get(at..) {
        if rest.starts_with(symbol) {
            return Some(at);
        }
        let skip = if rest.starts_with("//") {
            rest.find('\n')?
        } else if rest.starts_with("/*") {
            rest.find("*/")? + 2
        } else {
            rest.chars().next()?.len_utf8()
        };
        at += skip;
    }
    None
}

fn start(span: Span) -> usize {
    usize::try_from(span.start).unwrap_or(0)
}

fn end(span: Span) -> usize {
    usize::try_from(span.end).unwrap_or(0)
}

impl<'a> Visit<'a> for Weaver<'_> {
    fn visit_function_body(&mut self, body: &FunctionBody<'a>) {
        match body.directives.last() {
            Some(directive) => self.edits.open(end(directive.span), format!(";{TICK}();")),
            None => self.edits.open(start(body.span) + 1, format!("{TICK}();")),
        }
        walk::walk_function_body(self, body);
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        if let ArrowFunctionBody::FunctionBody(_) = &arrow.body {
        } else {
            let span = arrow.body.span();
            self.edits.open(start(span), format!("({TICK}(),"));
            self.edits.close(end(span), ")".to_owned());
        }
        walk::walk_arrow_function_expression(self, arrow);
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        self.body(&it.body);
        walk::walk_while_statement(self, it);
    }

    fn visit_do_while_statement(&mut self, it: &DoWhileStatement<'a>) {
        self.body(&it.body);
        walk::walk_do_while_statement(self, it);
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        self.body(&it.body);
        walk::walk_for_statement(self, it);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.body(&it.body);
        self.call(hooks::SPREAD, it.right.span());
        walk::walk_for_in_statement(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        self.body(&it.body);
        walk::walk_for_of_statement(self, it);
    }

    fn visit_spread_element(&mut self, it: &SpreadElement<'a>) {
        self.call(hooks::SPREAD, it.argument.span());
        walk::walk_spread_element(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (BindingPattern::ArrayPattern(_) | BindingPattern::ObjectPattern(_), Some(init)) = (&it.id, &it.init) {
            self.call(hooks::SPREAD, init.span());
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let is_pattern =
            matches!(it.left, AssignmentTarget::ArrayAssignmentTarget(_) | AssignmentTarget::ObjectAssignmentTarget(_));
        if is_pattern {
            self.call(hooks::SPREAD, it.right.span());
        }
        if let (Some(operator), AssignmentTarget::AssignmentTargetIdentifier(name)) =
            (it.operator.to_binary_operator(), &it.left)
        {
            let hook = match operator {
                BinaryOperator::Addition if self.options.has_big_integers => Some(hooks::ADD),
                operator if self.options.has_big_integers && operator.is_numeric_or_string_binary_operator() => {
                    Some(hooks::BIG)
                }
                _ => None,
            };
            if let Some(hook) = hook {
                self.compound(hook, operator, name.name.as_str(), it);
            }
        } else if let Some(operator) = it.operator.to_binary_operator()
            && self.options.has_big_integers
            && is_costly(operator)
        {
            let text = self.text.code.get(start(it.left.span())..end(it.left.span())).unwrap_or_default().to_owned();
            if it.left.as_simple_assignment_target().is_some_and(is_plain) {
                self.compound(hooks::BIG, operator, &text, it);
            } else {
                self.edits.open(start(it.right.span()), format!("{}({:?},", hooks::WORST, operator.as_str()));
                self.edits.close(end(it.right.span()), ")".to_owned());
            }
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        let compares = it.operator.is_compare() || it.operator.is_equality() || it.operator.is_instance_of();
        match it.operator {
            _ if compares && self.options.is_oracle => self.operation(hooks::COMPARE, true, it),
            BinaryOperator::Addition if self.options.has_big_integers => self.operation(hooks::ADD, false, it),
            operator if self.options.has_big_integers && (is_arithmetic(operator) || is_loose(operator)) => {
                self.operation(hooks::BIG, true, it);
            }
            _ => {}
        }
        walk::walk_binary_expression(self, it);
    }

    fn visit_computed_member_expression(&mut self, it: &ComputedMemberExpression<'a>) {
        let is_literal = matches!(it.expression, Expression::NumericLiteral(_) | Expression::StringLiteral(_));
        if self.options.has_big_integers && !is_literal {
            self.call(hooks::TEXT, it.expression.span());
        }
        walk::walk_computed_member_expression(self, it);
    }

    fn visit_catch_clause(&mut self, it: &CatchClause<'a>) {
        if self.options.is_oracle {
            self.handled(it);
        }
        walk::walk_catch_clause(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if self.options.is_oracle {
            self.asked(it);
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        // What stands in the place of a class stays as it is: `new new A()()`.
        let is_plain = matches!(it.callee, Expression::Identifier(_) | Expression::ParenthesizedExpression(_))
            || !self.text.code.get(start(it.callee.span())..).is_some_and(|text| text.starts_with("new"));
        if self.options.is_oracle && is_plain {
            self.made(it);
        }
        if is_plain {
            walk::walk_new_expression(self, it);
        } else {
            for argument in &it.arguments {
                self.visit_argument(argument);
            }
        }
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        if self.options.has_big_integers {
            for expression in &it.expressions {
                self.call(hooks::TEXT, expression.span());
            }
        }
        walk::walk_template_literal(self, it);
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        self.visit_expression(&it.tag);
        for expression in &it.quasi.expressions {
            self.visit_expression(expression);
        }
    }
}

impl Weaver<'_> {
    /// Turns `name += value` into `name = hook(name, value)`.
    fn compound(&mut self, hook: &str, operator: BinaryOperator, name: &str, it: &AssignmentExpression<'_>) {
        let symbol = it.operator.as_str();
        let (from, to) = (end(it.left.span()), start(it.right.span()));
        let Some(at) = self.text.code.get(from..to).and_then(|gap| operator_at(gap, symbol)) else { return };
        debug_assert!(it.operator != AssignmentOperator::Assign);
        let named = if hook == hooks::BIG { format!("{:?},", operator.as_str()) } else { String::new() };
        self.edits.replace(from + at, symbol.len(), "=");
        self.edits.open(to, format!("{hook}({named}{name},"));
        self.edits.close(end(it.right.span()), ")".to_owned());
    }
}
