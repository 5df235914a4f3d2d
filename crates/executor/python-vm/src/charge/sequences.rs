//! Repeating sequences, looking through them, and `%` formatting.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use rustpython_vm::builtins::{PyStr, PyTuple, PyType};
use rustpython_vm::protocol::{PyIterReturn, PyNumberBinaryFunc, PySequence};
use rustpython_vm::{AsObject as _, PyObject, PyRef, PyResult, VirtualMachine};

use super::{integers, size};
use crate::fuel::{charge, charge_parts};

type Repeat = fn(PySequence<'_>, isize, &VirtualMachine) -> PyResult;
type Contains = fn(PySequence<'_>, &PyObject, &VirtualMachine) -> PyResult<bool>;
type Concat = fn(PySequence<'_>, &PyObject, &VirtualMachine) -> PyResult;

#[derive(Clone, Copy, Default)]
struct Saved {
    repeat: Option<Repeat>,
    inplace_repeat: Option<Repeat>,
    contains: Option<Contains>,
    concat: Option<Concat>,
    inplace_concat: Option<Concat>,
}

thread_local! {
    static SAVED: RefCell<HashMap<usize, Saved>> = RefCell::new(HashMap::new());
    static FORMAT: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static ADD_TEXT: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
}

const TYPES: &[&str] = &["str", "bytes", "bytearray", "list", "tuple", "array", "deque"];

fn saved(object: &PyObject) -> Saved {
    SAVED
        .with(|cell| {
            let saved = cell.borrow();
            let found = saved.get(&object.class().get_id()).copied();
            found.or_else(|| object.class().mro.read().iter().find_map(|class| saved.get(&class.get_id()).copied()))
        })
        .unwrap_or_default()
}

fn charge_repeat(object: &PyObject, times: isize, vm: &VirtualMachine) {
    let length = object.length(vm).unwrap_or_default() as u64;
    let times = u64::try_from(times).unwrap_or_default();
    let unit = if object.downcast_ref::<PyStr>().is_some() { size::BYTES_A_UNIT } else { size::ELEMENTS_A_UNIT };
    charge(length.saturating_mul(times) / unit);
}

fn repeat(sequence: PySequence<'_>, times: isize, vm: &VirtualMachine) -> PyResult {
    charge_repeat(sequence.obj, times, vm);
    match saved(sequence.obj).repeat {
        Some(original) => original(sequence, times, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn inplace_repeat(sequence: PySequence<'_>, times: isize, vm: &VirtualMachine) -> PyResult {
    charge_repeat(sequence.obj, times, vm);
    match saved(sequence.obj).inplace_repeat {
        Some(original) => original(sequence, times, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn contains(sequence: PySequence<'_>, item: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    charge(size::of(sequence.obj, vm));
    match saved(sequence.obj).contains {
        Some(original) => original(sequence, item, vm),
        None => Ok(false),
    }
}

fn concat(sequence: PySequence<'_>, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    charge(size::of(sequence.obj, vm).saturating_add(size::of(other, vm)));
    match saved(sequence.obj).concat {
        Some(original) => original(sequence, other, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

/// Text is only copied, and programs build it piece by piece.
fn add_text(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
    if let (Some(left), Some(right)) = (left.downcast_ref::<PyStr>(), right.downcast_ref::<PyStr>()) {
        charge_parts(size::copied(left.as_bytes().len()) + size::copied(right.as_bytes().len()));
    }
    match ADD_TEXT.get() {
        Some(original) => original(left, right, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

/// Only what is added is moved.
fn inplace_concat(sequence: PySequence<'_>, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    charge(size::of(other, vm).saturating_add(size::left_in(other, vm)));
    match saved(sequence.obj).inplace_concat {
        Some(original) => original(sequence, other, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn format(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
    if let Some(text) = left.downcast_ref::<PyStr>() {
        let text = text.to_string_lossy();
        let mut cost = size::bytes(text.len()) + size::largest_number(&text) / size::BYTES_A_UNIT;
        if text.contains('*') {
            let widths = right
                .downcast_ref::<PyTuple>()
                .map_or(0, |tuple| tuple.as_slice().iter().map(|item| size::count(item)).fold(0, u64::max));
            cost = cost.saturating_add(widths / size::BYTES_A_UNIT);
        }
        let values = right.downcast_ref::<PyTuple>().map_or(0, |tuple| {
            tuple.as_slice().iter().map(|item| integers::decimal_cost(item)).fold(0, u64::saturating_add)
        });
        charge(cost.saturating_add(values).saturating_add(integers::decimal_cost(right)));
    }
    match FORMAT.get() {
        Some(original) => original(left, right, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

/// Iterators whose elements cost nothing to make, so that nothing else charges for going through them.
const ITERATORS: &[&str] = &["range_iterator", "longrange_iterator", "list_iterator", "tuple_iterator", "str_iterator"];

fn iterator_contains(sequence: PySequence<'_>, item: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    let iterator = sequence.obj.to_owned().get_iter(vm)?;
    while let PyIterReturn::Return(element) = iterator.next(vm)? {
        charge(1);
        if vm.bool_eq(&element, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    for class in types.iter().filter(|class| TYPES.contains(&&*class.name())) {
        let sequence = &class.slots.as_sequence;
        let own = Saved {
            repeat: sequence.repeat.load(),
            inplace_repeat: sequence.inplace_repeat.load(),
            contains: sequence.contains.load(),
            concat: sequence.concat.load(),
            inplace_concat: sequence.inplace_concat.load(),
        };
        SAVED.with(|cell| cell.borrow_mut().insert(class.get_id(), own));
        if own.repeat.is_some() {
            sequence.repeat.store(Some(repeat));
        }
        if own.inplace_repeat.is_some() {
            sequence.inplace_repeat.store(Some(inplace_repeat));
        }
        if own.contains.is_some() {
            sequence.contains.store(Some(contains));
        }
        if own.inplace_concat.is_some() {
            sequence.inplace_concat.store(Some(inplace_concat));
        }
        if own.concat.is_some() {
            sequence.concat.store(Some(concat));
        }
    }
    for class in types.iter().filter(|class| ITERATORS.contains(&&*class.name())) {
        class.slots.as_sequence.contains.store(Some(iterator_contains));
    }
    let number = &vm.ctx.types.str_type.slots.as_number;
    FORMAT.set(number.remainder.load());
    number.remainder.store(Some(format));
    ADD_TEXT.set(number.add.load());
    number.add.store(Some(add_text));
    number.right_add.store(Some(add_text));
}
