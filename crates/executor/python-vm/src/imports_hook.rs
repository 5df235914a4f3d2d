//! `import` in a program's files: the slice, the program's own files, nothing else.

use std::cell::RefCell;

use rustpython_vm::builtins::{PyDictRef, PyStr, PyStrRef};
use rustpython_vm::function::{FuncArgs, OptionalArg};
use rustpython_vm::{AsObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine};

use crate::boot::{self, Builtins};
use crate::imports;

/// Library modules that programs may import, by top-level name.
const SLICE: &[&str] = &[
    "__future__", "abc", "array", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "colorsys", "contextlib",
    "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "doctest", "enum", "fractions", "functools", "graphlib",
    "hashlib", "heapq", "hmac", "html", "io", "itertools", "json", "keyword", "math", "numbers", "operator", "pprint", "pytest",
    "random", "re", "reprlib", "shlex", "statistics", "string", "struct", "textwrap", "time", "types", "typing", "unicodedata",
    "unittest", "warnings", "weakref",
];

/// Modules that programs see under another module's name.
const STAND_INS: &[(&str, &str)] = &[("sys", "_edgecoder_sys")];

thread_local! {
    static ORIGINAL: RefCell<Option<PyObjectRef>> = const { RefCell::new(None) };
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
    if boot::caller(vm) == Builtins::Library {
        return library(arguments, vm);
    }
    let mut positional = arguments.args.into_iter();
    let name = PyStrRef::try_from_object(vm, positional.next().unwrap_or_else(|| vm.ctx.none()))?;
    let globals = positional.next().and_then(|globals| globals.downcast::<rustpython_vm::builtins::PyDict>().ok());
    let from_list = positional.nth(1).unwrap_or_else(|| vm.ctx.none());
    let level = positional.next().map_or(Ok(0), |level| usize::try_from_object(vm, level))?;
    program_import(&name.to_string_lossy(), globals.as_ref(), &from_list, level, vm)
}

fn program_import(
    name: &str,
    globals: Option<&PyDictRef>,
    from_list: &PyObjectRef,
    level: usize,
    vm: &VirtualMachine,
) -> PyResult {
    let top = name.split('.').next().unwrap_or_default();
    if level == 0 {
        if let Some((_, real)) = STAND_INS.iter().find(|(shown, _)| *shown == name) {
            let module = vm.import(*real, 0)?;
            return module.get_attr("module", vm);
        }
        if SLICE.contains(&top) {
            let list = rustpython_vm::builtins::PyTupleRef::try_from_object(vm, from_list.clone())
                .unwrap_or_else(|_| vm.ctx.empty_tuple.clone());
            let none = vm.ctx.none();
            return library(vec![vm.ctx.new_str(name).into(), none.clone(), none, list.into(), vm.ctx.new_int(0).into()].into(), vm);
        }
    }
    let absolute = absolute_name(name, globals, level, vm)?;
    let Some(module) = imports::import_local(&absolute, vm)? else {
        return Err(vm.new_exception_msg(
            vm.ctx.exceptions.module_not_found_error.to_owned(),
            format!("No module named '{absolute}'").into(),
        ));
    };
    let wanted: Vec<PyObjectRef> = from_list.try_to_value(vm).unwrap_or_default();
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

fn absolute_name(name: &str, globals: Option<&PyDictRef>, level: usize, vm: &VirtualMachine) -> PyResult<String> {
    if level == 0 {
        return Ok(name.to_owned());
    }
    let package = match globals {
        Some(globals) => globals.get_item_opt("__package__", vm)?,
        None => None,
    };
    let package = package.and_then(|package| package.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()));
    let mut base = package.filter(|package| !package.is_empty()).ok_or_else(|| {
        vm.new_import_error("attempted relative import with no known parent package", vm.ctx.new_utf8_str(name))
    })?;
    for _ in 1..level {
        base = match base.rsplit_once('.') {
            Some((parent, _)) => parent.to_owned(),
            None => return Err(vm.new_import_error("attempted relative import beyond top-level package", vm.ctx.new_utf8_str(name))),
        };
    }
    Ok(if name.is_empty() { base } else { format!("{base}.{name}") })
}
