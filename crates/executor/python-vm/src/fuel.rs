//! Fuel: a counter of interpreter work that ends the run from native code.

use std::cell::Cell;

use edgecoder_types::RunStatus;
use rustpython_vm::builtins::{PyDict, PyStr};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

#[cfg(debug_assertions)]
#[allow(unused_imports, reason = "the interpreter has its own when it is built with assertions")]
use crate::flags::CreatedWithFlags as _;
use crate::state::{self, End};

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
    static PARTS: Cell<u64> = const { Cell::new(0) };
}

/// Parts of a unit that are charged where a whole unit would be too much: one object visited, sixteen bytes copied.
pub(crate) const PARTS_A_UNIT: u64 = 256;

/// Fills the tank.
pub(crate) fn begin(limit: u64) {
    LIMIT.set(limit);
    LEFT.set(limit);
    PARTS.set(0);
}

/// Units charged so far.
pub(crate) fn used() -> u64 {
    LIMIT.get() - LEFT.get()
}

/// Charges before the work is done. Exhaustion ends the run here, at exactly the limit.
#[inline]
pub(crate) fn charge(units: u64) {
    let left = LEFT.get();
    if units > left {
        exhausted();
    }
    LEFT.set(left - units);
}

/// Charges parts of a unit: whole units as soon as enough parts have come together, in the same order in every run.
#[inline]
pub(crate) fn charge_parts(parts: u64) {
    let together = PARTS.get().saturating_add(parts);
    if together >= PARTS_A_UNIT {
        charge(together / PARTS_A_UNIT);
    }
    PARTS.set(together % PARTS_A_UNIT);
}

#[cold]
fn exhausted() -> ! {
    LEFT.set(0);
    state::finish(End::new(
        RunStatus::OutOfFuel,
        "fuel_exhausted",
        format!("the program used its {} units of fuel", LIMIT.get()),
    ))
}

/// An iterator that charges one unit a step. Python code cannot name its type.
#[pyclass(module = false, name = "charged_iterator")]
#[derive(Debug, PyPayload)]
pub(crate) struct Charged {
    inner: PyIter,
}

impl SelfIter for Charged {}

impl IterNext for Charged {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        charge(1);
        zelf.inner.next(vm)
    }
}

#[pyclass(with(IterNext, Iterable), flags(DISALLOW_INSTANTIATION))]
impl Charged {
    #[pymethod]
    fn __length_hint__(&self, vm: &VirtualMachine) -> PyResult<usize> {
        vm.length_hint_opt(self.inner.as_ref().to_owned()).map(Option::unwrap_or_default)
    }
}

/// An iterator that charges for going through each element once. Python code cannot name its type.
#[pyclass(module = false, name = "spending_iterator")]
#[derive(Debug, PyPayload)]
pub(crate) struct Spending {
    inner: PyIter,
}

impl SelfIter for Spending {}

impl IterNext for Spending {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let element = zelf.inner.next(vm)?;
        if let PyIterReturn::Return(element) = &element {
            charge_parts(once(element, vm));
        }
        Ok(element)
    }
}

#[pyclass(with(IterNext, Iterable), flags(DISALLOW_INSTANTIATION))]
impl Spending {}

/// Makes the iterators' types, once, at boot.
pub(crate) fn register() {
    Charged::make_static_type();
    Spending::make_static_type();
    crate::delegate::register();
}

/// Parts that it costs to copy a container's elements, or to write an integer.
fn once(value: &PyObject, vm: &VirtualMachine) -> u64 {
    let digits = crate::charge::integers::decimal_cost(value).saturating_mul(PARTS_A_UNIT);
    let elements = crate::charge::size::length(value, vm);
    digits.saturating_add(if value.downcast_ref::<PyStr>().is_some() {
        0
    } else if value.downcast_ref::<PyDict>().is_some() {
        elements.saturating_mul(ENTRY)
    } else {
        elements.saturating_mul(ELEMENT)
    })
}

/// Parts that an element costs there, and an entry of a dictionary, which is looked up and entered, or becomes an argument.
const ELEMENT: u64 = 32;
const ENTRY: u64 = 512;

/// `SPEND`.
pub(crate) fn spend(value: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    charge_parts(once(&value, vm));
    value
}

/// `SPENDING`.
pub(crate) fn spending(iterable: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    Ok(Spending { inner: iterable.get_iter(vm)? }.into_pyobject(vm))
}

/// Wraps whatever can be iterated.
pub(crate) fn charged(iterable: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let inner = iterable.get_iter(vm)?;
    if inner.downcast_ref::<Charged>().is_some() {
        return Ok(inner.into());
    }
    Ok(Charged { inner }.into_pyobject(vm))
}
