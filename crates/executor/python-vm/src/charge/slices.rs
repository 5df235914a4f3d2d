//! Slices: read, assigned and deleted. What is copied and what has to move is charged.

use rustpython_vm::builtins::{PyInt, PyList, PySlice, PyStr, PyTuple, PyType};
use rustpython_vm::protocol::PyMapping;
use rustpython_vm::{AsObject as _, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use super::size;
use super::table::{STAND_INS_MAX, Table, numbered};
use crate::fuel::charge_parts;

type Read = fn(PyMapping<'_>, &PyObject, &VirtualMachine) -> PyResult;
type Write = fn(PyMapping<'_>, &PyObject, Option<PyObjectRef>, &VirtualMachine) -> PyResult<()>;

thread_local! {
    static READ: Table<Read> = const { Table::new() };
    static WRITE: Table<Write> = const { Table::new() };
}

/// Parts that an element costs when it is copied.
const COPIED: u64 = 4;

/// Whether a bound is written as a number, so that looking at it runs nothing.
fn plain(bound: &PyObject, vm: &VirtualMachine) -> bool {
    vm.is_none(bound) || bound.class().is(vm.ctx.types.int_type)
}

/// Elements that a slice of so many takes, and where it ends; all of them where its bounds would run code.
fn taken(slice: &PySlice, length: usize, vm: &VirtualMachine) -> (usize, usize) {
    let is_plain = slice.start.as_ref().is_none_or(|start| plain(start, vm))
        && plain(&slice.stop, vm)
        && slice.step.as_ref().is_none_or(|step| plain(step, vm));
    if !is_plain {
        return (length, length);
    }
    slice.to_saturated(vm).map_or((length, length), |bounds| {
        let (range, _, count) = bounds.adjust_indices(length);
        (count, range.end)
    })
}

fn read_cost(object: &PyObject, key: &PyObject, vm: &VirtualMachine) -> u64 {
    let text = object.downcast_ref::<PyStr>();
    // Only what is not ASCII has to be walked through to find a place.
    let walked = text.is_some_and(|text| text.char_len() != text.as_bytes().len());
    if let Some(slice) = key.downcast_ref::<PySlice>() {
        let length = usize::try_from(size::length(object, vm)).unwrap_or(usize::MAX);
        let (count, end) = taken(slice, length, vm);
        return if walked {
            end as u64
        } else if object.downcast_ref::<PyList>().is_some() || object.downcast_ref::<PyTuple>().is_some() {
            (count as u64).saturating_mul(COPIED)
        } else {
            size::copied(count)
        };
    }
    if walked && key.downcast_ref::<PyInt>().is_some() {
        let length = size::length(object, vm);
        let place = size::count(key);
        return if place == 0 { length } else { place.min(length) } / 4;
    }
    match &*object.class().name() {
        // A group is cut out of the text by walking through it.
        "Match" => object.to_owned().get_attr("string", vm).map_or(0, |text| size::length(&text, vm)),
        _ => 0,
    }
}

/// What comes after the place moves.
fn write_cost(object: &PyObject, key: &PyObject, value: Option<&PyObject>, vm: &VirtualMachine) -> u64 {
    let length = size::length(object, vm);
    let moved = if object.downcast_ref::<PyList>().is_some() { length / 2 } else { length / 16 };
    let Some(slice) = key.downcast_ref::<PySlice>() else { return if value.is_some() { 0 } else { moved } };
    let (count, _) = taken(slice, usize::try_from(length).unwrap_or(usize::MAX), vm);
    let new = value.map_or(0, |value| size::length(value, vm));
    moved.saturating_add((count as u64).saturating_add(new).saturating_mul(COPIED))
}

fn read<const N: usize>(mapping: PyMapping<'_>, key: &PyObject, vm: &VirtualMachine) -> PyResult {
    charge_parts(read_cost(mapping.obj, key, vm));
    match READ.with(|table| table.original(N)) {
        Some(original) => original(mapping, key, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn write<const N: usize>(
    mapping: PyMapping<'_>,
    key: &PyObject,
    value: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    charge_parts(write_cost(mapping.obj, key, value.as_deref(), vm));
    match WRITE.with(|table| table.original(N)) {
        Some(original) => original(mapping, key, value, vm),
        None => Ok(()),
    }
}

static READS: [Read; STAND_INS_MAX] = numbered!(read);
static WRITES: [Write; STAND_INS_MAX] = numbered!(write);

/// Classes that have slices.
pub(crate) const TYPES: &[&str] = &["str", "bytes", "bytearray", "list", "tuple", "array", "memoryview", "Match"];

pub(crate) fn patch(types: &[PyRef<PyType>]) {
    for class in types.iter().filter(|class| TYPES.contains(&&*class.name())) {
        let mapping = &class.slots.as_mapping;
        if let Some(original) = mapping.subscript.load() {
            let number = READ.with(|table| table.number(original, original as usize));
            mapping.subscript.store(READS.get(number).copied());
        }
        if let Some(original) = mapping.ass_subscript.load() {
            let number = WRITE.with(|table| table.number(original, original as usize));
            mapping.ass_subscript.store(WRITES.get(number).copied());
        }
    }
}
