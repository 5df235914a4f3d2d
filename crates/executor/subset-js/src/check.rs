//! Every place where a file leaves the subset.

use edgecoder_types::Violation;
use oxc_ast::ast::{
    AccessorProperty, AssignmentTarget, BindingIdentifier, BindingProperty, CallExpression, ComputedMemberExpression,
    DebuggerStatement, Decorator, Expression, IdentifierReference, ImportDeclaration, ImportDeclarationSpecifier,
    ImportExpression, ImportMeta, LabelIdentifier, ModuleDeclaration, ObjectProperty, PropertyKey,
    StaticMemberExpression, VariableDeclaration, VariableDeclarationKind,
};
use oxc_ast_visit::{Visit, walk};
use oxc_semantic::Scoping;
use oxc_span::{GetSpan as _, Span};

use crate::hooks;
use crate::parse::{self, Text};
use crate::place::Found;
use crate::resolve::{is_stand_in, resolve};
use crate::tables::{globals, members, modules};

/// Every place where the file leaves the subset, in source order. `files` are the paths of the program's own files.
pub fn check(path: &str, content: &[u8], files: &[String]) -> Vec<Violation> {
    match parse::read(path, content) {
        Ok(text) => check_text(&text, files, false),
        Err(violations) => violations,
    }
}

/// Checks a text; one that is instrumented may call the hooks.
pub(crate) fn check_text(text: &Text, files: &[String], instrumented: bool) -> Vec<Violation> {
    let found = parse::with_tree(text, |program, scoping| {
        let mut checker = Checker { text, files, scoping, instrumented, allowed: Vec::new(), found: Vec::new() };
        checker.visit_program(program);
        checker.found
    });
    text.violations(found)
}

struct Checker<'t> {
    text: &'t Text,
    files: &'t [String],
    scoping: &'t Scoping,
    instrumented: bool,
    /// Spans of members and names that their surroundings allow.
    allowed: Vec<Span>,
    found: Vec<Found>,
}

impl Checker<'_> {
    fn report(&mut self, span: Span, code: &str, message: String, hint: &str) {
        let at = usize::try_from(span.start).unwrap_or(0);
        self.found.push(Found { at, code: code.to_owned(), message, hint: hint.to_owned() });
    }

    fn import(&mut self, span: Span, specifier: &str) {
        let known = |path: &str| self.files.iter().any(|file| file == path);
        if is_stand_in(specifier).is_none() && resolve(&self.text.path, specifier, known).is_none() {
            let message = format!("the module {specifier:?} is no file of the program and has no stand-in");
            self.report(span, "import_denied", message, "import a file of the program, node:test or node:assert");
        }
    }

    /// Names that a stand-in does not have: the engine would find out only when it links.
    fn stand_in_names(&mut self, import: &ImportDeclaration<'_>) {
        let Some(module) = is_stand_in(import.source.value.as_str())
            .and_then(|name| modules::MODULES.iter().find(|module| module.name == name))
        else {
            return;
        };
        for specifier in import.specifiers.iter().flatten() {
            if let ImportDeclarationSpecifier::ImportSpecifier(named) = specifier {
                let name = named.imported.name();
                if name != "default" && !module.names.contains(&name.as_str()) {
                    let message = format!("{}: the stand-in has no {name}", import.source.value);
                    self.report(named.span, "import_denied", message, "it runs in the OS layer with Node");
                }
            }
        }
    }

    fn member(&mut self, span: Span, name: &str) {
        if let Some(denied) = members::denied(name)
            && !self.allowed.contains(&span)
        {
            self.report(span, "member_denied", format!("{name}: {}", denied.reason), denied.hint);
        }
    }

    fn reserved(&mut self, span: Span, name: &str) {
        if name.starts_with(hooks::PREFIX) && !self.instrumented {
            let message = format!("{name}: names that begin with {} are reserved", hooks::PREFIX);
            self.report(span, "reserved_name", message, "choose another name");
        }
    }

    fn syntax(&mut self, span: Span, what: &str, hint: &str) {
        self.report(span, "syntax_denied", format!("{what} is outside the subset"), hint);
    }

    fn free_name(&mut self, span: Span, name: &str, is_write: bool) {
        if let Some(group) = globals::denied(name) {
            self.report(span, group.code, format!("{name}: {}", group.reason), group.hint);
        } else if is_write {
            let message = format!("no file declares {name}, so assigning to it makes a global variable");
            self.report(span, "undeclared_assignment", message, "declare it with let or const");
        }
    }
}

fn is_name_of(object: &Expression<'_>, name: &str) -> bool {
    matches!(object, Expression::Identifier(identifier) if identifier.name == name)
}

impl<'a> Visit<'a> for Checker<'_> {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        let text = name.name.as_str();
        self.reserved(name.span, text);
        let reference = name.reference_id.get().map(|id| self.scoping.get_reference(id));
        if reference.is_none_or(|reference| reference.symbol_id().is_none()) {
            self.free_name(name.span, text, reference.is_some_and(oxc_semantic::Reference::is_write));
        }
        let is_own = |kind| self.text.kind == kind;
        if text == "require" && is_own(parse::Kind::CommonJs) && !self.allowed.contains(&name.span) {
            let message = "require: what is imported has to be known before the program runs".to_owned();
            self.report(name.span, "dynamic_import", message, "write require('./file.js') with the name itself");
        }
    }

    fn visit_binding_identifier(&mut self, name: &BindingIdentifier<'a>) {
        self.reserved(name.span, name.name.as_str());
    }

    fn visit_label_identifier(&mut self, name: &LabelIdentifier<'a>) {
        self.reserved(name.span, name.name.as_str());
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some(specifier) = crate::facts::required(call) {
            self.allowed.push(call.callee.span());
            self.import(call.span, specifier);
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_module_declaration(&mut self, declaration: &ModuleDeclaration<'a>) {
        if let Some(specifier) = crate::facts::imported(declaration) {
            self.import(declaration.span(), specifier);
        }
        if let ModuleDeclaration::ImportDeclaration(import) = declaration {
            self.stand_in_names(import);
        }
        let clause = match declaration {
            ModuleDeclaration::ImportDeclaration(import) => import.with_clause.is_some() || import.phase.is_some(),
            ModuleDeclaration::ExportAllDeclaration(export) => export.with_clause.is_some(),
            ModuleDeclaration::ExportFromDeclaration(export) => export.with_clause.is_some(),
            _ => false,
        };
        if clause {
            self.syntax(declaration.span(), "an import with attributes or a phase", "import a JavaScript file");
        }
        walk::walk_module_declaration(self, declaration);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        let message = "import(): what is imported has to be known before the program runs".to_owned();
        self.report(import.span, "dynamic_import", message, "use an import statement");
        walk::walk_import_expression(self, import);
    }

    fn visit_import_meta(&mut self, meta: &ImportMeta) {
        let message = "import.meta: there are no files behind the modules".to_owned();
        self.report(meta.span, "import_meta_denied", message, "keep data in the program");
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        let name = member.property.name.as_str();
        if name == "name"
            && let Expression::StaticMemberExpression(inner) = &member.object
        {
            self.allowed.push(inner.property.span);
        }
        if is_name_of(&member.object, "process") && !members::PROCESS.contains(&name) {
            let message = format!("process.{name}: it belongs to the machine");
            self.report(member.property.span, "member_denied", message, "it runs in the OS layer with Node");
        }
        self.member(member.property.span, name);
        walk::walk_static_member_expression(self, member);
    }

    fn visit_computed_member_expression(&mut self, member: &ComputedMemberExpression<'a>) {
        if let Expression::StringLiteral(name) = &member.expression {
            self.member(member.span, name.value.as_str());
        }
        if is_name_of(&member.object, "process") {
            let message = "process[…]: its members are named in the subset".to_owned();
            self.report(member.span, "member_denied", message, "write process.member");
        }
        walk::walk_computed_member_expression(self, member);
    }

    fn visit_assignment_target(&mut self, target: &AssignmentTarget<'a>) {
        if let AssignmentTarget::StaticMemberExpression(member) = target
            && member.property.name == "constructor"
        {
            self.allowed.push(member.property.span);
        }
        walk::walk_assignment_target(self, target);
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        if let Some(name) = property.key.static_name()
            && name != "constructor"
        {
            self.member(property.key.span(), &name);
        }
        walk::walk_object_property(self, property);
    }

    fn visit_binding_property(&mut self, property: &BindingProperty<'a>) {
        if let Some(name) = property.key.static_name() {
            self.member(property.key.span(), &name);
        }
        walk::walk_binding_property(self, property);
    }

    fn visit_assignment_target_property(&mut self, property: &oxc_ast::ast::AssignmentTargetProperty<'a>) {
        if let oxc_ast::ast::AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) = property
            && let Some(name) = property.name.static_name()
        {
            self.member(property.name.span(), &name);
        }
        walk::walk_assignment_target_property(self, property);
    }

    fn visit_property_key(&mut self, key: &PropertyKey<'a>) {
        walk::walk_property_key(self, key);
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        if matches!(declaration.kind, VariableDeclarationKind::Using | VariableDeclarationKind::AwaitUsing) {
            self.syntax(declaration.span, "using", "use const and try with finally");
        }
        walk::walk_variable_declaration(self, declaration);
    }

    fn visit_debugger_statement(&mut self, statement: &DebuggerStatement) {
        self.syntax(statement.span, "debugger", "use console.log");
    }

    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        self.syntax(decorator.span, "a decorator", "wrap the function or class yourself");
        walk::walk_decorator(self, decorator);
    }

    fn visit_accessor_property(&mut self, property: &AccessorProperty<'a>) {
        self.syntax(property.span, "accessor", "write a getter and a setter");
        walk::walk_accessor_property(self, property);
    }
}
