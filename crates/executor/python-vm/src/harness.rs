//! The native half of the test harness: loading oracle files, docstrings, doctest examples.

use edgecoder_subset::{Origin, ast};
use edgecoder_types::FileRole;
use rustpython_vm::builtins::{PyBaseException, PyCode, PyDictRef, PyFunction, PyModule, PyStr, PyTuple};
use rustpython_vm::{Py, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::boot::Builtins;
use crate::{imports, program, run, state};

/// Imports a test file. An oracle file that imports nothing of the entry runs in a namespace that
/// holds the entry's public names.
pub(crate) fn load(path: &str, vm: &VirtualMachine) -> PyResult<PyRef<PyModule>> {
    let name = state::with(|run| program::module_name(&run.request, path)).unwrap_or_default();
    if let Some(module) = crate::origin::local(&name).and_then(|module| module.downcast::<PyModule>().ok()) {
        return Ok(module);
    }
    let borrowed = borrows_entry(path);
    let package = path.ends_with("__init__.py");
    let module = imports::new_module(&name, Some(path), package, vm)?;
    if let Some(entry) = borrowed
        && !crate::outcome::collecting()
    {
        seed(&module.dict(), path, &entry, vm)?;
    }
    if let Err(error) = imports::execute(path, &module.dict(), vm) {
        imports::forget(&name, vm)?;
        return Err(error);
    }
    Ok(module)
}

/// The entry's module name, when the file is an oracle that does not import the entry itself.
fn borrows_entry(path: &str) -> Option<String> {
    let entry = run::entry_name()?;
    let file = state::with(|run| run.request.files.iter().find(|file| file.path == path).cloned()).flatten()?;
    if file.role != FileRole::Oracle || state::with(|run| run.request.entry.as_deref() == Some(path)) == Some(true) {
        return None;
    }
    let parsed = edgecoder_subset::parse(&file.path, &file.content).ok()?;
    let last = entry.rsplit('.').next().unwrap_or(&entry).to_owned();
    (!imports_module(&parsed.module.body, &entry, &last)).then_some(entry)
}

fn imports_module(body: &[ast::Stmt], entry: &str, last: &str) -> bool {
    body.iter().any(|statement| match statement {
        ast::Stmt::Import(import) => import.names.iter().any(|alias| alias.name.as_str() == entry),
        ast::Stmt::ImportFrom(import) => {
            let module = import.module.as_ref().map_or("", |module| module.as_str());
            module == entry
                || (import.level > 0
                    && (module == last || import.names.iter().any(|alias| alias.name.as_str() == last)))
                || import.names.iter().any(|alias| format!("{module}.{}", alias.name) == entry)
        }
        ast::Stmt::Try(statement) => imports_module(&statement.body, entry, last),
        ast::Stmt::If(statement) => imports_module(&statement.body, entry, last),
        _ => false,
    })
}

/// Copies the entry's public names. What shadows a builtin stays behind, because a candidate must not replace
/// what the test's own expressions mean, unless it is the sole thing under test.
fn seed(globals: &PyDictRef, path: &str, entry: &str, vm: &VirtualMachine) -> PyResult<()> {
    let Some(module) = imports::import_local(entry, vm)? else { return Ok(()) };
    let Some(module) = module.downcast_ref::<PyModule>() else { return Ok(()) };
    let builtins = vm.builtins.dict();
    for (name, value) in &module.dict() {
        let Some(text) = name.downcast_ref::<PyStr>().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if !text.starts_with("__") && (!builtins.contains_key(&*text, vm) || crate::subject::is_sole(path, &text)) {
            globals.set_item(&*text, value, vm)?;
        }
    }
    Ok(())
}

/// Names, lines (from 1) and texts of the docstrings of a file, in source order.
pub(crate) fn docstrings(path: &str) -> Vec<(String, usize, String)> {
    let file = state::with(|run| run.request.files.iter().find(|file| file.path == path).cloned()).flatten();
    let Some(parsed) = file.and_then(|file| edgecoder_subset::parse(&file.path, &file.content).ok()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".py");
    walk(&parsed, &parsed.module.body, name, &mut found);
    found
}

fn walk(parsed: &edgecoder_subset::Parsed, body: &[ast::Stmt], name: &str, found: &mut Vec<(String, usize, String)>) {
    if let Some(ast::Stmt::Expr(first)) = body.first()
        && let ast::Expr::StringLiteral(text) = &*first.value
    {
        let line = parsed.source.to_source_code().line_index(first.range.start()).get();
        found.push((name.to_owned(), line, text.value.to_str().to_owned()));
    }
    for statement in body {
        match statement {
            ast::Stmt::FunctionDef(function) => {
                walk(parsed, &function.body, &format!("{name}.{}", function.name), found);
            }
            ast::Stmt::ClassDef(class) => walk(parsed, &class.body, &format!("{name}.{}", class.name), found),
            _ => {}
        }
    }
}

/// `conftest.py` files of oracles that apply to a test file, outermost first.
pub(crate) fn conftests(path: &str) -> Vec<String> {
    let mut wanted = Vec::new();
    let mut directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    loop {
        wanted.push(if directory.is_empty() { "conftest.py".to_owned() } else { format!("{directory}/conftest.py") });
        if directory.is_empty() {
            break;
        }
        directory = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    wanted.reverse();
    state::with(|run| {
        wanted
            .into_iter()
            .filter(|path| run.units.get(path).is_some_and(|unit| unit.role == FileRole::Oracle))
            .collect()
    })
    .unwrap_or_default()
}

/// Runs one doctest example; returns what it printed and what it raised.
pub(crate) fn run_example(path: &str, source: &str, namespace: &PyDictRef, vm: &VirtualMachine) -> PyObjectRef {
    let role = imports::role_of(path);
    let pair = |out: String, error: PyObjectRef| vm.ctx.new_tuple(vec![vm.ctx.new_str(out).into(), error]).into();
    let shown = format!("<doctest {path}>");
    let denied = |message: String| vm.new_exception_msg(vm.ctx.exceptions.syntax_error.to_owned(), message.into());
    let code = edgecoder_subset::parse(&shown, source.as_bytes())
        .and_then(|parsed| {
            let modules = state::with(|run| program::local_modules(&run.request)).unwrap_or_default();
            let found = edgecoder_subset::check(&parsed, role, &modules);
            if found.is_empty() { Ok(parsed) } else { Err(found) }
        })
        .map_err(|found| found.first().map_or_else(String::new, |violation| violation.message.clone()))
        .and_then(|mut parsed| {
            let _plan = edgecoder_subset::instrument(&mut parsed.module, &parsed.source, Origin::Program(role));
            program::generate(&parsed, true).map_err(|(_, message)| message)
        });
    let code = match code {
        Ok(code) => crate::generic::new_code(code, Some(role), vm),
        Err(message) => return pair(String::new(), denied(message).into()),
    };
    let outer = state::with(|run| run.diverted.replace(Vec::new())).flatten();
    let result = imports::run_code(code.into(), namespace, Builtins::of(role), vm);
    let printed = state::with(|run| std::mem::replace(&mut run.diverted, outer)).flatten().unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    match result {
        Ok(()) => pair(printed, vm.ctx.none()),
        Err(error) => pair(printed, error.into()),
    }
}

/// Whether a frame of candidate code lies between the test and where the exception came from.
pub(crate) fn candidate_raised(error: &Py<PyBaseException>) -> bool {
    let mut next = error.__traceback__();
    while let Some(entry) = next {
        if state::is_candidate(entry.frame.code.source_path().as_str()) {
            return true;
        }
        let following = entry.next.lock().clone();
        next = following;
    }
    false
}

fn code_of(function: &PyObject, vm: &VirtualMachine) -> Option<PyRef<PyCode>> {
    let function = match function.downcast_ref::<PyFunction>() {
        Some(_) => function.to_owned(),
        None => function.get_attr("__func__", vm).ok()?,
    };
    function.downcast_ref::<PyFunction>()?;
    function.get_attr("__code__", vm).ok()?.downcast::<PyCode>().ok()
}

/// Names of a function's positional and keyword parameters.
pub(crate) fn parameters(function: &PyObject, vm: &VirtualMachine) -> Vec<String> {
    code_of(function, vm).map_or_else(Vec::new, |code| {
        let count = usize::try_from(code.arg_count + code.kwonlyarg_count).unwrap_or_default();
        code.varnames.iter().take(count).map(|name| name.as_str().to_owned()).collect()
    })
}

/// Whether a parameter has a default.
pub(crate) fn has_default(function: &PyObject, name: &str, vm: &VirtualMachine) -> bool {
    let length = |attribute: &'static str| {
        function
            .get_attr(attribute, vm)
            .ok()
            .and_then(|value| value.downcast::<PyTuple>().ok())
            .map_or(0, |value| value.len())
    };
    let keyword =
        function.get_attr("__kwdefaults__", vm).ok().and_then(|value| value.get_item(name, vm).ok()).is_some();
    let positional = code_of(function, vm).map_or(0, |code| usize::try_from(code.arg_count).unwrap_or_default());
    let from = positional.saturating_sub(length("__defaults__"));
    let at = parameters(function, vm).iter().position(|parameter| parameter == name);
    keyword || at.is_some_and(|at| at >= from && at < positional)
}

/// Whether a function, or what it says it wraps, is an oracle's.
pub(crate) fn is_of_oracle(function: &PyObject, vm: &VirtualMachine) -> bool {
    let oracle = |function: &PyObject| {
        code_of(function, vm).is_some_and(|code| imports::role_of(code.source_path().as_str()) == FileRole::Oracle)
    };
    if oracle(function) {
        return true;
    }
    let mut wrapped = function.to_owned();
    for _ in 0..WRAPPED_MAX {
        if crate::origin::is_candidates(&wrapped, vm) {
            return false;
        }
        match wrapped.get_attr("__wrapped__", vm) {
            Ok(inner) if oracle(&inner) => return true,
            Ok(inner) => wrapped = inner,
            Err(_) => return false,
        }
    }
    false
}

/// Wrappers of the library around one test.
const WRAPPED_MAX: usize = 8;

/// Whether a function's body stands in a file.
pub(crate) fn defined_in(function: &PyObject, path: &str, vm: &VirtualMachine) -> bool {
    code_of(function, vm).is_some_and(|code| code.source_path().as_str() == path)
}
