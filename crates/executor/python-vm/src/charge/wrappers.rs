//! Special methods called by name, such as `(5).__pow__(x)`: the interpreter bound them to their functions before
//! those charged, so they are bound again.

use rustpython_vm::builtins::PyType;
use rustpython_vm::function::{FuncArgs, PyMethodDef, PyMethodFlags};
use rustpython_vm::types::SLOT_DEFS;
use rustpython_vm::{AsObject as _, Py, PyPayload as _, PyRef, VirtualMachine};

use super::{slices, visits};

/// Classes and the special methods of theirs whose work grows with a size.
const REBOUND: &[(&[&str], &[&str])] = &[
    (
        &["int"],
        &[
            "__add__",
            "__radd__",
            "__sub__",
            "__rsub__",
            "__mul__",
            "__rmul__",
            "__floordiv__",
            "__rfloordiv__",
            "__mod__",
            "__rmod__",
            "__divmod__",
            "__rdivmod__",
            "__lshift__",
            "__rlshift__",
            "__pow__",
            "__rpow__",
            "__repr__",
            "__and__",
            "__rand__",
            "__or__",
            "__ror__",
            "__xor__",
            "__rxor__",
            "__rshift__",
            "__rrshift__",
            "__neg__",
            "__abs__",
            "__invert__",
            "__float__",
        ],
    ),
    (&["str"], &["__add__", "__mod__", "__mul__", "__rmul__", "__contains__"]),
    (
        &["bytes", "bytearray", "list", "tuple", "array", "deque"],
        &["__mul__", "__rmul__", "__imul__", "__contains__", "__add__", "__iadd__"],
    ),
    (&["list", "set", "dict", "bytearray", "deque"], &["__init__"]),
    (
        &["list", "tuple", "set", "frozenset", "dict", "deque", "array", "bytes", "bytearray", "str", "mappingproxy"],
        &["__repr__"],
    ),
];

const COMPARISONS: &[&str] = &["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"];
const ALGEBRA: &[&str] = &[
    "__or__", "__ror__", "__ior__", "__and__", "__rand__", "__iand__", "__xor__", "__rxor__", "__ixor__", "__sub__",
    "__rsub__", "__isub__",
];

/// Binds them to the slots as they are now.
pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    let shared: [(&[&str], &[&str]); 4] = [
        (visits::COMPARED_TYPES, COMPARISONS),
        (visits::HASHED_TYPES, &["__hash__"]),
        (slices::TYPES, &["__getitem__", "__setitem__", "__delitem__"]),
        (&["set", "frozenset", "dict", "dict_keys", "dict_items", "mappingproxy"], ALGEBRA),
    ];
    for (classes, names) in REBOUND.iter().chain(&shared) {
        for class in types.iter().filter(|class| classes.contains(&&*class.name())) {
            // The classes of the interpreter live as long as the process.
            let class: &'static Py<PyType> = Box::leak(Box::new(class.clone()));
            for name in *names {
                rebind(class, name, vm);
            }
        }
    }
}

fn rebind(class: &'static Py<PyType>, name: &'static str, vm: &VirtualMachine) {
    let interned = vm.ctx.intern_str(name);
    let is_wrapper = class
        .get_direct_attr(interned)
        .is_some_and(|attribute| attribute.class().is(vm.ctx.types.wrapper_descriptor_type));
    let bound = SLOT_DEFS
        .iter()
        .filter(|slot| slot.name == name)
        .find_map(|slot| slot.accessor.get_slot_func_with_op(&class.slots, slot.op));
    let (true, Some(bound)) = (is_wrapper, bound) else { return };
    let definition: &'static PyMethodDef = Box::leak(Box::new(PyMethodDef {
        name,
        func: Box::leak(Box::new(move |vm: &VirtualMachine, mut arguments: FuncArgs| {
            let Some(object) = arguments.take_positional().filter(|object| object.fast_isinstance(class)) else {
                return Err(vm.new_type_error(format!("descriptor '{name}' requires a '{}' object", class.name())));
            };
            bound.call(object, arguments, vm)
        })),
        flags: PyMethodFlags::METHOD,
        doc: None,
    }));
    class.set_attr(interned, definition.to_method(class, &vm.ctx).into_pyobject(vm));
}
