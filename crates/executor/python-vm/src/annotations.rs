//! Annotations that are text: what they name, without making code from them.
//!
//! The library asks for them where a class or a function says its types as text (`from __future__ import annotations`).
//! Names are looked up in the program's own modules only, and nothing is called.

use edgecoder_subset::ast;
use rustpython_vm::builtins::{PyDict, PyDictRef, PyStr};
use rustpython_vm::{AsObject as _, PyObjectRef, PyResult, VirtualMachine};

use crate::boot::{self, Builtins};
use crate::{fuel, guard, origin};

/// The path of an annotation in messages.
const PATH: &str = "<annotation>";

/// Bytes of text that one unit of fuel parses.
const BYTES_A_UNIT: u64 = 16;

/// Where names are looked up, in order.
struct Places {
    parameters: PyDictRef,
    modules: Vec<PyDictRef>,
    builtins: PyObjectRef,
}

/// What an annotation means. `NameError` when a name is in none of the program's modules among `places`.
pub(crate) fn resolve(text: &str, places: Vec<PyObjectRef>, parameters: PyDictRef, vm: &VirtualMachine) -> PyResult {
    fuel::charge(text.len() as u64 / BYTES_A_UNIT + 1);
    let failed = |message: String| vm.new_exception_msg(vm.ctx.exceptions.syntax_error.to_owned(), message.into());
    let mut parsed = edgecoder_subset::parse(PATH, text.trim().as_bytes())
        .map_err(|found| failed(found.first().map_or_else(String::new, |violation| violation.message.clone())))?;
    let Some(ast::Stmt::Expr(only)) = parsed.module.body.pop().filter(|_| parsed.module.body.is_empty()) else {
        return Err(failed(format!("the annotation {text:?} is no expression")));
    };
    // A namespace of the library's would lead to what programs may not reach.
    let modules = places
        .into_iter()
        .filter(|place| origin::module_role(place).is_some())
        .filter_map(|place| place.downcast::<PyDict>().ok())
        .collect();
    let places = Places { parameters, modules, builtins: boot::builtins(Builtins::Candidate, vm) };
    value(&only.value, &places, vm)
}

fn value(expression: &ast::Expr, places: &Places, vm: &VirtualMachine) -> PyResult {
    match expression {
        ast::Expr::Name(name) => look_up(name.id.as_str(), places, vm),
        ast::Expr::Attribute(attribute) => {
            let name = vm.ctx.new_str(attribute.attr.as_str());
            guard::check_name(name.as_object(), vm)?;
            value(&attribute.value, places, vm)?.get_attr(&name, vm)
        }
        ast::Expr::Subscript(subscript) => {
            let (of, item) = (value(&subscript.value, places, vm)?, value(&subscript.slice, places, vm)?);
            of.get_item(&*item, vm)
        }
        ast::Expr::BinOp(both) if both.op == ast::Operator::BitOr => {
            let (left, right) = (value(&both.left, places, vm)?, value(&both.right, places, vm)?);
            vm._or(&left, &right)
        }
        ast::Expr::Tuple(tuple) => Ok(vm.ctx.new_tuple(values(&tuple.elts, places, vm)?).into()),
        ast::Expr::List(list) => Ok(vm.ctx.new_list(values(&list.elts, places, vm)?).into()),
        ast::Expr::NoneLiteral(_) => Ok(vm.ctx.none()),
        ast::Expr::EllipsisLiteral(_) => Ok(vm.ctx.ellipsis.clone().into()),
        ast::Expr::BooleanLiteral(literal) => Ok(vm.ctx.new_bool(literal.value).into()),
        ast::Expr::StringLiteral(literal) => Ok(vm.ctx.new_str(literal.value.to_str()).into()),
        ast::Expr::NumberLiteral(literal) => match &literal.value {
            ast::Number::Int(number) if number.as_i64().is_some() => {
                Ok(vm.ctx.new_int(number.as_i64().unwrap_or_default()).into())
            }
            _ => Err(unsupported(vm)),
        },
        _ => Err(unsupported(vm)),
    }
}

fn values(expressions: &[ast::Expr], places: &Places, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
    expressions.iter().map(|each| value(each, places, vm)).collect()
}

fn unsupported(vm: &VirtualMachine) -> rustpython_vm::builtins::PyBaseExceptionRef {
    vm.new_type_error("an annotation that is text may hold names, attributes, `|` and subscripts only")
}

fn look_up(name: &str, places: &Places, vm: &VirtualMachine) -> PyResult {
    for place in std::iter::once(&places.parameters).chain(&places.modules) {
        if let Some(found) = place.get_item_opt(name, vm)? {
            return Ok(found);
        }
    }
    let found = places.builtins.downcast_ref::<PyDict>().map(|all| all.get_item_opt(name, vm)).transpose()?.flatten();
    found.ok_or_else(|| {
        let name: rustpython_vm::PyRef<PyStr> = vm.ctx.new_str(name);
        vm.new_name_error(format!("name '{name}' is not defined"), name)
    })
}
