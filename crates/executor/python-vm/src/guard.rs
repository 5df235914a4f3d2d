//! What candidate code may change: its own modules, classes and functions, and plain objects; never what the verdict,
//! the library or an oracle is made of.

use edgecoder_types::{FileRole, RunStatus};
use rustpython_vm::builtins::{PyDict, PyFunction, PyModule, PyStr, PyStrRef, PyType};
use rustpython_vm::function::{FuncArgs, OptionalArg, PySetterValue};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject as _, Py, PyObject, PyObjectRef, PyPayload as _, PyResult, VirtualMachine};

use crate::state::{self, End};
use crate::{boot, caller, classes, imports_hook, origin, predicates};

/// `GUARD(object)`, `GUARD(object, name)`: the object, if candidate code may set or delete items of it, or that attribute.
pub(crate) fn hook(object: PyObjectRef, name: OptionalArg<PyStrRef>, vm: &VirtualMachine) -> PyObjectRef {
    if !may_change(&object, vm) {
        refuse(&object);
    }
    if let OptionalArg::Present(name) = name
        && !may_change_attribute(&object, &name, vm)
    {
        refuse_attribute(&object, &name);
    }
    object
}

/// Ends the run: the candidate changes what isn't its own.
pub(crate) fn refuse(object: &PyObject) -> ! {
    let what = match object.downcast_ref::<PyType>() {
        Some(class) => format!("the class '{}'", class.name()),
        None => format!("a '{}' object", object.class().name()),
    };
    let detail = format!("the candidate changes {what} that is not its own");
    state::finish(End::new(RunStatus::Forged, "forged_mutation", detail))
}

fn refuse_attribute(object: &PyObject, name: &Py<PyStr>) -> ! {
    state::finish(End::new(
        RunStatus::Forged,
        "forged_object",
        format!(
            "the candidate changes '{}' of a '{}' that the test has made, which could change what the test does; plain \
             attributes may be set",
            name.to_string_lossy(),
            object.class().name()
        ),
    ))
}

/// Ends the run where the candidate, by way of the library, sets an attribute that it may not.
pub(crate) fn check_attribute(object: &PyObject, name: &Py<PyStr>, vm: &VirtualMachine) {
    if caller::is_candidate(vm) && !may_change_attribute(object, name, vm) {
        refuse_attribute(object, name);
    }
}

/// The same for all attributes at once, and for the object itself.
pub(crate) fn check_object(object: &PyObject, vm: &VirtualMachine) {
    let function = object.downcast_ref::<PyFunction>().is_some();
    // The library makes functions of its own around the candidate's.
    let foreign = if function {
        origin::function_role(object, vm) == Some(FileRole::Oracle)
    } else {
        !may_change(object, vm) || is_of_test(object, vm)
    };
    if caller::is_candidate(vm) && foreign {
        refuse(object);
    }
}

/// `object.__setattr__` of the library's own code.
pub(crate) fn set_attribute(
    object: PyObjectRef,
    name: PyStrRef,
    value: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    check_attribute(&object, &name, vm);
    match vm.ctx.types.object_type.slots.setattro.load() {
        Some(set) => set(&object, &name, PySetterValue::Assign(value), vm),
        None => Err(vm.new_runtime_error("the interpreter is not booted")),
    }
}

/// `SPACE(object)`: the object's dictionary; of one of the test's a copy, which can be read as well.
pub(crate) fn space(object: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let own = may_change(&object, vm);
    let space = hook(object.clone(), OptionalArg::Missing, vm).get_attr("__dict__", vm)?;
    if own && !is_of_test(&object, vm) {
        return Ok(space);
    }
    match space.downcast_ref::<PyDict>() {
        Some(dict) => {
            crate::fuel::charge(crate::charge::size::of(&space, vm));
            Ok(dict.copy().into_ref(&vm.ctx).into())
        }
        None => Ok(space),
    }
}

fn may_change(object: &PyObject, vm: &VirtualMachine) -> bool {
    if let Some(class) = object.downcast_ref::<PyType>() {
        return origin::is_candidate_class(class, vm);
    }
    if object.downcast_ref::<PyModule>().is_some() {
        return origin::module_role(object) == Some(FileRole::Candidate);
    }
    if object.downcast_ref::<PyFunction>().is_some() {
        return origin::function_role(object, vm) == Some(FileRole::Candidate);
    }
    if is_library_value(object, vm) {
        return false;
    }
    // The namespace of an oracle's module is a plain dict.
    origin::module_role(object) != Some(FileRole::Oracle) && !imports_hook::is_view_dict(object)
}

/// Whether an object is of a class that the tests define, or of their framework's.
fn is_of_test(object: &PyObject, vm: &VirtualMachine) -> bool {
    let class = object.class();
    if !class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE) {
        return false;
    }
    let own = origin::is_candidate_type(class, vm);
    class
        .mro
        .read()
        .iter()
        .any(|base| origin::class_role(base, vm) == Some(FileRole::Oracle) || !own && is_of_framework(base, vm))
}

/// Whether a class is one of those that tests are made with.
fn is_of_framework(class: &Py<PyType>, vm: &VirtualMachine) -> bool {
    let module = class.get_direct_attr(vm.ctx.intern_str("__module__"));
    module.is_some_and(|module| {
        module.downcast_ref::<PyStr>().is_some_and(|text| {
            let text = text.to_string_lossy();
            text == "pytest" || text.starts_with("unittest") || text.starts_with("_edgecoder")
        })
    })
}

/// Whether an attribute of an object is no part of what a test does: data that no class of the tests defines.
fn may_change_attribute(object: &PyObject, name: &Py<PyStr>, vm: &VirtualMachine) -> bool {
    if !is_of_test(object, vm) {
        return true;
    }
    let text = name.to_string_lossy();
    let class = object.class();
    if text == "__dict__"
        || text == "__class__"
        || text.starts_with("__") && !text.ends_with("__")
        || class.mro.read().iter().any(|base| is_of_framework(base, vm))
    {
        return false;
    }
    let found = class.mro.read().iter().find_map(|base| {
        let interned = vm.ctx.intern_str(&*text);
        base.get_direct_attr(interned).map(|value| (origin::is_candidate_class(base, vm), value))
    });
    match found {
        // A class of the candidate's under one of the test's.
        None | Some((true, _)) => true,
        // What the test's own descriptor does with a value is the test's business.
        Some((false, value)) => value.class().slots.descr_set.load().is_some() || !is_code(&value, vm),
    }
}

fn is_code(value: &PyObject, vm: &VirtualMachine) -> bool {
    let types = &vm.ctx.types;
    value.is_callable()
        || value.class().slots.descr_get.load().is_some()
        || [types.classmethod_type, types.staticmethod_type].iter().any(|class| value.class().is(*class))
}

/// Whether an object is a value of the library's that nothing but its own class has a reason to change.
fn is_library_value(object: &PyObject, vm: &VirtualMachine) -> bool {
    let class = object.class();
    if !class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE) || origin::is_candidate_instance(object, vm) {
        return false;
    }
    let module = class.get_attr(vm.ctx.intern_str("__module__"));
    let module =
        module.and_then(|module| module.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()));
    let name = class.name();
    match module.as_deref() {
        Some("datetime" | "_pydatetime" | "fractions") => true,
        Some("decimal" | "_pydecimal") => &*name == "Decimal",
        Some("collections") => &*name == "UserString",
        _ => false,
    }
}

fn denied(name: &PyObject) -> Option<String> {
    let name = name.downcast_ref::<PyStr>()?.to_string_lossy().into_owned();
    (edgecoder_subset::is_denied_attribute(&name) || name.starts_with('\u{1}')).then_some(name)
}

/// Refuses an attribute that programs may not reach by a name given as text.
pub(crate) fn check_name(name: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    match denied(name) {
        Some(name) => Err(vm.new_attribute_error(format!("the attribute '{name}' is outside the subset"))),
        None => Ok(()),
    }
}

/// Refuses format fields such as `{0.__globals__}`.
pub(crate) fn check_format(format: &str, vm: &VirtualMachine) -> PyResult<()> {
    if boot::caller(vm) == boot::Builtins::Library || !format.contains("__") && !format.contains('_') {
        return Ok(());
    }
    for field in format.split('{').skip(1) {
        let field = field.split(['}', '!', ':']).next().unwrap_or_default();
        for name in field.split(['.', '[', ']']).skip(1) {
            check_name(vm.ctx.new_str(name).as_object(), vm)?;
        }
    }
    Ok(())
}

/// Refuses dotted names that lead where programs may not go.
pub(crate) fn check_dotted(name: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    if boot::caller(vm) == boot::Builtins::Library {
        return Ok(());
    }
    let Some(text) = name.downcast_ref::<PyStr>() else { return Ok(()) };
    for part in text.to_string_lossy().split('.') {
        check_name(vm.ctx.new_str(part).as_object(), vm)?;
    }
    Ok(())
}

fn getattr(object: PyObjectRef, name: PyStrRef, default: OptionalArg<PyObjectRef>, vm: &VirtualMachine) -> PyResult {
    check_name(name.as_object(), vm)?;
    match default {
        OptionalArg::Present(default) => Ok(vm.get_attribute_opt(object, &name)?.unwrap_or(default)),
        OptionalArg::Missing => object.get_attr(&name, vm),
    }
}

/// `getattr` of a test, which may ask for a verdict by it.
fn judged_getattr(
    object: PyObjectRef,
    name: PyStrRef,
    default: OptionalArg<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult {
    let judging = edgecoder_subset::tables::verdicts::is_judging(&name.to_string_lossy());
    if judging && vm.get_attribute_opt(object.clone(), &name)?.is_some() {
        return predicates::hook(object, name, vm);
    }
    getattr(object, name, default, vm)
}

fn hasattr(object: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> PyResult<bool> {
    if denied(name.as_object()).is_some() {
        return Ok(false);
    }
    Ok(vm.get_attribute_opt(object, &name)?.is_some())
}

fn setattr(object: PyObjectRef, name: PyStrRef, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    check_name(name.as_object(), vm)?;
    check_definition(&object, &name, vm)?;
    hook(object, OptionalArg::Present(name.clone()), vm).set_attr(&name, value, vm)
}

fn delattr(object: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
    check_name(name.as_object(), vm)?;
    hook(object, OptionalArg::Present(name.clone()), vm).del_attr(&name, vm)
}

fn check_definition(object: &PyObject, name: &PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
    let text = name.to_string_lossy();
    if object.downcast_ref::<PyType>().is_some() && edgecoder_subset::is_denied_definition(&text) {
        return Err(vm.new_attribute_error(format!("a class cannot define '{text}' in the subset")));
    }
    Ok(())
}

/// Builds a class and remembers whose it is.
fn build_class(mut arguments: FuncArgs, role: FileRole, vm: &VirtualMachine) -> PyResult {
    // The interpreter takes this one out by putting the last one in its place.
    if let Some(metaclass) = arguments.kwargs.shift_remove("metaclass") {
        arguments.kwargs.insert("metaclass".to_owned(), metaclass);
    }
    let build = vm.builtins.get_attr("__build_class__", vm)?;
    let class = build.call(arguments, vm)?;
    if let Some(made) = class.downcast_ref::<PyType>() {
        origin::note_class(&class, role);
        match role {
            FileRole::Candidate => classes::watch(made, vm),
            FileRole::Oracle => classes::keep_attributes(made, vm),
        }
    }
    Ok(class)
}

/// The builtins that differ from the library's in programs. Oracles get checked ones too: a
/// candidate may hand its objects to them.
pub(crate) fn install(
    dict: &rustpython_vm::builtins::PyDictRef,
    whose: boot::Builtins,
    vm: &VirtualMachine,
) -> PyResult<()> {
    dict.set_item("getattr", vm.new_function("getattr", getattr).into(), vm)?;
    dict.set_item("hasattr", vm.new_function("hasattr", hasattr).into(), vm)?;
    let build = if whose == boot::Builtins::Candidate {
        dict.set_item("setattr", vm.new_function("setattr", setattr).into(), vm)?;
        dict.set_item("delattr", vm.new_function("delattr", delattr).into(), vm)?;
        vm.new_function("__build_class__", |arguments: FuncArgs, vm: &VirtualMachine| {
            build_class(arguments, FileRole::Candidate, vm)
        })
    } else {
        dict.set_item("getattr", vm.new_function("getattr", judged_getattr).into(), vm)?;
        dict.set_item("isinstance", vm.new_function("isinstance", strict_isinstance).into(), vm)?;
        vm.new_function("__build_class__", |arguments: FuncArgs, vm: &VirtualMachine| {
            build_class(arguments, FileRole::Oracle, vm)
        })
    };
    dict.set_item("__build_class__", build.into(), vm)
}

fn strict_isinstance(value: PyObjectRef, of: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    crate::compare::is_instance(&value, &of, vm)
}
