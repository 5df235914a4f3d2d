//! Identities that do not depend on where the allocator put an object: counted in order of asking.

use std::cell::RefCell;
use std::collections::HashMap;

use rustpython_vm::builtins::{PyDictRef, PyStr, PyTuple, PyType};
use rustpython_vm::{AsObject as _, Py, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::state;

/// The first identity, and the distance between two.
const BASE: usize = 0x7f00_0000_0000;
const STEP: usize = 16;

/// Parts of a unit that looking at one element of a tuple costs.
const VISIT: u64 = 32;

type Stringify = fn(&PyObject, &VirtualMachine) -> PyResult<PyRef<PyStr>>;

thread_local! {
    static NUMBERS: RefCell<HashMap<usize, usize>> = RefCell::new(HashMap::new());
    static REPRS: RefCell<HashMap<usize, Stringify>> = RefCell::new(HashMap::new());
}

/// The object's identity; the object stays alive from now on, so no other one gets it.
fn identity(object: &PyObject) -> usize {
    let address = object.get_id();
    let (number, new) = NUMBERS.with(|cell| {
        let mut numbers = cell.borrow_mut();
        let next = BASE + numbers.len() * STEP;
        if let Some(number) = numbers.get(&address) {
            (*number, false)
        } else {
            numbers.insert(address, next);
            (next, true)
        }
    });
    if new {
        state::keep(object.to_owned());
    }
    number
}

fn id(object: PyObjectRef) -> usize {
    identity(&object)
}

fn hash(object: PyObjectRef, vm: &VirtualMachine) -> PyResult<i64> {
    match stable(&object, vm) {
        Some(other) => other.hash(vm),
        None => object.hash(vm),
    }
}

/// What is hashed in place of an object whose hash is its address, or of a tuple that holds one.
fn stable(object: &PyObject, vm: &VirtualMachine) -> Option<PyObjectRef> {
    if let Some(tuple) = object.downcast_ref_if_exact::<PyTuple>(vm) {
        crate::fuel::charge_parts(VISIT * (1 + tuple.len() as u64));
        let replaced: Vec<Option<PyObjectRef>> = tuple.as_slice().iter().map(|item| stable(item, vm)).collect();
        if replaced.iter().all(Option::is_none) {
            return None;
        }
        let items = replaced.into_iter().zip(tuple.as_slice()).map(|(new, old)| new.unwrap_or_else(|| old.clone()));
        return Some(vm.ctx.new_tuple(items.collect()).into());
    }
    let by_address = vm.ctx.types.object_type.slots.hash.load().map(|hash| hash as usize);
    let own = object.class().slots.hash.load().map(|hash| hash as usize);
    let method = object.class().is(vm.ctx.types.bound_method_type);
    (own == by_address || method).then(|| vm.ctx.new_int(identity(object) / STEP).into())
}

/// The builtins of programs that show identities.
pub(crate) fn install(dict: &PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
    dict.set_item("id", vm.new_function("id", id).into(), vm)?;
    dict.set_item("hash", vm.new_function("hash", hash).into(), vm)
}

/// Makes every representation that shows an address show an identity, before heap types inherit it.
pub(crate) fn patch(types: &[PyRef<PyType>], vm: &VirtualMachine) {
    let base = vm.ctx.types.object_type.slots.repr.load();
    let known = &vm.ctx.types;
    let own: [&Py<PyType>; 8] = [
        known.function_type,
        known.bound_method_type,
        known.builtin_function_or_method_type,
        known.generator_type,
        known.coroutine_type,
        known.code_type,
        known.memoryview_type,
        known.weakref_type,
    ];
    // Classes made from now on look the method up, not the slot.
    let method = vm.new_method("__repr__", known.object_type, |object: PyObjectRef, vm: &VirtualMachine| {
        without_addresses(&object, vm)
    });
    known.object_type.set_attr(vm.ctx.intern_str("__repr__"), method.as_object().to_owned());
    for class in types {
        let Some(repr) = class.slots.repr.load() else { continue };
        let inherits = base.is_some_and(|base| base as usize == repr as usize);
        if inherits || own.iter().any(|own| own.is(class)) {
            REPRS.with(|cell| cell.borrow_mut().insert(class.get_id(), repr));
            class.slots.repr.store(Some(without_addresses));
        }
    }
}

fn without_addresses(object: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    let original = REPRS.with(|cell| {
        let reprs = cell.borrow();
        object.class().mro.read().iter().find_map(|class| reprs.get(&class.get_id()).copied())
    });
    let Some(original) = original else { return Ok(vm.ctx.new_str("<object>")) };
    let text = original(object, vm)?;
    let shown = text.to_string_lossy();
    let Some(at) = shown.rfind(" at 0x") else { return Ok(text) };
    let digits = shown.get(at + 6..).unwrap_or_default();
    let end = digits.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(digits.len());
    let (head, tail) = (shown.get(..at).unwrap_or_default(), digits.get(end..).unwrap_or_default());
    Ok(vm.ctx.new_str(format!("{head} at {:#x}{tail}", identity(object))))
}
