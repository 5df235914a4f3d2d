//! Who made an object: the candidate, an oracle, or the interpreter and its library.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use edgecoder_types::FileRole;
use rustpython_vm::builtins::{PyCode, PyFunction, PyGenerator, PyStr, PyStrInterned, PyTuple, PyType};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, VirtualMachine};

use crate::{imports, state};

thread_local! {
    /// Modules and their dictionaries by address, with the role of their file. All are kept alive.
    static MODULES: RefCell<BTreeMap<usize, FileRole>> = const { RefCell::new(BTreeMap::new()) };
    /// The request's own modules by name.
    static LOCAL: RefCell<BTreeMap<String, PyObjectRef>> = const { RefCell::new(BTreeMap::new()) };
    /// Names of modules by role.
    static NAMES: RefCell<BTreeMap<String, FileRole>> = const { RefCell::new(BTreeMap::new()) };
    /// Classes made while a role's code ran, by address. All are kept alive.
    static CLASSES: RefCell<BTreeMap<usize, FileRole>> = const { RefCell::new(BTreeMap::new()) };
    /// Classes by address, and whether the candidate has made them or one of their bases. All are kept alive.
    static OWNED: RefCell<HashMap<usize, bool>> = RefCell::new(HashMap::new());
}

/// Remembers a module that was made for a file or a folder of the request.
pub(crate) fn note_local(name: &str, module: PyObjectRef) {
    LOCAL.with(|cell| cell.borrow_mut().insert(name.to_owned(), module));
}

/// The module that was made for a file or a folder of the request.
pub(crate) fn local(name: &str) -> Option<PyObjectRef> {
    LOCAL.with(|cell| cell.borrow().get(name).cloned())
}

/// Forgets a module, which stays alive.
pub(crate) fn forget_local(name: &str) {
    let module = LOCAL.with(|cell| cell.borrow_mut().remove(name));
    module.into_iter().for_each(state::keep);
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
    forget();
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

/// Whether it is known who made the class.
pub(crate) fn is_noted(class: &Py<PyType>) -> bool {
    CLASSES.with(|cell| cell.borrow().contains_key(&class.get_id()))
}

/// Whether candidate code made the class or one of its bases.
pub(crate) fn is_candidate_type(class: &Py<PyType>, vm: &VirtualMachine) -> bool {
    if !class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE) {
        return false;
    }
    let place = class.get_id();
    if let Some(owned) = OWNED.with(|cell| cell.borrow().get(&place).copied()) {
        return owned;
    }
    let owned = class.mro.read().iter().any(|base| is_candidate_class(base, vm));
    OWNED.with(|cell| cell.borrow_mut().insert(place, owned));
    state::keep(class.to_owned().into());
    owned
}

/// Forgets what was found out of classes: one has been changed.
pub(crate) fn forget() {
    OWNED.with(|cell| cell.borrow_mut().clear());
}

/// Whether candidate code made the object's class or one of its bases.
pub(crate) fn is_candidate_instance(object: &PyObject, vm: &VirtualMachine) -> bool {
    is_candidate_type(object.class(), vm)
}

/// Modules of the library whose classes are values, and what of a class makes no difference to its value.
const VALUES: &[&str] = &["collections", "datetime", "_pydatetime", "decimal", "_pydecimal", "fractions"];
const HARMLESS: &[&str] = &[
    "__class_getitem__",
    "__dict__",
    "__doc__",
    "__format__",
    "__init__",
    "__init_subclass__",
    "__module__",
    "__new__",
    "__qualname__",
    "__repr__",
    "__slots__",
    "__str__",
    "__weakref__",
];

/// Whether a class of the candidate's has a method from one of the library's values, and leaves alone what that rests on.
pub(crate) fn inherits_value(class: &Py<PyType>, method: &'static PyStrInterned, vm: &VirtualMachine) -> bool {
    let mro = class.mro.read();
    let Some(at) = mro.iter().position(|base| base.get_direct_attr(method).is_some()) else { return false };
    let Some(home) = mro.get(at) else { return false };
    let module = home.get_direct_attr(vm.ctx.intern_str("__module__"));
    let is_value = module.is_some_and(|module| {
        module.downcast_ref::<PyStr>().is_some_and(|text| VALUES.contains(&&*text.to_string_lossy()))
    });
    if !is_value || is_candidate_class(home, vm) {
        return false;
    }
    let own = |name: &str| !HARMLESS.contains(&name) && home.get_attr(vm.ctx.intern_str(name)).is_some();
    mro.iter()
        .filter(|base| is_candidate_class(base, vm))
        .all(|base| base.attributes.read().keys().all(|name| !own(name.as_str())))
}

/// How deep a callable of the library is looked into.
const DEPTH_MAX: usize = 4;

/// Whether an object is, or calls, what the candidate has made.
pub(crate) fn is_candidates(object: &PyObject, vm: &VirtualMachine) -> bool {
    reaches(object, 0, vm)
}

fn reaches(object: &PyObject, depth: usize, vm: &VirtualMachine) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    if is_candidate_instance(object, vm) {
        return true;
    }
    if let Some(class) = object.downcast_ref::<PyType>() {
        return is_candidate_type(class, vm);
    }
    let within = |inner: &PyObject| reaches(inner, depth + 1, vm);
    let attribute = |name: &'static str| object.get_attr(name, vm).ok();
    if object.downcast_ref::<PyFunction>().is_some() {
        return match function_role(object, vm) {
            Some(role) => role == FileRole::Candidate,
            None => cells(object, vm).iter().any(|inner| within(inner)),
        };
    }
    let class = object.class();
    if class.is(vm.ctx.types.bound_method_type) {
        return ["__func__", "__self__"].iter().any(|name| attribute(name).is_some_and(|inner| within(&inner)));
    }
    if let Some(generator) = object.downcast_ref::<PyGenerator>() {
        return state::is_candidate(generator.as_coro().frame().code.source_path().as_str());
    }
    if &*class.name() == "partial" {
        let held =
            attribute("args").and_then(|args| args.try_to_value::<Vec<PyObjectRef>>(vm).ok()).unwrap_or_default();
        return attribute("func").is_some_and(|inner| within(&inner)) || held.iter().any(|inner| within(inner));
    }
    // What a manager or a wrapper of the library holds.
    let library = class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE) && class_role(class, vm).is_none();
    library
        && object.dict().is_some_and(|dict| {
            dict.into_iter().any(|(_, inner)| inner.downcast_ref::<PyType>().is_none() && within(&inner))
        })
}

/// What a function of the library closes over.
fn cells(function: &PyObject, vm: &VirtualMachine) -> Vec<PyObjectRef> {
    let closure = function.get_attr("__closure__", vm).ok().and_then(|closure| closure.downcast::<PyTuple>().ok());
    let cells = closure.map(|closure| closure.as_slice().to_vec()).unwrap_or_default();
    cells.iter().filter_map(|cell| cell.get_attr("cell_contents", vm).ok()).collect()
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
