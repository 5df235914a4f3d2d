//! Comparisons in oracle files.

use rustpython_vm::builtins::{PyStrRef, PyTuple, PyType};
use rustpython_vm::types::PyComparisonOp;
use rustpython_vm::{AsObject as _, PyObjectRef, PyResult, VirtualMachine};

/// `COMPARE(op, left, right)`.
pub(crate) fn hook(op: PyStrRef, left: PyObjectRef, right: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let op = match &*op.to_string_lossy() {
        "==" => PyComparisonOp::Eq,
        "!=" => PyComparisonOp::Ne,
        "<" => PyComparisonOp::Lt,
        "<=" => PyComparisonOp::Le,
        ">" => PyComparisonOp::Gt,
        ">=" => PyComparisonOp::Ge,
        "in" => return contains(&left, &right, vm).map(|held| vm.ctx.new_bool(held).into()),
        "not in" => return contains(&left, &right, vm).map(|held| vm.ctx.new_bool(!held).into()),
        other => return Err(vm.new_value_error(format!("no comparison {other}"))),
    };
    left.rich_compare(right, op, vm)
}

fn contains(item: &PyObjectRef, container: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    container.to_sequence().contains(item, vm)
}

/// Whether a class derives from another one, or from one of a tuple; metaclasses have no say.
pub(crate) fn is_subtype(class: &PyObjectRef, of: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    if let Some(many) = of.downcast_ref::<PyTuple>() {
        for one in many.as_slice() {
            if is_subtype(class, one, vm)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match (class.downcast_ref::<PyType>(), of.downcast_ref::<PyType>()) {
        (Some(class), Some(of)) => Ok(class.fast_issubclass(of)),
        _ => Err(vm.new_type_error("a class or a tuple of classes was expected")),
    }
}

/// `isinstance` for oracles.
pub(crate) fn is_instance(value: &PyObjectRef, of: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    value.is_instance(of, vm)
}

/// Whether a value is a number of the language or the library.
pub(crate) fn is_number(value: &PyObjectRef, vm: &VirtualMachine) -> bool {
    let types = &vm.ctx.types;
    [types.int_type, types.float_type, types.complex_type].iter().any(|class| value.class().fast_issubclass(class))
        || matches!(&*value.class().name(), "Decimal" | "Fraction")
}

/// A size in bytes that is the same on every machine.
pub(crate) fn size_of(value: &PyObjectRef, vm: &VirtualMachine) -> usize {
    value.length(vm).map_or(16, |length| 48 + 8 * length)
}
