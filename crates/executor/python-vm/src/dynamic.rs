//! `exec`, `eval` and `compile` for the library: dataclasses and named tuples write code. What they write is
//! parsed, instrumented and compiled like any module of the library.

use edgecoder_subset::{Origin, ast};
use rustpython_vm::builtins::{PyCode, PyDictRef, PyStr};
use rustpython_vm::compiler::Mode;
use rustpython_vm::function::{ArgMapping, FuncArgs};
use rustpython_vm::scope::Scope;
use rustpython_vm::{PyObjectRef, PyRef, PyResult, VirtualMachine};

use crate::{fuel, program};

/// The path of code that the library wrote.
pub(crate) const PATH: &str = "<string>";

/// Bytes of source that one unit of fuel compiles.
const BYTES_A_UNIT: u64 = 16;

/// Puts the three into the library's builtins.
pub(crate) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let dict = vm.builtins.dict();
    dict.set_item("exec", vm.new_function("exec", exec).into(), vm)?;
    dict.set_item("eval", vm.new_function("eval", eval).into(), vm)?;
    dict.set_item("compile", vm.new_function("compile", refuse).into(), vm)
}

fn refuse(_arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    Err(vm.new_runtime_error("code made from text is outside the subset"))
}

fn exec(source: PyObjectRef, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let code = match source.downcast_ref::<PyCode>() {
        // The import of a frozen module. Only library code has this function, and no one can make code objects.
        Some(frozen) if !crate::state::is_candidate(frozen.source_path().as_str()) => {
            crate::generic::keep(frozen);
            frozen.to_owned()
        }
        _ => code(&source, false, vm)?,
    };
    run(code, arguments, vm)?;
    Ok(vm.ctx.none())
}

fn eval(source: PyObjectRef, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let code = code(&source, true, vm)?;
    run(code, arguments, vm)
}

fn code(source: &PyObjectRef, expression: bool, vm: &VirtualMachine) -> PyResult<PyRef<PyCode>> {
    let Some(text) = source.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()) else {
        return Err(vm.new_type_error("only text can be compiled here"));
    };
    fuel::charge(text.len() as u64 / BYTES_A_UNIT + 1);
    let failed = |message: String| vm.new_exception_msg(vm.ctx.exceptions.syntax_error.to_owned(), message.into());
    let text = if expression { text.trim().to_owned() } else { text };
    let mut parsed = edgecoder_subset::parse(PATH, text.as_bytes())
        .map_err(|found| failed(found.first().map_or_else(String::new, |violation| violation.message.clone())))?;
    let _plan = edgecoder_subset::instrument(&mut parsed.module, &parsed.source, Origin::Library);
    let code = if expression {
        let Some(ast::Stmt::Expr(only)) = parsed.module.body.pop().filter(|_| parsed.module.body.is_empty()) else {
            return Err(failed("an expression was expected".to_owned()));
        };
        let tree = ast::Mod::Expression(ast::ModExpression {
            node_index: ast::AtomicNodeIndex::NONE,
            range: only.range,
            body: only.value,
        });
        let options = program::options();
        rustpython_codegen::compile::compile_top(tree, parsed.source, Mode::Eval, options)
            .map_err(|error| failed(error.to_string()))?
    } else {
        program::generate(&parsed, false).map_err(|(_, message)| failed(message))?
    };
    Ok(crate::generic::new_code(code, None, vm))
}

fn run(code: PyRef<PyCode>, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let mut positional = arguments.args.into_iter();
    let globals = positional.next().and_then(|globals| globals.downcast::<rustpython_vm::builtins::PyDict>().ok());
    let globals: PyDictRef = globals.unwrap_or_else(|| vm.current_globals());
    if let Ok(own) = globals.get_item("__builtins__", vm)
        && let Ok(own) = own.downcast::<rustpython_vm::builtins::PyDict>()
    {
        for name in crate::natives::FUEL_HOOKS {
            own.set_item(name, vm.builtins.dict().get_item(name, vm)?, vm)?;
        }
    }
    let locals = match positional.next() {
        Some(locals) if !vm.is_none(&locals) => Some(ArgMapping::new(locals)),
        _ => None,
    };
    let locals = locals.unwrap_or_else(|| ArgMapping::from_dict_exact(globals.clone()));
    vm.run_code_obj(code, Scope::new(Some(locals), globals))
}
