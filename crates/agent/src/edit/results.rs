//! Edits of what a function gives back: its type, its form, its words. The failed comparison tells which are worth a try.

use std::collections::BTreeSet;

use rustpython_ruff_python_ast::visitor::{Visitor, walk_expr};
use rustpython_ruff_python_ast::{Expr, StmtFunctionDef, UnaryOp};

use super::{Draft, EditKind, Returns, range_of};
use crate::python::examples::is_constant;
use crate::python::parse_expression;

/// How far a float may be off for rounding to be what is missing.
const ROUNDING_MAX: f64 = 0.1;

/// Kinds of values that results are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    None,
    Bool,
    Int,
    Float,
    Text,
    List,
    Tuple,
    Set,
    Dict,
    Other,
}

pub(super) fn collect(draft: &mut Draft<'_>, function: &StmtFunctionDef) {
    let mut returns = Returns::default();
    function
        .body
        .iter()
        .for_each(|statement| rustpython_ruff_python_ast::visitor::Visitor::visit_stmt(&mut returns, statement));
    let returned: Vec<&Expr> = returns.0.iter().copied().filter(|value| !is_constant(value)).collect();
    let wanted = draft.wrong.examples.iter().filter_map(|example| parse_expression(&example.value)).collect::<Vec<_>>();
    let want = wanted.first().map_or(Value::Other, kind_of);
    let (got, got_text, want_text) = difference(draft.wrong.error);
    for value in &returned {
        unwrapped(draft, value);
    }
    let forms = forms(want, got, &got_text, &want_text);
    for form in &forms {
        let pieces: Vec<_> =
            returned.iter().map(|value| (range_of(*value), form.replace('_', draft.text(*value)))).collect();
        if !pieces.is_empty() {
            draft.edit(EditKind::Result, pieces, format!("result as `{form}`"));
        }
    }
    if returned.len() > 1 {
        for (form, value) in forms.iter().flat_map(|form| returned.iter().map(move |value| (form, value))) {
            let text = draft.text(*value).to_owned();
            draft.replace(EditKind::Result, *value, &form.replace('_', &text));
        }
    }
    words(draft, function, &wanted, &returned);
}

fn kind_of(expression: &Expr) -> Value {
    match expression {
        Expr::NoneLiteral(_) => Value::None,
        Expr::BooleanLiteral(_) => Value::Bool,
        Expr::NumberLiteral(number) => match number.value {
            rustpython_ruff_python_ast::Number::Int(_) => Value::Int,
            _ => Value::Float,
        },
        Expr::UnaryOp(unary) if matches!(unary.op, UnaryOp::USub) => kind_of(&unary.operand),
        Expr::StringLiteral(_) => Value::Text,
        Expr::List(_) => Value::List,
        Expr::Tuple(_) => Value::Tuple,
        Expr::Set(_) => Value::Set,
        Expr::Dict(_) => Value::Dict,
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) if name.id.as_str() == "set" => Value::Set,
            _ => Value::Other,
        },
        _ => Value::Other,
    }
}

/// What was given and what was wanted, from `… assert GIVEN == WANTED`.
fn difference(error: &str) -> (Option<Value>, String, String) {
    let told = error.split_once("assert ").and_then(|(_, rest)| rest.rsplit_once(" == "));
    let Some((given, wanted)) = told else { return (None, String::new(), String::new()) };
    let kind = parse_expression(given).map_or(Value::Other, |value| kind_of(&value));
    (Some(kind), given.to_owned(), wanted.to_owned())
}

const TO_LIST: &[&str] = &[
    "list(_)",
    "sorted(_)",
    "[_]",
    "list((_).items())",
    "list((_).values())",
    "list((_).keys())",
    "(_).split()",
    "[list(x) for x in _]",
    "(_)[0]",
];
const OTHER_LIST: &[&str] = &[
    "sorted(_)",
    "(_)[::-1]",
    "list(dict.fromkeys(_))",
    "sorted(set(_))",
    "sorted(_, reverse=True)",
    "(_)[1:]",
    "(_)[:-1]",
    "[list(x) for x in _]",
    "[tuple(x) for x in _]",
    "(_)[0]",
    "[_]",
];
const TUPLES: &[&str] = &["tuple(_)", "tuple(sorted(_))", "tuple((_)[::-1])", "(_,)", "tuple(set(_))", "(_)[0]"];
const SETS: &[&str] = &["set(_)", "{_}", "set(map(tuple, _))"];
const DICTS: &[&str] = &["dict(_)", "dict(sorted((_).items()))", "dict(sorted((_).items(), key=lambda x: x[1]))"];
const TO_TEXT: &[&str] = &[
    "str(_)",
    "\"\".join(_)",
    "\" \".join(_)",
    "\"\".join(map(str, _))",
    "\" \".join(map(str, _))",
    "(_)[0]",
    "(_)[-1]",
];
const OTHER_TEXT: &[&str] = &[
    "(_)[::-1]",
    "(_).strip()",
    "(_).lower()",
    "(_).upper()",
    "(_).capitalize()",
    "(_).title()",
    "\" \".join((_).split())",
    "(_).replace(\" \", \"\")",
    "(_)[1:]",
    "(_)[:-1]",
];
const TO_INT: &[&str] = &[
    "len(_)",
    "sum(_)",
    "int(_)",
    "round(_)",
    "max(_)",
    "min(_)",
    "(_)[0]",
    "(_)[-1]",
    "int(\"\".join(map(str, _)))",
    "(_)[1]",
];
const OTHER_INT: &[&str] = &["_ + 1", "_ - 1", "-(_)", "abs(_)", "(_) * 2", "(_) // 2"];
const FLOATS: &[&str] = &["float(_)", "_ / 2", "(_) * 2", "-(_)"];
const BOOLS: &[&str] = &["bool(_)", "not (_)", "(_) == 0", "(_) > 0", "len(_) > 0"];
const OTHERS: &[&str] = &["(_)[0]", "list(_)", "str(_)", "sorted(_)", "not (_)"];

/// Forms that turn one kind of value into another, or into another of its kind; `_` stands for the result.
fn forms(want: Value, got: Option<Value>, given: &str, wanted: &str) -> Vec<String> {
    let same = got == Some(want);
    let forms = match (want, same) {
        (Value::List, false) => TO_LIST,
        (Value::List, true) => OTHER_LIST,
        (Value::Tuple, _) => TUPLES,
        (Value::Set, _) => SETS,
        (Value::Dict, _) => DICTS,
        (Value::Text, false) => TO_TEXT,
        (Value::Text, true) => OTHER_TEXT,
        (Value::Int, false) => TO_INT,
        (Value::Int, true) => OTHER_INT,
        (Value::Float, _) => FLOATS,
        (Value::Bool, _) => BOOLS,
        (Value::None | Value::Other, _) => OTHERS,
    };
    let mut forms: Vec<String> = forms.iter().map(|form| (*form).to_owned()).collect();
    if want == Value::Float
        && let (Ok(given), Ok(wanted)) = (given.parse::<f64>(), wanted.parse::<f64>())
        && let Some(places) = wanted.to_string().split_once('.').map(|(_, places)| places.len())
        && (given - wanted).abs() < ROUNDING_MAX
    {
        forms.insert(0, format!("round(_, {places})"));
    }
    forms
}

/// `list(x)` as `x` and `(a, b)[0]` as its elements.
fn unwrapped(draft: &mut Draft<'_>, value: &Expr) {
    match value {
        Expr::Tuple(tuple) => {
            for element in &tuple.elts {
                let text = draft.text(element).to_owned();
                draft.replace(EditKind::Result, value, &text);
            }
        }
        Expr::List(list) => {
            if let [only] = &list.elts[..] {
                let text = draft.text(only).to_owned();
                draft.replace(EditKind::Result, value, &text);
            }
        }
        Expr::ListComp(comprehension) => {
            let inside = draft.text(comprehension).to_owned();
            let inside = inside.trim_start_matches('[').trim_end_matches(']').to_owned();
            for form in ["sum", "max", "min", "any", "all", "set", "tuple", "len"] {
                let inside = if form == "len" { format!("[{inside}]") } else { inside.clone() };
                draft.replace(EditKind::Result, value, &format!("{form}({inside})"));
            }
        }
        _ => {}
    }
}

/// The examples' words in place of the candidate's own: of two that it chooses between, or of truth values.
fn words(draft: &mut Draft<'_>, function: &StmtFunctionDef, wanted: &[Expr], returned: &[&Expr]) {
    let mut shown: Vec<String> = Vec::new();
    for value in wanted {
        if !matches!(value, Expr::StringLiteral(_)) {
            return;
        }
        let Some(text) = draft
            .wrong
            .examples
            .iter()
            .map(|one| &one.value)
            .find(|text| parse_expression(text).is_some_and(|one| literal(&one) == literal(value)))
        else {
            continue;
        };
        // A word out of the input is computed, not chosen.
        let word = literal(value).unwrap_or_default();
        if draft.wrong.examples.iter().any(|one| one.call.contains(&word)) {
            return;
        }
        if !shown.contains(text) {
            shown.push(text.clone());
        }
    }
    let mut own = Constants::default();
    function.body.iter().for_each(|statement| own.visit_stmt(statement));
    let texts: BTreeSet<String> = own.0.iter().map(|value| draft.text(*value).to_owned()).collect();
    let texts: Vec<String> = texts.into_iter().collect();
    let replaced = |draft: &mut Draft<'_>, pairs: &[(&String, &String)]| {
        let pieces: Vec<_> = own
            .0
            .iter()
            .filter_map(|value| {
                let text = draft.text(*value);
                let new = pairs.iter().find(|(old, _)| *old == text)?.1;
                Some((range_of(*value), new.clone()))
            })
            .collect();
        let what = pairs.iter().map(|(old, new)| format!("`{}` to `{}`", super::brief(old), super::brief(new)));
        let what = what.collect::<Vec<_>>().join(", ");
        draft.edit(EditKind::Words, pieces, what);
    };
    // One word alone would be a shown result that is copied.
    if let ([one, other], [first, second]) = (&texts[..], &shown[..]) {
        replaced(draft, &[(one, first), (other, second)]);
        replaced(draft, &[(one, second), (other, first)]);
    }
    if let [first, second] = &shown[..] {
        for (yes, no) in [(first, second), (second, first)] {
            let pieces: Vec<_> = returned
                .iter()
                .map(|value| (range_of(*value), format!("{yes} if {} else {no}", draft.text(*value))))
                .collect();
            if !pieces.is_empty() {
                let what = format!("truth as `{}` or `{}`", super::brief(yes), super::brief(no));
                draft.edit(EditKind::Words, pieces, what);
            }
        }
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}

/// String and truth constants that a function can give back: in a `return`, or chosen there.
#[derive(Default)]
struct Constants<'a>(Vec<&'a Expr>);

impl<'a> Visitor<'a> for Constants<'a> {
    fn visit_stmt(&mut self, statement: &'a rustpython_ruff_python_ast::Stmt) {
        if let rustpython_ruff_python_ast::Stmt::Return(one) = statement {
            if let Some(value) = &one.value {
                self.visit_expr(value);
            }
        } else if !matches!(
            statement,
            rustpython_ruff_python_ast::Stmt::Expr(_) | rustpython_ruff_python_ast::Stmt::Assign(_)
        ) {
            rustpython_ruff_python_ast::visitor::walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::StringLiteral(_) | Expr::BooleanLiteral(_) => self.0.push(expression),
            Expr::If(choice) => {
                self.visit_expr(&choice.body);
                self.visit_expr(&choice.orelse);
            }
            Expr::Compare(_) | Expr::Call(_) | Expr::BinOp(_) | Expr::Subscript(_) => {}
            _ => walk_expr(self, expression),
        }
    }
}
