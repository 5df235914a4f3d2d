//! What candidate code may change.

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

/// `GUARD(object)`: the object, if candidate code may set or delete attributes or items of it.
pub(crate) fn hook(object: PyObjectRef, _vm: &VirtualMachine) -> PyResult {
    Ok(object)
}
