//! What candidate code may change: its own modules, classes and functions, and plain objects; never what the verdict,
//! the library or an oracle is made of.

use edgecoder_types::{FileRole, RunStatus};
use rustpython_vm::builtins::{PyFunction, PyModule, PyStr, PyStrRef, PyType};
use rustpython_vm::function::{FuncArgs, OptionalArg};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject as _, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::state::{self, End};
use crate::{boot, imports_hook, origin};

/// `GUARD(object)`: the object, if candidate code may set or delete attributes or items of it.
pub(crate) fn hook(object: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    if !may_change(&object, vm) {
        let what = match object.downcast_ref::<PyType>() {
            Some(class) => format!("the class '{}'", class.name()),
            None => format!("a '{}' object", object.class().name()),
        };
        state::finish(End::new(
            RunStatus::Forged,
            "forged_mutation",
            format!("the candidate changes {what} that is not its own"),
        ));
    }
    object
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

fn hasattr(object: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> PyResult<bool> {
    if denied(name.as_object()).is_some() {
        return Ok(false);
    }
    Ok(vm.get_attribute_opt(object, &name)?.is_some())
}

fn setattr(object: PyObjectRef, name: PyStrRef, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    check_name(name.as_object(), vm)?;
    check_definition(&object, &name, vm)?;
    hook(object, vm).set_attr(&name, value, vm)
}

fn delattr(object: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
    check_name(name.as_object(), vm)?;
    hook(object, vm).del_attr(&name, vm)
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
    if class.downcast_ref::<PyType>().is_some() {
        origin::note_class(&class, role);
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
