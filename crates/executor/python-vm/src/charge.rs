//! Builtins whose work grows with a size charge before they run.
//!
//! The formulas are in `docs/fuel.md`. They use lengths and values only: never addresses, hash order, capacity or time.

pub(crate) mod algebra;
pub(crate) mod construct;
pub(crate) mod functions;
pub(crate) mod integers;
pub(crate) mod iterators;
pub(crate) mod methods;
pub(crate) mod patterns;
pub(crate) mod sequences;
pub(crate) mod size;
pub(crate) mod slices;
pub(crate) mod table;
pub(crate) mod visits;
pub(crate) mod wrappers;

use rustpython_vm::builtins::{PyType, PyTypeRef};
use rustpython_vm::{AsObject as _, PyRef, PyResult, VirtualMachine};

/// All classes that exist, bases before their subclasses.
pub(crate) fn all_types(vm: &VirtualMachine) -> Vec<PyRef<PyType>> {
    let mut found: Vec<PyTypeRef> = vec![vm.ctx.types.object_type.to_owned()];
    let mut at = 0;
    while let Some(class) = found.get(at).cloned() {
        let below: Vec<_> = class.subclasses.read().iter().filter_map(|weak| weak.upgrade()).collect();
        for object in below {
            if let Ok(class) = object.downcast::<PyType>()
                && !found.iter().any(|known| known.is(&class))
            {
                found.push(class);
            }
        }
        at += 1;
    }
    found
}

/// Modules whose classes have to be there when classes are patched.
const NATIVE: &[&str] = &[
    "itertools",
    "_collections",
    "math",
    "_functools",
    "array",
    "_sre",
    "_random",
    "binascii",
    "_operator",
    "_struct",
    "_hashlib",
    "_io",
    "zlib",
];

/// Patches what exists before the library is imported: everything made later inherits it.
pub(crate) fn patch(vm: &VirtualMachine) -> PyResult<()> {
    for name in NATIVE {
        vm.import(*name, 0)?;
    }
    let types = all_types(vm);
    crate::ids::patch(&types, vm);
    integers::patch(vm);
    sequences::patch(&types, vm);
    construct::patch(&types, vm);
    iterators::patch(&types);
    visits::patch(&types, vm);
    slices::patch(&types);
    algebra::patch(&types, vm);
    methods::patch(&types, vm);
    wrappers::patch(&types, vm);
    functions::patch(vm)
}
