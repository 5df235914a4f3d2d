//! Fuel: a counter of interpreter work that ends the run from native code.

use std::cell::Cell;

use edgecoder_types::RunStatus;
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

#[cfg(debug_assertions)]
#[allow(unused_imports, reason = "the interpreter has its own when it is built with assertions")]
use crate::flags::CreatedWithFlags as _;
use crate::state::{self, End};

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Fills the tank.
pub(crate) fn begin(limit: u64) {
    LIMIT.set(limit);
    LEFT.set(limit);
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

/// Makes the iterator's type, once, at boot.
pub(crate) fn register() {
    Charged::make_static_type();
}

/// Wraps whatever can be iterated.
pub(crate) fn charged(iterable: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let inner = iterable.get_iter(vm)?;
    if inner.downcast_ref::<Charged>().is_some() {
        return Ok(inner.into());
    }
    Ok(Charged { inner }.into_pyobject(vm))
}
