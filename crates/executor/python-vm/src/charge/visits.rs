//! Comparing, hashing and writing out values: every object is charged each time it is visited, so that shared parts of a
//! structure cost as often as they are looked at.

use rustpython_vm::builtins::{PyBytes, PyDict, PyInt, PyList, PyStr, PyTuple, PyType};
use rustpython_vm::function::{Either, PyComparisonValue};
use rustpython_vm::types::PyComparisonOp;
use rustpython_vm::{PyObject, PyRef, PyResult, VirtualMachine};

use super::table::{Table, numbered};
use super::{integers, size};
use crate::fuel::charge_parts;

type Compare =
    fn(&PyObject, &PyObject, PyComparisonOp, &VirtualMachine) -> PyResult<Either<PyObjectRef, PyComparisonValue>>;
type Hash = fn(&PyObject, &VirtualMachine) -> PyResult<i64>;
type Stringify = fn(&PyObject, &VirtualMachine) -> PyResult<PyRef<PyStr>>;
type PyObjectRef = rustpython_vm::PyObjectRef;

thread_local! {
    static COMPARE: Table<Compare> = const { Table::new() };
    static HASH: Table<Hash> = const { Table::new() };
    static REPR: Table<Stringify> = const { Table::new() };
}

/// What a visit costs at least, in parts.
const VISIT: u64 = 32;

/// Of an element that is compared, of one that is looked up, of one that is written out.
const COMPARED: u64 = 16;
const LOOKED_UP: u64 = 64;
const WRITTEN: u64 = 32;

fn compare_cost(left: &PyObject, right: &PyObject, op: PyComparisonOp, vm: &VirtualMachine) -> u64 {
    let unequal = |left: usize, right: usize| matches!(op, PyComparisonOp::Eq | PyComparisonOp::Ne) && left != right;
    if let (Some(left), Some(right)) = (left.downcast_ref::<PyStr>(), right.downcast_ref::<PyStr>()) {
        let (left, right) = (left.as_bytes().len(), right.as_bytes().len());
        return if unequal(left, right) { 0 } else { size::copied(left.min(right)) };
    }
    if left.downcast_ref::<PyInt>().is_some() {
        return integers::words(left).min(integers::words(right)) / 2;
    }
    let (elements, parts) = (size::length(left, vm).min(size::length(right, vm)), compared_parts(left));
    VISIT + elements.saturating_mul(parts)
}

fn compared_parts(value: &PyObject) -> u64 {
    if value.downcast_ref::<PyList>().is_some() || value.downcast_ref::<PyTuple>().is_some() {
        COMPARED
    } else if value.downcast_ref::<PyBytes>().is_some() {
        1
    } else {
        LOOKED_UP
    }
}

fn hash_cost(value: &PyObject, vm: &VirtualMachine) -> u64 {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return text.as_bytes().len() as u64 / 4;
    }
    if value.downcast_ref::<PyInt>().is_some() {
        return integers::words(value) / 2;
    }
    VISIT + size::length(value, vm).saturating_mul(if value.downcast_ref::<PyBytes>().is_some() { 1 } else { COMPARED })
}

fn repr_cost(value: &PyObject, vm: &VirtualMachine) -> u64 {
    let parts = if value.downcast_ref::<PyStr>().is_some() || value.downcast_ref::<PyBytes>().is_some() {
        2
    } else if value.downcast_ref::<PyDict>().is_some() {
        2 * WRITTEN
    } else {
        WRITTEN
    };
    4 * VISIT + size::length(value, vm).saturating_mul(parts)
}

fn compare<const N: usize>(
    left: &PyObject,
    right: &PyObject,
    op: PyComparisonOp,
    vm: &VirtualMachine,
) -> PyResult<Either<PyObjectRef, PyComparisonValue>> {
    charge_parts(compare_cost(left, right, op, vm));
    match COMPARE.with(|table| table.original(N)) {
        Some(original) => original(left, right, op, vm),
        None => Ok(Either::B(PyComparisonValue::NotImplemented)),
    }
}

fn hash<const N: usize>(value: &PyObject, vm: &VirtualMachine) -> PyResult<i64> {
    charge_parts(hash_cost(value, vm));
    match HASH.with(|table| table.original(N)) {
        Some(original) => original(value, vm),
        None => Err(vm.new_type_error("unhashable")),
    }
}

/// The text is charged too: the container around it copies it.
fn repr<const N: usize>(value: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    charge_parts(repr_cost(value, vm));
    let Some(original) = REPR.with(|table| table.original(N)) else { return Ok(vm.ctx.new_str("")) };
    let text = original(value, vm)?;
    charge_parts(size::copied(text.as_bytes().len()));
    Ok(text)
}

static COMPARES: [Compare; super::table::STAND_INS_MAX] = numbered!(compare);
static HASHES: [Hash; super::table::STAND_INS_MAX] = numbered!(hash);
static REPRS: [Stringify; super::table::STAND_INS_MAX] = numbered!(repr);

/// Classes whose comparisons look at parts.
pub(crate) const COMPARED_TYPES: &[&str] = &[
    "GenericAlias",
    "Interpolation",
    "SimpleNamespace",
    "Template",
    "Union",
    "array",
    "bytearray",
    "bytes",
    "deque",
    "dict",
    "dict_items",
    "dict_keys",
    "frozenset",
    "int",
    "list",
    "mappingproxy",
    "memoryview",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
];

/// Classes whose hashes are made of those of parts.
pub(crate) const HASHED_TYPES: &[&str] = &[
    "GenericAlias",
    "Interpolation",
    "Union",
    "bytes",
    "frozenset",
    "int",
    "mappingproxy",
    "memoryview",
    "range",
    "slice",
    "str",
    "tuple",
];

/// Classes whose text has a fixed size, or is charged elsewhere.
const SHORT: &[&str] =
    &["NoneType", "NotImplementedType", "bool", "complex", "ellipsis", "float", "int", "object", "type"];

pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    let base = vm.ctx.types.object_type.slots.repr.load().map(|repr| repr as usize);
    for class in types {
        let name = class.name().to_string();
        let slots = &class.slots;
        if COMPARED_TYPES.contains(&name.as_str())
            && let Some(original) = slots.richcompare.load()
        {
            let number = COMPARE.with(|table| table.number(original, original as usize));
            slots.richcompare.store(COMPARES.get(number).copied());
        }
        if HASHED_TYPES.contains(&name.as_str())
            && let Some(original) = slots.hash.load()
        {
            let number = HASH.with(|table| table.number(original, original as usize));
            slots.hash.store(HASHES.get(number).copied());
        }
        if let Some(original) = slots.repr.load().filter(|repr| Some(*repr as usize) != base)
            && !SHORT.contains(&name.as_str())
        {
            let number = REPR.with(|table| table.number(original, original as usize));
            slots.repr.store(REPRS.get(number).copied());
        }
    }
}
