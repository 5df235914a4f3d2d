//! `Match.expand`: the interpreter asks the library's `re` for a function that this version of the library lacks.

use rustpython_vm::builtins::PyStr;
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

/// Gives the library's `re` the function.
pub(crate) fn install(vm: &VirtualMachine) -> PyResult<()> {
    vm.import("re", 0)?.set_attr(vm.ctx.intern_str("_expand"), vm.new_function("_expand", expand), vm)
}

/// The template with the match's groups in it. The library parses it into literals with the numbers of groups between.
fn expand(pattern: PyObjectRef, found: PyObjectRef, template: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let parser = vm.import("re", 0)?.get_attr("_parser", vm)?;
    let parts = vm.call_method(&parser, "parse_template", (template.clone(), pattern))?;
    let parts: Vec<PyObjectRef> = parts.try_to_value(vm)?;
    let empty: PyObjectRef = match template.downcast_ref::<PyStr>() {
        Some(_) => vm.ctx.empty_str.to_owned().into(),
        None => vm.ctx.new_bytes(Vec::new()).into(),
    };
    let mut pieces = Vec::with_capacity(parts.len());
    for (at, part) in parts.into_iter().enumerate() {
        let piece = if at % 2 == 0 { part } else { vm.call_method(&found, "group", (part,))? };
        pieces.push(if vm.is_none(&piece) { empty.clone() } else { piece });
    }
    vm.call_method(&empty, "join", (vm.ctx.new_list(pieces),))
}
