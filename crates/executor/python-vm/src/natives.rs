//! The native side that frozen Python and instrumented code call.

use edgecoder_subset::hooks;
use edgecoder_types::Verdict;
use rustpython_vm::builtins::PyDictRef;
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

use crate::boot::Builtins;
use crate::{compare, delegate, entry, fuel, guard, imports_hook, intact, outcome, predicates, sticky};

/// The hooks that every instrumented module calls.
pub(crate) const FUEL_HOOKS: [&str; 6] =
    [hooks::TICK, hooks::ITER, hooks::SPEND, hooks::SPENDING, hooks::DELEGATE, hooks::ENTERING];

/// Puts the fuel hooks into the library's builtins, before any instrumented module runs.
pub(crate) fn install(vm: &mut VirtualMachine) {
    let vm = &*vm;
    let tick = vm.new_function("tick", || fuel::charge(1));
    let iter = vm.new_function("iter", |iterable: PyObjectRef, vm: &VirtualMachine| fuel::charged(iterable, vm));
    let spend = vm.new_function("spend", |value: PyObjectRef, vm: &VirtualMachine| fuel::spend(value, vm));
    let spending = vm.new_function("spending", |value: PyObjectRef, vm: &VirtualMachine| fuel::spending(value, vm));
    let delegate = vm.new_function("delegate", |value: PyObjectRef, vm: &VirtualMachine| delegate::delegate(value, vm));
    let entering = vm.new_function("entering", |value: PyObjectRef, vm: &VirtualMachine| delegate::entering(value, vm));
    let functions = [tick, iter, spend, spending, delegate, entering];
    for (name, function) in FUEL_HOOKS.into_iter().zip(functions) {
        if vm.builtins.dict().set_item(name, function.into(), vm).is_err() {
            crate::boot::boot_failed("the fuel hooks cannot be installed");
        }
    }
}

/// Replaces what programs must not reach as it is.
pub(crate) fn patch(vm: &VirtualMachine) -> PyResult<()> {
    crate::streams::install(vm)?;
    crate::dynamic::install(vm)?;
    crate::templates::install(vm)?;
    imports_hook::patch(vm)
}

/// Completes the builtins of programs with the hooks that their files' instrumentation calls.
pub(crate) fn hooks(candidate: &PyDictRef, oracle: &PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
    let library = vm.builtins.dict();
    for dict in [candidate, oracle] {
        for name in FUEL_HOOKS {
            dict.set_item(name, library.get_item(name, vm)?, vm)?;
        }
    }
    let enter = vm.new_function("enter", |vm: &VirtualMachine| {
        fuel::charge(1);
        entry::check(vm);
    });
    candidate.set_item(hooks::ENTER, enter.into(), vm)?;
    candidate.set_item(hooks::GUARD, vm.new_function("guard", guard::hook).into(), vm)?;
    candidate.set_item(hooks::SPACE, vm.new_function("space", guard::space).into(), vm)?;
    crate::ids::install(candidate, vm)?;
    crate::ids::install(oracle, vm)?;
    guard::install(candidate, Builtins::Candidate, vm)?;
    guard::install(oracle, Builtins::Oracle, vm)?;
    oracle.set_item(hooks::COMPARE, vm.new_function("compare", compare::hook).into(), vm)?;
    oracle.set_item(hooks::CHECK, vm.new_function("check", sticky::check).into(), vm)?;
    oracle.set_item(hooks::HANDLED, vm.new_function("handled", sticky::handled).into(), vm)?;
    oracle.set_item(hooks::RAISE, vm.new_function("raise", sticky::raising).into(), vm)?;
    oracle.set_item(hooks::LEAVING, vm.new_function("leaving", sticky::leaving).into(), vm)?;
    oracle.set_item(hooks::JUDGE, vm.new_function("judge", predicates::hook).into(), vm)?;
    oracle.set_item(hooks::DECORATE, vm.new_function("decorate", intact::decorate).into(), vm)?;
    oracle.set_item(hooks::WITH, vm.new_function("with", sticky::with).into(), vm)?;
    oracle.set_item(hooks::CASE, vm.new_function("case", outcome::case).into(), vm)?;
    oracle.set_item(hooks::CASE_OPEN, vm.new_function("case_open", outcome::case_open).into(), vm)?;
    oracle.set_item(hooks::CASE_CLOSE, vm.new_function("case_close", outcome::case_close).into(), vm)
}

/// The wire word of a verdict, as frozen Python spells it.
pub(crate) fn verdict(word: &str) -> Option<Verdict> {
    Some(match word {
        "passed" => Verdict::Passed,
        "failed" => Verdict::Failed,
        "error" => Verdict::Error,
        "skipped" => Verdict::Skipped,
        "collected" => Verdict::Collected,
        _ => return None,
    })
}
