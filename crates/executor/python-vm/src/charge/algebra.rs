//! `|`, `&`, `^` and `-` of sets, dictionaries and their views; bitwise operators and signs of large integers.

use rustpython_vm::builtins::PyType;
use rustpython_vm::protocol::{PyNumber, PyNumberBinaryFunc, PyNumberUnaryFunc};
use rustpython_vm::{PyObject, PyRef, PyResult, VirtualMachine};

use super::table::{STAND_INS_MAX, Table, numbered};
use super::{integers, size};
use crate::fuel::charge_parts;

thread_local! {
    static BINARY: Table<PyNumberBinaryFunc> = const { Table::new() };
    static UNARY: Table<PyNumberUnaryFunc> = const { Table::new() };
}

/// Parts that an element costs when it is looked up and put into a table.
const ENTERED: u64 = 48;

/// Parts of a unit for a word of a large integer.
fn bits(value: &PyObject) -> u64 {
    integers::words(value) / 2
}

fn binary<const N: usize>(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
    let cost = if left.class().fast_issubclass(vm.ctx.types.int_type) {
        bits(left).max(bits(right))
    } else {
        size::length(left, vm).saturating_add(size::length(right, vm)).saturating_mul(ENTERED)
    };
    charge_parts(cost);
    match BINARY.with(|table| table.original(N)) {
        Some(original) => original(left, right, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn unary<const N: usize>(number: PyNumber<'_>, vm: &VirtualMachine) -> PyResult {
    charge_parts(bits(number.obj));
    match UNARY.with(|table| table.original(N)) {
        Some(original) => original(number, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

static BINARIES: [PyNumberBinaryFunc; STAND_INS_MAX] = numbered!(binary);
static UNARIES: [PyNumberUnaryFunc; STAND_INS_MAX] = numbered!(unary);

/// Classes with operators of sets.
pub(crate) const TYPES: &[&str] =
    &["set", "frozenset", "dict", "dict_keys", "dict_items", "mappingproxy", "int", "bool"];

pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    for class in types.iter().filter(|class| TYPES.contains(&&*class.name())) {
        let number = &class.slots.as_number;
        let is_integer = class.fast_issubclass(vm.ctx.types.int_type);
        let mut slots = vec![
            &number.or,
            &number.right_or,
            &number.inplace_or,
            &number.and,
            &number.right_and,
            &number.inplace_and,
            &number.xor,
            &number.right_xor,
            &number.inplace_xor,
        ];
        if is_integer {
            slots.extend([&number.rshift, &number.right_rshift]);
            for slot in [&number.negative, &number.absolute, &number.invert, &number.float] {
                if let Some(original) = slot.load() {
                    let at = UNARY.with(|table| table.number(original, original as usize));
                    slot.store(UNARIES.get(at).copied());
                }
            }
        } else {
            slots.extend([&number.subtract, &number.right_subtract, &number.inplace_subtract]);
        }
        for slot in slots {
            if let Some(original) = slot.load() {
                let at = BINARY.with(|table| table.number(original, original as usize));
                slot.store(BINARIES.get(at).copied());
            }
        }
    }
}
