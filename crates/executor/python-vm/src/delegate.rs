//! What stands between a generator and the one that it delegates to, and between a `with` and its manager: the fuel for
//! steps and values that the interpreter passes on by itself.

use rustpython_vm::builtins::{PyGenerator, PyType};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::types::{IterNext, Iterable, PyTypeFlags, SelfIter};
use rustpython_vm::{AsObject as _, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

#[cfg(debug_assertions)]
#[allow(unused_imports, reason = "the interpreter has its own when it is built with assertions")]
use crate::flags::CreatedWithFlags as _;
use crate::fuel::{PARTS_A_UNIT, charge_parts, charged, spend};

/// Parts that it costs to pass a step on to the generator below: in a deep chain a step goes through all of them.
const STEP: u64 = PARTS_A_UNIT / 4;

/// A generator that another one delegates to. Python code cannot name its type.
#[pyclass(module = false, name = "delegated_generator")]
#[derive(Debug, PyPayload)]
pub(crate) struct Delegated {
    inner: PyRef<PyGenerator>,
}

impl SelfIter for Delegated {}

impl IterNext for Delegated {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        charge_parts(STEP);
        PyIter::new(zelf.inner.as_object()).next(vm)
    }
}

#[pyclass(with(IterNext, Iterable), flags(DISALLOW_INSTANTIATION))]
impl Delegated {
    #[pymethod]
    fn send(&self, value: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        charge_parts(STEP);
        vm.call_method(self.inner.as_object(), "send", (value,))
    }

    #[pymethod]
    fn throw(&self, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
        charge_parts(STEP);
        vm.call_method(self.inner.as_object(), "throw", arguments)
    }

    #[pymethod]
    fn close(&self, vm: &VirtualMachine) -> PyResult {
        charge_parts(STEP);
        vm.call_method(self.inner.as_object(), "close", ())
    }
}

/// A context manager whose value is taken apart by a `*`. Python code cannot name its type.
#[pyclass(module = false, name = "charged_manager")]
#[derive(Debug, PyPayload)]
pub(crate) struct Entering {
    inner: PyObjectRef,
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl Entering {
    #[pymethod]
    fn __enter__(&self, vm: &VirtualMachine) -> PyResult {
        Ok(spend(vm.call_special_method(&self.inner, vm.ctx.intern_str("__enter__"), ())?, vm))
    }

    #[pymethod]
    fn __exit__(&self, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
        vm.call_special_method(&self.inner, vm.ctx.intern_str("__exit__"), arguments)
    }
}

/// Makes the types, once, at boot.
pub(crate) fn register() {
    Delegated::make_static_type();
    Entering::make_static_type();
}

/// `DELEGATE`. What is written in Python charges for its work itself, and takes what is sent to it.
pub(crate) fn delegate(iterable: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let is = |class: &Py<PyType>| iterable.class().is(class);
    if is(vm.ctx.types.coroutine_type) {
        return Ok(iterable);
    }
    let inner: PyObjectRef = iterable.get_iter(vm)?.into();
    let inner = match inner.downcast::<PyGenerator>() {
        Ok(inner) => return Ok(Delegated { inner }.into_pyobject(vm)),
        Err(inner) => inner,
    };
    if inner.class().slots.flags.has_feature(PyTypeFlags::HEAPTYPE) {
        return Ok(inner);
    }
    charged(inner, vm)
}

/// `ENTERING`. What is no context manager stays as it is, for the interpreter to say so.
pub(crate) fn entering(manager: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    let has = |name: &'static str| manager.class().has_attr(vm.ctx.intern_str(name));
    if has("__enter__") && has("__exit__") { Entering { inner: manager }.into_pyobject(vm) } else { manager }
}
