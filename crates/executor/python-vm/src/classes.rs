//! Classes that programs make: whose they are, and that no method of the candidate's decides a verdict unseen.
//!
//! A class of the candidate's, or on one of the candidate's, gets functions of ours in the slots of the operators that
//! judge. They are put in when the class is made, and again when an attribute of it is set, because the
//! interpreter fills the slots anew then.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use edgecoder_types::FileRole;
use rustpython_vm::builtins::{PyStr, PyType, PyTypeRef, PyWeak};
use rustpython_vm::function::{FuncArgs, PySetterValue};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject as _, Py, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::boot::Builtins;
use crate::{arithmetic, caller, guard, judge, origin, state};

type Call = fn(&PyObject, FuncArgs, &VirtualMachine) -> PyResult;
type VectorCall = fn(&PyObject, Vec<PyObjectRef>, usize, Option<&[PyObjectRef]>, &VirtualMachine) -> PyResult;
type New = fn(PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;
type SetAttr = fn(&PyObject, &Py<PyStr>, PySetterValue, &VirtualMachine) -> PyResult<()>;

/// An object that a test has made from a class of the candidate's.
enum Made {
    Weak(PyRef<PyWeak>),
    /// It has no room for a weak reference.
    Kept(PyObjectRef),
}

thread_local! {
    static CALL: Cell<Option<Call>> = const { Cell::new(None) };
    static VECTORCALL: Cell<Option<VectorCall>> = const { Cell::new(None) };
    static NEW: Cell<Option<New>> = const { Cell::new(None) };
    static SETATTR: Cell<Option<SetAttr>> = const { Cell::new(None) };
    /// What sets the attributes of objects of the tests' classes, by class. All are kept alive.
    static SETTERS: RefCell<BTreeMap<usize, SetAttr>> = const { RefCell::new(BTreeMap::new()) };
    /// By address; an entry counts only while its object lives.
    static MADE: RefCell<BTreeMap<usize, Made>> = const { RefCell::new(BTreeMap::new()) };
}

/// Watches what makes and changes classes, and what makes objects.
pub(crate) fn patch(vm: &VirtualMachine) -> PyResult<()> {
    judge::learn(vm)?;
    arithmetic::learn(vm)?;
    let slots = &vm.ctx.types.type_type.slots;
    CALL.set(slots.call.load());
    VECTORCALL.set(slots.vectorcall.load());
    NEW.set(slots.new.load());
    SETATTR.set(slots.setattro.load());
    let at = |slot: Option<usize>, known: Option<usize>| judge::same(slot, known);
    // Metaclasses of the library have taken these functions over already.
    for class in crate::charge::all_types(vm) {
        if !class.fast_issubclass(vm.ctx.types.type_type) {
            continue;
        }
        let slots = &class.slots;
        if at(slots.call.load().map(|f| f as usize), CALL.get().map(|f| f as usize)) {
            slots.call.store(Some(call));
        }
        if at(slots.vectorcall.load().map(|f| f as usize), VECTORCALL.get().map(|f| f as usize)) {
            slots.vectorcall.store(Some(vectorcall));
        }
        if at(slots.new.load().map(|f| f as usize), NEW.get().map(|f| f as usize)) {
            slots.new.store(Some(new));
        }
        if at(slots.setattro.load().map(|f| f as usize), SETATTR.get().map(|f| f as usize)) {
            slots.setattro.store(Some(setattro));
        }
        watch_metaclass(&class, vm);
    }
    Ok(())
}

/// A metaclass may have a setter of its own, as that of enumerations: what it does is seen afterwards.
fn watch_metaclass(class: &Py<PyType>, vm: &VirtualMachine) {
    let Some(own) = class.slots.setattro.load() else { return };
    let known = vm.ctx.types.type_type.slots.setattro.load().is_some_and(|setter| setter as usize == own as usize);
    if known || !class.fast_issubclass(vm.ctx.types.type_type) {
        return;
    }
    let new = SETTERS.with(|cell| cell.borrow_mut().insert(class.get_id(), own).is_none());
    if new {
        class.slots.setattro.store(Some(set_by_metaclass));
    }
}

fn set_by_metaclass(class: &PyObject, name: &Py<PyStr>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
    let Some(original) = setter(class) else { return Err(vm.new_runtime_error("the class has lost its setter")) };
    original(class, name, value, vm)?;
    if let Some(class) = class.downcast_ref::<PyType>() {
        origin::forget();
        watch(class, vm);
    }
    Ok(())
}

/// What set the attributes of an object before we watched it.
fn setter(object: &PyObject) -> Option<SetAttr> {
    SETTERS.with(|cell| {
        let setters = cell.borrow();
        object.class().mro.read().iter().find_map(|class| setters.get(&class.get_id()).copied())
    })
}

fn call(class: &PyObject, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    match CALL.get() {
        Some(original) => original(class, arguments, vm).inspect(|made| note(class, made, vm)),
        None => Err(vm.new_runtime_error("the interpreter is not booted")),
    }
}

fn vectorcall(
    class: &PyObject,
    arguments: Vec<PyObjectRef>,
    positional: usize,
    names: Option<&[PyObjectRef]>,
    vm: &VirtualMachine,
) -> PyResult {
    match VECTORCALL.get() {
        Some(original) => original(class, arguments, positional, names, vm).inspect(|made| note(class, made, vm)),
        None => Err(vm.new_runtime_error("the interpreter is not booted")),
    }
}

/// Whether the innermost frame runs code of the module that has made the class: a class of the library may keep what it finds
/// out in its own attributes.
fn is_of_same_module(class: &Py<PyType>, vm: &VirtualMachine) -> bool {
    let name = |value: Option<PyObjectRef>| value?.downcast::<PyStr>().ok();
    let home = name(class.get_direct_attr(vm.ctx.intern_str("__module__")));
    let here = vm.current_frame().and_then(|frame| name(frame.globals.get_item_opt("__name__", vm).ok().flatten()));
    matches!((home, here), (Some(home), Some(here)) if home.as_bytes() == here.as_bytes())
        && caller::innermost_is_library(vm)
}

/// Every class is made here, in whatever way `type` is asked for it.
fn new(metaclass: PyTypeRef, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let makes = arguments.args.len() > 1;
    let Some(original) = NEW.get() else { return Err(vm.new_runtime_error("the interpreter is not booted")) };
    original(metaclass, arguments, vm).inspect(|made| {
        if makes {
            note_class(made, vm);
        }
    })
}

fn setattro(class: &PyObject, name: &Py<PyStr>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
    let Some(original) = SETATTR.get() else { return Err(vm.new_runtime_error("the interpreter is not booted")) };
    if let Some(class) = class.downcast_ref::<PyType>()
        && caller::is_candidate(vm)
        && !name.as_bytes().starts_with(b"_abc")
        && !origin::is_candidate_type(class, vm)
        && !caller::is_loading(vm)
        && !is_of_same_module(class, vm)
    {
        // The library does it, for the candidate: `functools.wraps(f)(TestCase)`, `dataclass(type(of_a_test))`.
        guard::refuse(class.as_object());
    }
    original(class, name, value, vm)?;
    if let Some(class) = class.downcast_ref::<PyType>()
        && name.as_bytes().starts_with(b"__")
    {
        origin::forget();
        watch(class, vm);
    }
    Ok(())
}

/// What has come of calling a class: perhaps an object that a test has made.
#[inline]
fn note(class: &PyObject, made: &PyObjectRef, vm: &VirtualMachine) {
    if let Some(class) = class.downcast_ref::<PyType>()
        && class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE)
        && caller::nearest(vm, 0).0 == Builtins::Oracle
        && made.class().is(class)
        // Else a class could stand for a function that the test means to call.
        && class.name().chars().next().is_some_and(char::is_uppercase)
        && origin::is_candidate_instance(made, vm)
    {
        let found = made.downgrade(None, vm).map_or_else(|_| Made::Kept(made.clone()), Made::Weak);
        MADE.with(|cell| cell.borrow_mut().insert(made.get_id(), found));
    }
}

fn note_class(made: &PyObjectRef, vm: &VirtualMachine) {
    let role = match caller::nearest(vm, 0).0 {
        Builtins::Candidate => FileRole::Candidate,
        Builtins::Oracle => FileRole::Oracle,
        Builtins::Library => return,
    };
    let Some(class) = made.downcast_ref::<PyType>() else { return };
    if origin::is_noted(class) {
        return;
    }
    // The classes of a library module that is imported just now are the library's.
    if !class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE) || caller::is_loading(vm) {
        return;
    }
    origin::note_class(made, role);
    watch_metaclass(class, vm);
    match role {
        FileRole::Candidate => watch(class, vm),
        FileRole::Oracle => keep_attributes(class, vm),
    }
}

/// Watches what sets attributes of objects of a test's class.
pub(crate) fn keep_attributes(class: &Py<PyType>, vm: &VirtualMachine) {
    watch(class, vm);
    let metaclass = class.fast_issubclass(vm.ctx.types.type_type);
    let known = metaclass || SETTERS.with(|cell| cell.borrow().contains_key(&class.get_id()));
    if let Some(original) = class.slots.setattro.load().filter(|_| !known) {
        SETTERS.with(|cell| cell.borrow_mut().insert(class.get_id(), original));
        class.slots.setattro.store(Some(set_of_test));
    }
}

fn set_of_test(object: &PyObject, name: &Py<PyStr>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
    guard::check_attribute(object, name, vm);
    match setter(object) {
        Some(original) => original(object, name, value, vm),
        None => Err(vm.new_runtime_error("the class has lost its setter")),
    }
}

/// Puts our functions into the slots of a class and of those that stand on it, where the candidate has a say.
pub(crate) fn watch(class: &Py<PyType>, vm: &VirtualMachine) {
    if !origin::is_candidate_type(class, vm) {
        return;
    }
    judge::guard(&class.slots);
    arithmetic::guard(&class.slots);
    let below: Vec<PyObjectRef> = class.subclasses.read().iter().filter_map(|weak| weak.upgrade()).collect();
    for other in &below {
        if let Some(other) = other.downcast_ref::<PyType>() {
            watch(other, vm);
        }
    }
}

/// Whether a test has made the object by calling its class.
pub(crate) fn is_made_by_test(object: &PyObject) -> bool {
    MADE.with(|cell| {
        let mut all = cell.borrow_mut();
        let place = object.get_id();
        let found = match all.get(&place) {
            None => return false,
            Some(Made::Kept(kept)) => kept.is(object),
            Some(Made::Weak(weak)) => weak.upgrade().is_some_and(|found| found.is(object)),
        };
        if !found {
            all.remove(&place);
        }
        found
    })
}

/// The class of the interpreter that an object's value is of, as in `class Name(str)`.
pub(crate) fn foundation(object: &PyObject, vm: &VirtualMachine) -> Option<PyRef<PyType>> {
    let class = object.class();
    let mro = class.mro.read();
    let found = mro.iter().find(|base| !base.slots.flags.has_feature(PyTypeFlags::HEAPTYPE))?;
    let bare = found.is(vm.ctx.types.object_type)
        || found.is(vm.ctx.types.type_type)
        || found.fast_issubclass(vm.ctx.exceptions.base_exception_type);
    (!bare).then(|| found.clone())
}

/// Keeps an object and forgets it never.
pub(crate) fn keep(object: &PyObject) {
    state::keep(object.to_owned());
}
