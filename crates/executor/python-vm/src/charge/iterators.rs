//! Native iterators that can go on without end, or over what is not there yet: one unit a step.

use std::cell::RefCell;

use rustpython_vm::builtins::{PyTuple, PyType};
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{PyObject, PyRef, PyResult, VirtualMachine};

use super::table::{STAND_INS_MAX, Table, numbered};
use crate::fuel::{PARTS_A_UNIT, charge_parts};

type Next = fn(&PyObject, &VirtualMachine) -> PyResult<PyIterReturn>;

thread_local! {
    static NEXT: Table<Next> = const { Table::new() };
    static COSTS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Parts that an element of a tuple costs which a step makes.
const ELEMENT: u64 = 4;

/// Iterators over what is there already: a part of a unit a step.
const OVER_WHAT_IS_THERE: &[&str] = &[
    "_deque_iterator",
    "_deque_reverse_iterator",
    "arrayiterator",
    "bytearray_iterator",
    "bytes_iterator",
    "dict_itemiterator",
    "dict_keyiterator",
    "dict_reverseitemiterator",
    "dict_reversekeyiterator",
    "dict_reversevalueiterator",
    "dict_valueiterator",
    "list_iterator",
    "list_reverseiterator",
    "longrange_iterator",
    "memory_iterator",
    "range_iterator",
    "set_iterator",
    "str_iterator",
    "tuple_iterator",
    "unpack_iterator",
];

/// What a step costs there, in parts.
const STEP: u64 = 16;

const TYPES: &[&str] = &[
    "map",
    "filter",
    "zip",
    "enumerate",
    "callable_iterator",
    "coroutine_wrapper",
    "iterator",
    "reversed",
    "accumulate",
    "batched",
    "chain",
    "combinations",
    "combinations_with_replacement",
    "compress",
    "count",
    "cycle",
    "dropwhile",
    "filterfalse",
    "_grouper",
    "groupby",
    "islice",
    "pairwise",
    "permutations",
    "product",
    "repeat",
    "starmap",
    "takewhile",
    "_tee",
    "zip_longest",
];

fn next<const N: usize>(iterator: &PyObject, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
    let cost = COSTS.with_borrow(|costs| costs.get(N).copied().unwrap_or(PARTS_A_UNIT));
    charge_parts(cost);
    let Some(original) = NEXT.with(|table| table.original(N)) else { return Ok(PyIterReturn::StopIteration(None)) };
    let made = original(iterator, vm)?;
    if cost == PARTS_A_UNIT
        && let PyIterReturn::Return(value) = &made
        && let Some(tuple) = value.downcast_ref::<PyTuple>()
    {
        charge_parts((tuple.len() as u64).saturating_mul(ELEMENT));
    }
    Ok(made)
}

static STAND_INS: [Next; STAND_INS_MAX] = numbered!(next);

pub(crate) fn patch(types: &[PyRef<PyType>]) {
    for class in types {
        let name = class.name().to_string();
        let cost = match name.as_str() {
            name if TYPES.contains(&name) => PARTS_A_UNIT,
            name if OVER_WHAT_IS_THERE.contains(&name) => STEP,
            _ => continue,
        };
        if let Some(original) = class.slots.iternext.load() {
            let number = NEXT.with(|table| table.number(original, original as usize));
            COSTS.with_borrow_mut(|costs| {
                costs.resize(costs.len().max(number + 1), PARTS_A_UNIT);
                if let Some(place) = costs.get_mut(number) {
                    *place = cost;
                }
            });
            class.slots.iternext.store(STAND_INS.get(number).copied());
        }
    }
}
