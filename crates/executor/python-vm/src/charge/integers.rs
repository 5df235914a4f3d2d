//! Arithmetic of large integers.

use std::cell::Cell;

use rustpython_vm::builtins::{PyInt, PyStr};
use rustpython_vm::protocol::{PyNumberBinaryFunc, PyNumberTernaryFunc};
use rustpython_vm::{PyObject, PyRef, PyResult, VirtualMachine};

use crate::fuel::charge;

/// Operands of at most this many 64-bit words cost nothing extra.
const SMALL_WORDS: u64 = 16;

/// Products of words that one unit computes.
const WORD_PRODUCTS_A_UNIT: u64 = 256;

type Stringify = fn(&PyObject, &VirtualMachine) -> PyResult<PyRef<PyStr>>;

thread_local! {
    static MULTIPLY: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static FLOOR_DIVIDE: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static REMAINDER: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static DIVMOD: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static LSHIFT: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static ADD: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static SUBTRACT: Cell<Option<PyNumberBinaryFunc>> = const { Cell::new(None) };
    static POWER: Cell<Option<PyNumberTernaryFunc>> = const { Cell::new(None) };
    static REPR: Cell<Option<Stringify>> = const { Cell::new(None) };
}

/// Words that hold an integer; 0 for what is none.
pub(crate) fn words(value: &PyObject) -> u64 {
    value.downcast_ref::<PyInt>().map_or(0, |int| int.as_bigint().bits() / 64 + 1)
}

/// The cost of writing a number as decimal text; nothing for what is no integer.
pub(crate) fn decimal_cost(value: &PyObject) -> u64 {
    let size = words(value);
    product(size, size)
}

/// The cost of a product, a quotient or a conversion of numbers of so many words.
pub(crate) fn product(left: u64, right: u64) -> u64 {
    if left <= SMALL_WORDS && right <= SMALL_WORDS { 0 } else { left.saturating_mul(right) / WORD_PRODUCTS_A_UNIT + 1 }
}

macro_rules! binary {
    ($name:ident, $saved:ident) => {
        fn $name(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
            charge(product(words(left), words(right)));
            match $saved.get() {
                Some(original) => original(left, right, vm),
                None => Ok(vm.ctx.not_implemented()),
            }
        }
    };
}

binary!(multiply, MULTIPLY);
binary!(floor_divide, FLOOR_DIVIDE);
binary!(remainder, REMAINDER);
binary!(divmod, DIVMOD);

/// Words that one unit adds up.
pub(crate) const WORDS_A_UNIT: u64 = 512;

macro_rules! sum {
    ($name:ident, $saved:ident) => {
        fn $name(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
            charge(words(left).max(words(right)) / WORDS_A_UNIT);
            match $saved.get() {
                Some(original) => original(left, right, vm),
                None => Ok(vm.ctx.not_implemented()),
            }
        }
    };
}

sum!(add, ADD);
sum!(subtract, SUBTRACT);

fn lshift(left: &PyObject, right: &PyObject, vm: &VirtualMachine) -> PyResult {
    let shift = super::size::count(right);
    if left.downcast_ref::<PyInt>().is_some_and(|int| int.as_bigint().bits() > 0) {
        charge(shift / 64 / 16);
    }
    match LSHIFT.get() {
        Some(original) => original(left, right, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn power(base: &PyObject, exponent: &PyObject, modulus: &PyObject, vm: &VirtualMachine) -> PyResult {
    charge(power_cost(base, exponent, modulus));
    match POWER.get() {
        Some(original) => original(base, exponent, modulus, vm),
        None => Ok(vm.ctx.not_implemented()),
    }
}

fn power_cost(base: &PyObject, exponent: &PyObject, modulus: &PyObject) -> u64 {
    let (Some(base), Some(power)) = (base.downcast_ref::<PyInt>(), exponent.downcast_ref::<PyInt>()) else { return 0 };
    if modulus.downcast_ref::<PyInt>().is_some() {
        let size = words(modulus);
        return power.as_bigint().bits().saturating_mul(size.saturating_mul(size)) / WORD_PRODUCTS_A_UNIT;
    }
    let bits = base.as_bigint().bits();
    if bits <= 1 {
        return 0;
    }
    let result = bits.saturating_mul(super::size::count(exponent)) / 64;
    product(result, result)
}

fn repr(value: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    charge(decimal_cost(value));
    match REPR.get() {
        Some(original) => original(value, vm),
        None => Ok(vm.ctx.new_str("")),
    }
}

/// Charges before reading an integer from so many digits.
pub(crate) fn parse_cost(digits: usize) -> u64 {
    let size = digits as u64 / 19;
    product(size, size)
}

pub(crate) fn patch(vm: &VirtualMachine) {
    for class in [vm.ctx.types.int_type, vm.ctx.types.bool_type] {
        let number = &class.slots.as_number;
        if MULTIPLY.get().is_none() {
            MULTIPLY.set(number.multiply.load());
            FLOOR_DIVIDE.set(number.floor_divide.load());
            REMAINDER.set(number.remainder.load());
            DIVMOD.set(number.divmod.load());
            ADD.set(number.add.load());
            SUBTRACT.set(number.subtract.load());
            LSHIFT.set(number.lshift.load());
            POWER.set(number.power.load());
            REPR.set(class.slots.repr.load());
            class.slots.repr.store(Some(repr));
            if class.slots.str.load().is_some() {
                class.slots.str.store(Some(repr));
            }
        }
        number.add.store(Some(add));
        number.right_add.store(Some(add));
        number.subtract.store(Some(subtract));
        number.right_subtract.store(Some(subtract));
        number.multiply.store(Some(multiply));
        number.right_multiply.store(Some(multiply));
        number.floor_divide.store(Some(floor_divide));
        number.right_floor_divide.store(Some(floor_divide));
        number.remainder.store(Some(remainder));
        number.right_remainder.store(Some(remainder));
        number.divmod.store(Some(divmod));
        number.right_divmod.store(Some(divmod));
        number.lshift.store(Some(lshift));
        number.right_lshift.store(Some(lshift));
        number.power.store(Some(power));
        number.right_power.store(Some(power));
    }
}
