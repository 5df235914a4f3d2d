//! What other files and the virtual machine need to know of a file.

use std::collections::BTreeSet;

use edgecoder_types::Violation;
use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, BigIntLiteral, BindingIdentifier, BindingPattern, CallExpression,
    Declaration, Expression, IdentifierReference, ModuleDeclaration, ObjectPropertyKind, Program, Statement,
    VariableDeclaration,
};
use oxc_ast_visit::{Visit, walk};
use oxc_semantic::Scoping;

use crate::parse::{self, Kind, Text};

/// What a file declares and wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How it is loaded.
    pub kind: Kind,
    /// Specifiers that it imports or requires.
    pub imports: BTreeSet<String>,
    /// Names that its top level declares.
    pub declared: BTreeSet<String>,
    /// Names that it uses and nobody in it declares.
    pub free: BTreeSet<String>,
    /// Names that a `CommonJS` file visibly puts into its exports.
    pub exported: BTreeSet<String>,
    /// Whether large integers can occur in it.
    pub has_big_integers: bool,
}

/// Reads the facts of a file.
///
/// # Errors
/// The violation that keeps the file from being parsed.
pub fn facts(path: &str, content: &[u8]) -> Result<Facts, Vec<Violation>> {
    Ok(of(&parse::read(path, content)?))
}

pub(crate) fn of(text: &Text) -> Facts {
    parse::with_tree(text, |program, scoping| {
        let mut finder = Finder {
            facts: Facts {
                kind: text.kind,
                imports: BTreeSet::new(),
                declared: declared(program, text.kind),
                free: free(scoping),
                exported: BTreeSet::new(),
                has_big_integers: false,
            },
        };
        finder.visit_program(program);
        finder.facts
    })
}

fn free(scoping: &Scoping) -> BTreeSet<String> {
    scoping.root_unresolved_references().keys().map(|name| name.as_str().to_owned()).collect()
}

/// The statements of the file itself, without the wrapper.
pub(crate) fn top_level<'t, 'a>(program: &'t Program<'a>, kind: Kind) -> &'t [Statement<'a>] {
    if kind == Kind::Module {
        return &program.body;
    }
    let Some(Statement::ExpressionStatement(statement)) = program.body.first() else { return &[] };
    match statement.expression.without_parentheses() {
        Expression::FunctionExpression(function) => function.body.as_ref().map_or(&[], |body| &body.statements),
        _ => &[],
    }
}

fn declared(program: &Program<'_>, kind: Kind) -> BTreeSet<String> {
    let mut names = Names(BTreeSet::new());
    for statement in top_level(program, kind) {
        match statement {
            Statement::VariableDeclaration(variables) => names.variables(variables),
            Statement::FunctionDeclaration(function) => names.id(function.id.as_ref()),
            Statement::ClassDeclaration(class) => names.id(class.id.as_ref()),
            other => {
                if let Some(ModuleDeclaration::ExportDeclaration(export)) = other.as_module_declaration() {
                    match &export.declaration {
                        Declaration::VariableDeclaration(variables) => names.variables(variables),
                        Declaration::FunctionDeclaration(function) => names.id(function.id.as_ref()),
                        Declaration::ClassDeclaration(class) => names.id(class.id.as_ref()),
                        _ => {}
                    }
                }
            }
        }
    }
    names.0
}

/// Names that a pattern binds.
pub(crate) fn bound(pattern: &BindingPattern<'_>) -> BTreeSet<String> {
    let mut names = Names(BTreeSet::new());
    names.visit_binding_pattern(pattern);
    names.0
}

struct Names(BTreeSet<String>);

impl Names {
    fn id(&mut self, id: Option<&BindingIdentifier<'_>>) {
        self.0.extend(id.map(|id| id.name.as_str().to_owned()));
    }

    fn variables(&mut self, variables: &VariableDeclaration<'_>) {
        for variable in &variables.declarations {
            self.visit_binding_pattern(&variable.id);
        }
    }
}

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, id: &BindingIdentifier<'a>) {
        self.id(Some(id));
    }

    fn visit_expression(&mut self, _default: &Expression<'a>) {}
}

struct Finder {
    facts: Facts,
}

/// The specifier of `require('…')`.
pub(crate) fn required<'a>(call: &CallExpression<'a>) -> Option<&'a str> {
    match (&call.callee, call.arguments.as_slice()) {
        (Expression::Identifier(name), [only]) if name.name == "require" => match only.as_expression() {
            Some(Expression::StringLiteral(text)) => Some(text.value.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// The specifier of an import or export statement.
pub(crate) fn imported<'a>(declaration: &ModuleDeclaration<'a>) -> Option<&'a str> {
    match declaration {
        ModuleDeclaration::ImportDeclaration(import) => Some(import.source.value.as_str()),
        ModuleDeclaration::ExportAllDeclaration(export) => Some(export.source.value.as_str()),
        ModuleDeclaration::ExportFromDeclaration(export) => Some(export.source.value.as_str()),
        _ => None,
    }
}

impl<'a> Visit<'a> for Finder {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.facts.imports.extend(required(call).map(str::to_owned));
        walk::walk_call_expression(self, call);
    }

    fn visit_module_declaration(&mut self, declaration: &ModuleDeclaration<'a>) {
        self.facts.imports.extend(imported(declaration).map(str::to_owned));
        walk::walk_module_declaration(self, declaration);
    }

    fn visit_big_int_literal(&mut self, _literal: &BigIntLiteral<'a>) {
        self.facts.has_big_integers = true;
    }

    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        self.facts.has_big_integers |= name.name.starts_with("Big") || name.name == "DataView";
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if let AssignmentTarget::StaticMemberExpression(member) = &assignment.left {
            let name = member.property.name.as_str();
            match &member.object {
                Expression::Identifier(object) if object.name == "exports" => {
                    self.facts.exported.insert(name.to_owned());
                }
                Expression::Identifier(object) if object.name == "module" && name == "exports" => {
                    self.exported_object(&assignment.right);
                }
                Expression::StaticMemberExpression(inner) if inner.property.name == "exports" => {
                    self.facts.exported.insert(name.to_owned());
                }
                _ => {}
            }
        }
        walk::walk_assignment_expression(self, assignment);
    }
}

impl Finder {
    fn exported_object(&mut self, value: &Expression<'_>) {
        let Expression::ObjectExpression(object) = value else { return };
        for property in &object.properties {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && let Some(name) = property.key.static_name()
            {
                self.facts.exported.insert(name.into_owned());
            }
        }
    }
}
