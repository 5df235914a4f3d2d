//! `import` in a program's files: the slice, the program's own files, nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;

use edgecoder_types::FileRole;
use rustpython_compiler_core::bytecode::Instruction;
use rustpython_vm::builtins::{PyDictRef, PyStr, PyStrRef};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine};

use crate::boot::{self, Builtins};
use crate::{imports, origin};

/// Modules that programs see under another module's name.
const STAND_INS: &[(&str, &str)] = &[("sys", "_edgecoder_sys")];

thread_local! {
    static ORIGINAL: RefCell<Option<PyObjectRef>> = const { RefCell::new(None) };
    /// Views by name, one set for candidates and one for the rest: what one writes into a view the other never sees.
    static VIEWS: RefCell<BTreeMap<(bool, String), PyObjectRef>> = const { RefCell::new(BTreeMap::new()) };
}

/// Puts our import in place of the library's, which stays reachable for library code.
pub(crate) fn patch(vm: &VirtualMachine) -> PyResult<()> {
    let original = vm.builtins.get_attr("__import__", vm)?;
    ORIGINAL.with(|cell| *cell.borrow_mut() = Some(original));
    vm.builtins.dict().set_item("__import__", vm.new_function("__import__", import).into(), vm)
}

fn library(arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    match ORIGINAL.with(|cell| cell.borrow().clone()) {
        Some(original) => original.call(arguments, vm),
        None => Err(vm.new_runtime_error("the interpreter is not booted")),
    }
}

fn import(arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    if boot::caller(vm) == Builtins::Library || !by_statement(vm) {
        return library(arguments, vm);
    }
    let mut positional = arguments.args.into_iter();
    let name = PyStrRef::try_from_object(vm, positional.next().unwrap_or_else(|| vm.ctx.none()))?;
    let globals = positional.next().and_then(|globals| globals.downcast::<rustpython_vm::builtins::PyDict>().ok());
    let from_list = positional.nth(1).unwrap_or_else(|| vm.ctx.none());
    let level = positional.next().map_or(Ok(0), |level| usize::try_from_object(vm, level))?;
    program_import(&name.to_string_lossy(), globals.as_ref(), &from_list, level, vm)
}

/// What tests are written with: always the library's, and never what they test.
const FRAMEWORKS: &[&str] = &["doctest", "pytest", "unittest"];

/// A file of the candidate's that is named like a module of the library which a test imports: the library's would be tested.
fn refuse_shadow(name: &str, vm: &VirtualMachine) -> PyResult<()> {
    let top = name.split('.').next().unwrap_or(name);
    if FRAMEWORKS.contains(&top) {
        return Ok(());
    }
    let shadowed = crate::state::with(|run| match crate::program::find(&run.request, top) {
        Some(crate::program::Found::File { path, .. }) => {
            crate::program::role(&run.request, &path) == FileRole::Candidate
        }
        Some(crate::program::Found::Namespace) | None => false,
    });
    if shadowed == Some(true) { Err(imports::shadow(top, vm)) } else { Ok(()) }
}

/// Whether an import statement of the innermost frame asks. Otherwise native code does, on behalf of a value that the
/// frame uses (`Generic[T]`, a template of a pattern), and means the library's module itself.
fn by_statement(vm: &VirtualMachine) -> bool {
    let Some(frame) = vm.current_frame() else { return false };
    let current = (frame.lasti() as usize).checked_sub(1);
    current.is_some_and(|at| {
        at < frame.code.instructions.len()
            && matches!(frame.code.instructions.read_op(at), Instruction::ImportName { .. })
    })
}

fn program_import(
    name: &str,
    globals: Option<&PyDictRef>,
    from_list: &PyObjectRef,
    level: usize,
    vm: &VirtualMachine,
) -> PyResult {
    if level == 0 && edgecoder_subset::module_names(name).is_some() {
        if boot::caller(vm) == Builtins::Oracle {
            refuse_shadow(name, vm)?;
        }
        let view = view(name, vm)?;
        let top = name.split('.').next().unwrap_or(name);
        let named = !vm.is_none(from_list) && from_list.length(vm).unwrap_or_default() > 0;
        return if named || top == name { Ok(view) } else { self::view(top, vm) };
    }
    let absolute = absolute_name(name, globals, level, vm)?;
    if crate::outcome::collecting() && is_under_test(&absolute) {
        return placeholder(vm);
    }
    let Some(module) = imports::import_local(&absolute, vm)? else {
        return Err(vm.new_exception_msg(
            vm.ctx.exceptions.module_not_found_error.to_owned(),
            format!("No module named '{absolute}'").into(),
        ));
    };
    let wanted: Vec<PyObjectRef> = from_list.try_to_value(vm).unwrap_or_default();
    let star = |item: &PyObjectRef| item.downcast_ref::<PyStr>().is_some_and(|item| item.to_string_lossy() == "*");
    if boot::caller(vm) == Builtins::Oracle
        && origin::module_role(&module) == Some(FileRole::Candidate)
        && wanted.iter().any(star)
    {
        return without_shadows(&module, globals, vm);
    }
    if wanted.is_empty() {
        let skipped = absolute.len() - name.len();
        let first = absolute.get(skipped..).and_then(|rest| rest.find('.')).map_or(absolute.len(), |at| skipped + at);
        return match absolute.get(..first) {
            Some(first) => Ok(imports::import_local(first, vm)?.unwrap_or(module)),
            None => Ok(module),
        };
    }
    for item in wanted {
        let Some(item) = item.downcast_ref::<PyStr>() else { continue };
        let item = item.to_string_lossy();
        if item != "*" && vm.get_attribute_opt(module.clone(), vm.ctx.intern_str(&*item))?.is_none() {
            imports::import_local(&format!("{absolute}.{item}"), vm)?;
        }
    }
    Ok(module)
}

/// What a star import of a candidate's module gives an oracle: never a name of a builtin, nor one that is bound already,
/// because a candidate must not replace what the test's own expressions mean.
fn without_shadows(module: &PyObjectRef, globals: Option<&PyDictRef>, vm: &VirtualMachine) -> PyResult {
    let Some(all) = module.dict() else { return Ok(module.clone()) };
    let listed = all.get_item_opt("__all__", vm)?;
    let names: Vec<PyObjectRef> = match &listed {
        Some(listed) => listed.try_to_value(vm)?,
        None => (&all).into_iter().map(|(name, _)| name).collect(),
    };
    let shown = vm.ctx.new_dict();
    for name in names {
        let Some(name) = name.downcast_ref::<PyStr>() else { continue };
        let text = name.to_string_lossy();
        let bound = globals.is_some_and(|globals| globals.contains_key(&*text, vm));
        if bound || vm.builtins.dict().contains_key(&*text, vm) || listed.is_none() && text.starts_with('_') {
            continue;
        }
        shown.set_item(&*text, module.get_attr(name, vm)?, vm)?;
    }
    if listed.is_some() {
        let names = (&shown).into_iter().map(|(name, _)| name).collect();
        shown.set_item("__all__", vm.ctx.new_list(names).into(), vm)?;
    }
    Ok(vm.new_module("*", shown, None).into())
}

fn absolute_name(name: &str, globals: Option<&PyDictRef>, level: usize, vm: &VirtualMachine) -> PyResult<String> {
    if level == 0 {
        return Ok(name.to_owned());
    }
    let package = match globals {
        Some(globals) => globals.get_item_opt("__package__", vm)?,
        None => None,
    };
    let package =
        package.and_then(|package| package.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()));
    let mut base = package.filter(|package| !package.is_empty()).ok_or_else(|| {
        vm.new_import_error("attempted relative import with no known parent package", vm.ctx.new_utf8_str(name))
    })?;
    for _ in 1..level {
        base = match base.rsplit_once('.') {
            Some((parent, _)) => parent.to_owned(),
            None => {
                return Err(vm.new_import_error(
                    "attempted relative import beyond top-level package",
                    vm.ctx.new_utf8_str(name),
                ));
            }
        };
    }
    Ok(if name.is_empty() { base } else { format!("{base}.{name}") })
}

/// What a program sees of a library module: another module object, with the subset's names only.
pub(crate) fn view(name: &str, vm: &VirtualMachine) -> PyResult {
    let key = (boot::caller(vm) == Builtins::Candidate, name.to_owned());
    if let Some(found) = VIEWS.with(|cell| cell.borrow().get(&key).cloned()) {
        return Ok(found);
    }
    let real = STAND_INS.iter().find(|(shown, _)| *shown == name).map_or(name, |(_, real)| real);
    let none = vm.ctx.none();
    let level = vm.ctx.new_int(0).into();
    library(
        vec![vm.ctx.new_str(real).into(), none.clone(), none, vm.ctx.empty_tuple.clone().into(), level].into(),
        vm,
    )?;
    let module = vm.sys_module.get_attr("modules", vm)?.get_item(real, vm)?;
    let view = if real == name { names_of(name, key.0, &module, vm)? } else { module.get_attr("module", vm)? };
    VIEWS.with(|cell| cell.borrow_mut().insert(key, view.clone()));
    if let Some((parent, last)) = name.rsplit_once('.') {
        self::view(parent, vm)?.set_attr(vm.ctx.intern_str(last), view.clone(), vm)?;
    }
    Ok(view)
}

/// Whether the name leads to a file of the candidate's that is not itself a test file.
fn is_under_test(name: &str) -> bool {
    crate::state::with(|run| match crate::program::find(&run.request, name) {
        Some(crate::program::Found::File { path, .. }) => {
            let planned =
                matches!(&run.request.tests, edgecoder_types::TestPlan::Collect(files) if files.contains(&path));
            !planned && crate::program::role(&run.request, &path) == edgecoder_types::FileRole::Candidate
        }
        Some(crate::program::Found::Namespace) | None => false,
    })
    .unwrap_or(false)
}

fn placeholder(vm: &VirtualMachine) -> PyResult {
    let modules = vm.sys_module.get_attr("modules", vm)?;
    modules.get_item("_edgecoder_placeholder", vm)?.get_attr("module", vm)
}

/// A tolerance that a candidate chooses would decide its own comparisons.
const ORACLE_ONLY: &[(&str, &str)] = &[("pytest", "approx")];

fn names_of(name: &str, candidate: bool, module: &PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let names = vm.ctx.new_dict();
    for shown in edgecoder_subset::module_names(name).into_iter().flatten() {
        if candidate && ORACLE_ONLY.contains(&(name, shown)) {
            continue;
        }
        if let Some(value) = vm.get_attribute_opt(module.clone(), vm.ctx.intern_str(shown))? {
            names.set_item(shown, value, vm)?;
        }
    }
    if let Some(text) = vm.get_attribute_opt(module.clone(), vm.ctx.intern_str("__doc__"))? {
        names.set_item("__doc__", text, vm)?;
    }
    Ok(vm.new_module(name, names, None).into())
}

/// Whether an object is the namespace of a view of a library module.
pub(crate) fn is_view_dict(object: &rustpython_vm::PyObject) -> bool {
    object.downcast_ref::<rustpython_vm::builtins::PyDict>().is_some()
        && VIEWS.with(|cell| cell.borrow().values().any(|view| view.dict().is_some_and(|dict| dict.is(object))))
}
