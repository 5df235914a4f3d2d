//! Running and importing the request's own files.

use edgecoder_types::{FileRole, RunStatus};
use rustpython_vm::builtins::{PyBaseExceptionRef, PyDictRef, PyModule};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::boot::{self, Builtins};
use crate::origin;
use crate::program::{self, Found};
use crate::state::{self, End};

/// Compiles every Python file of the request before anything runs; a violation ends the run.
pub(crate) fn compile_all(vm: &VirtualMachine) {
    let Some(request) = state::with(|run| run.request.clone()) else { return };
    let modules = program::local_modules(&request);
    let mut violations = Vec::new();
    for file in request.files.iter().filter(|file| program::is_python(file)) {
        match program::compile(file, &modules, vm) {
            Ok(unit) => {
                state::with(|run| run.units.insert(file.path.clone(), unit));
            }
            Err(found) => violations.extend(found),
        }
    }
    if violations.is_empty() {
        return;
    }
    let syntax = violations.iter().any(|violation| violation.code == "syntax_error");
    let (reason, what) = if syntax {
        ("syntax_error", "a file cannot be parsed")
    } else {
        ("subset_violation", "the program leaves the subset")
    };
    let first = violations.first().map_or_else(String::new, |violation| {
        format!(": {}:{}:{}: {}", violation.path, violation.line, violation.column, violation.message)
    });
    let mut end = End::new(RunStatus::Rejected, reason, format!("{what}{first}"));
    end.violations = violations;
    state::finish(end);
}

/// Runs a compiled file in a namespace. The namespace never shows its builtins to the program.
pub(crate) fn execute(path: &str, globals: &PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
    let unit = state::with(|run| run.units.get(path).map(|unit| (unit.code.clone(), unit.role))).flatten();
    let Some((code, role)) = unit else {
        return Err(vm.new_import_error(format!("no file {path}"), vm.ctx.new_utf8_str(path)));
    };
    run_code(code.into(), globals, Builtins::of(role), vm)
}

/// Runs any code object with the builtins of a role.
pub(crate) fn run_code(
    code: PyObjectRef,
    globals: &PyDictRef,
    builtins: Builtins,
    vm: &VirtualMachine,
) -> PyResult<()> {
    globals.set_item("__builtins__", boot::builtins(builtins, vm), vm)?;
    let function = boot::make_function(code, globals.clone(), vm);
    globals.del_item("__builtins__", vm)?;
    function?.call((), vm)?;
    Ok(())
}

/// A new module for a file, in the table of modules, not yet run.
pub(crate) fn new_module(
    name: &str,
    path: Option<&str>,
    package: bool,
    vm: &VirtualMachine,
) -> PyResult<PyRef<PyModule>> {
    let globals = vm.ctx.new_dict();
    if let Some(path) = path {
        globals.set_item("__file__", vm.ctx.new_str(path).into(), vm)?;
    }
    let module = vm.new_module(name, globals, None);
    let parent = if package { name } else { name.rsplit_once('.').map_or("", |(parent, _)| parent) };
    module.set_attr("__package__", vm.ctx.new_str(parent), vm)?;
    if package {
        module.set_attr("__path__", vm.ctx.new_list(Vec::new()), vm)?;
    }
    if let Some(path) = path {
        origin::note_module(module.clone().into(), module.dict().into(), name, role_of(path));
    }
    origin::note_local(name, module.clone().into());
    if !is_library_name(name, vm) {
        vm.sys_module.get_attr("modules", vm)?.set_item(name, module.clone().into(), vm)?;
    }
    Ok(module)
}

/// Forgets a module whose file could not be run.
pub(crate) fn forget(name: &str, vm: &VirtualMachine) -> PyResult<()> {
    origin::forget_local(name);
    if !is_library_name(name, vm) {
        vm.sys_module.get_attr("modules", vm)?.del_item(name, vm)?;
    }
    Ok(())
}

/// Whether the library has a module of that name: no code of the library may come upon the request's in its place.
fn is_library_name(name: &str, vm: &VirtualMachine) -> bool {
    vm.state.frozen.contains_key(name) || vm.state.module_defs.contains_key(name)
}

/// Why a file of the request that is named like a module of the library can't be imported.
pub(crate) fn shadow(name: &str, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let path = state::with(|run| match program::find(&run.request, name) {
        Some(Found::File { path, .. }) => Some(path),
        Some(Found::Namespace) | None => None,
    });
    let path = path.flatten().unwrap_or_else(|| name.to_owned());
    vm.new_import_error(
        format!("{path} is named like a module of Python's library, which would be tested in its place; rename it"),
        vm.ctx.new_utf8_str(name),
    )
}

/// Imports a module of the request by its dotted name; `None` when no file has that name.
pub(crate) fn import_local(name: &str, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    if let Some(module) = origin::local(name) {
        refuse_tests(name, origin::module_role(&module), vm)?;
        return Ok(Some(module));
    }
    let Some(found) = state::with(|run| program::find(&run.request, name)).flatten() else { return Ok(None) };
    if let Found::File { path, .. } = &found {
        refuse_tests(name, Some(role_of(path)), vm)?;
    }
    if let Some((parent, _)) = name.rsplit_once('.') {
        import_local(parent, vm)?;
        if let Some(module) = origin::local(name) {
            return Ok(Some(module));
        }
    }
    let module = match found {
        Found::Namespace => new_module(name, None, true, vm)?,
        Found::File { path, package } => {
            let module = new_module(name, Some(&path), package, vm)?;
            if let Err(error) = execute(&path, &module.dict(), vm) {
                forget(name, vm)?;
                return Err(error);
            }
            module
        }
    };
    if let Some((parent, last)) = name.rsplit_once('.')
        && let Some(parent) = origin::local(parent)
        && !leads_to_tests(&parent, module.as_object())
    {
        parent.set_attr(vm.ctx.intern_str(last), module.clone(), vm)?;
    }
    Ok(Some(module.as_object().to_owned()))
}

/// The candidate has no business with the tests: it could read what they expect, or change it.
fn refuse_tests(name: &str, role: Option<FileRole>, vm: &VirtualMachine) -> PyResult<()> {
    if role == Some(FileRole::Oracle) && boot::caller(vm) == Builtins::Candidate {
        return Err(vm.new_import_error(
            format!("the code under test must not import '{name}', which belongs to its tests"),
            vm.ctx.new_utf8_str(name),
        ));
    }
    Ok(())
}

/// Whether the candidate would reach a module of the tests through its own package.
fn leads_to_tests(parent: &PyObject, module: &PyObject) -> bool {
    origin::module_role(module) == Some(FileRole::Oracle) && origin::module_role(parent) == Some(FileRole::Candidate)
}

/// The object that a dotted name such as `pkg.mod.Class.name` leads to but for its last part, and that part.
pub(crate) fn dotted(name: &str, vm: &VirtualMachine) -> PyResult {
    let unknown = || vm.new_import_error(format!("no module for '{name}'"), vm.ctx.new_utf8_str(name));
    let (target, last) = name.rsplit_once('.').ok_or_else(unknown)?;
    let parts: Vec<&str> = target.split('.').collect();
    let mut object = None;
    let mut rest = parts.len();
    for end in 1..=parts.len() {
        let module = parts.get(..end).unwrap_or_default().join(".");
        let found = match import_local(&module, vm)? {
            Some(found) => Some(found),
            None if edgecoder_subset::module_names(&module).is_some() => Some(crate::imports_hook::view(&module, vm)?),
            None => None,
        };
        let Some(found) = found else { break };
        (object, rest) = (Some(found), end);
    }
    let mut object = object.ok_or_else(unknown)?;
    for part in parts.get(rest..).unwrap_or_default() {
        object = object.get_attr(vm.ctx.intern_str(*part), vm)?;
    }
    Ok(vm.ctx.new_tuple(vec![object, vm.ctx.new_str(last).into()]).into())
}

/// The role of the code that runs in a namespace, by the file it says it is.
pub(crate) fn role_of(path: &str) -> FileRole {
    state::with(|run| program::role(&run.request, path)).unwrap_or(FileRole::Candidate)
}
