//! Who made an object: the candidate, an oracle, or the interpreter and its library.

use std::cell::RefCell;
use std::collections::BTreeMap;

use edgecoder_types::FileRole;
use rustpython_vm::builtins::{PyCode, PyFunction, PyStr, PyType};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, VirtualMachine};

use crate::{imports, state};

thread_local! {
    /// Modules and their dictionaries by address, with the role of their file. All are kept alive.
    static MODULES: RefCell<BTreeMap<usize, FileRole>> = const { RefCell::new(BTreeMap::new()) };
    /// Names of modules by role.
    static NAMES: RefCell<BTreeMap<String, FileRole>> = const { RefCell::new(BTreeMap::new()) };
    /// Classes made while a role's code ran, by address. All are kept alive.
    static CLASSES: RefCell<BTreeMap<usize, FileRole>> = const { RefCell::new(BTreeMap::new()) };
}

/// Remembers a program's module and its namespace.
pub(crate) fn note_module(module: PyObjectRef, dict: PyObjectRef, name: &str, role: FileRole) {
    MODULES.with(|cell| {
        cell.borrow_mut().insert(module.get_id(), role);
        cell.borrow_mut().insert(dict.get_id(), role);
    });
    NAMES.with(|cell| cell.borrow_mut().insert(name.to_owned(), role));
    state::keep(module);
    state::keep(dict);
}

/// The role behind a module or a module's namespace; `None` for any other object.
pub(crate) fn module_role(object: &PyObject) -> Option<FileRole> {
    MODULES.with(|cell| cell.borrow().get(&object.get_id()).copied())
}

/// Remembers a class that a program's code made.
pub(crate) fn note_class(class: &PyObjectRef, role: FileRole) {
    CLASSES.with(|cell| cell.borrow_mut().insert(class.get_id(), role));
    state::keep(class.clone());
}

/// The role behind a class; `None` for those of the interpreter and the library.
pub(crate) fn class_role(class: &Py<PyType>, vm: &VirtualMachine) -> Option<FileRole> {
    if !class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE) {
        return None;
    }
    if let Some(role) = CLASSES.with(|cell| cell.borrow().get(&class.get_id()).copied()) {
        return Some(role);
    }
    let named = class.get_direct_attr(vm.ctx.intern_str("__module__"))?;
    let name = named.downcast_ref::<PyStr>()?.to_string_lossy().into_owned();
    NAMES.with(|cell| cell.borrow().get(&name).copied())
}

/// Whether candidate code made the class.
pub(crate) fn is_candidate_class(class: &Py<PyType>, vm: &VirtualMachine) -> bool {
    class_role(class, vm) == Some(FileRole::Candidate)
}

/// Whether candidate code made the object's class or one of its bases.
pub(crate) fn is_candidate_instance(object: &PyObject, vm: &VirtualMachine) -> bool {
    let class = object.class();
    class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE)
        && class.mro.read().iter().any(|base| is_candidate_class(base, vm))
}

/// The path of a Python function's code.
pub(crate) fn function_path(function: &PyObject, vm: &VirtualMachine) -> Option<String> {
    function.downcast_ref::<PyFunction>()?;
    let code = function.get_attr("__code__", vm).ok()?.downcast::<PyCode>().ok()?;
    Some(code.source_path().as_str().to_owned())
}

/// The role behind a function; `None` for those of the interpreter and the library.
pub(crate) fn function_role(function: &PyObject, vm: &VirtualMachine) -> Option<FileRole> {
    let path = function_path(function, vm)?;
    if path.starts_with('<') { None } else { Some(imports::role_of(&path)) }
}
