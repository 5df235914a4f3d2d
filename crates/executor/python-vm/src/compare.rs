//! Comparisons in oracle files: native, and remembered for the message of an assert that fails.
//!
//! What the candidate's own methods may say to them is judged in the slots of its classes: see [`crate::judge`].

use std::cell::RefCell;

use rustpython_vm::builtins::{PyStrRef, PyTuple, PyType};
use rustpython_vm::types::PyComparisonOp;
use rustpython_vm::{AsObject as _, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::{fuel, origin};

/// Characters of a value that a failure's message shows.
const SHOWN_CHARS_MAX: usize = 120;

thread_local! {
    static DIFFERENCE: RefCell<Option<(PyStrRef, PyObjectRef, PyObjectRef)>> = const { RefCell::new(None) };
}

/// `COMPARE(op, left, right)`.
pub(crate) fn hook(op: PyStrRef, left: PyObjectRef, right: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    fuel::charge(1);
    let rich = |op: PyComparisonOp| left.clone().rich_compare(right.clone(), op, vm);
    let held = || right.sequence_unchecked().contains(&left, vm);
    let word = op.as_bytes();
    let result = match word {
        b"==" => rich(PyComparisonOp::Eq),
        b"!=" => rich(PyComparisonOp::Ne),
        b"<" => rich(PyComparisonOp::Lt),
        b"<=" => rich(PyComparisonOp::Le),
        b">" => rich(PyComparisonOp::Gt),
        b">=" => rich(PyComparisonOp::Ge),
        b"in" => held().map(|held| vm.ctx.new_bool(held).into()),
        b"not in" => held().map(|held| vm.ctx.new_bool(!held).into()),
        _ => Err(vm.new_value_error("no such comparison")),
    }?;
    if result.is(&vm.ctx.false_value) {
        DIFFERENCE.with(|cell| *cell.borrow_mut() = Some((op, left, right)));
    }
    Ok(result)
}

/// Forgets the last comparison that did not hold.
pub(crate) fn forget() {
    DIFFERENCE.with(|cell| *cell.borrow_mut() = None);
}

/// The last comparison that did not hold, for the message of a bare assert.
pub(crate) fn last_difference(vm: &VirtualMachine) -> Option<String> {
    let (word, left, right) = DIFFERENCE.with(|cell| cell.borrow_mut().take())?;
    let shown = |value: &PyObjectRef| {
        let text =
            value.repr(vm).map_or_else(|_| "<unprintable>".to_owned(), |text| text.to_string_lossy().into_owned());
        match text.char_indices().nth(SHOWN_CHARS_MAX) {
            Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
            None => text,
        }
    };
    Some(format!("AssertionError: assert {} {} {}", shown(&left), word.to_string_lossy(), shown(&right)))
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

/// `isinstance` for oracles: a candidate's class cannot lie about what it is.
pub(crate) fn is_instance(value: &PyObjectRef, of: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    if let Some(many) = of.downcast_ref::<PyTuple>() {
        for one in many.as_slice() {
            if is_instance(value, one, vm)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if let Some(class) = of.downcast_ref::<PyType>() {
        let held = value.class().fast_issubclass(class);
        let plain = of.class().is(vm.ctx.types.type_type);
        if origin::is_candidate_instance(of, vm) || plain && (held || origin::is_candidate_instance(value, vm)) {
            return Ok(held);
        }
    }
    value.is_instance(of, vm)
}

/// `abs(first - second)` for a tolerance; what the candidate's objects may answer is judged in their slots.
pub(crate) fn distance(first: &PyObjectRef, second: &PyObjectRef, vm: &VirtualMachine) -> PyResult {
    vm._abs(&*vm._sub(first, second)?)
}

/// Whether a value is a number of the language or the library.
pub(crate) fn is_number(value: &PyObject, vm: &VirtualMachine) -> bool {
    let types = &vm.ctx.types;
    let is = |class: &Py<PyType>| value.class().fast_issubclass(class);
    is(types.int_type)
        || is(types.float_type)
        || is(types.complex_type)
        || matches!(&*value.class().name(), "Decimal" | "Fraction") && !origin::is_candidate_instance(value, vm)
}

/// A size in bytes that is the same on every machine.
pub(crate) fn size_of(value: &PyObjectRef, vm: &VirtualMachine) -> usize {
    value.length(vm).map_or(16, |length| 48 + 8 * length)
}
