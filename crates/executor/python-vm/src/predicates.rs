//! Methods by whose name a test takes the answer for a verdict: `startswith`, `issuperset`, `assert_called_with`, ….

use edgecoder_subset::tables::verdicts::{ASSERTIONS, COMPARISONS, PREDICATES};
use edgecoder_types::{FileRole, RunStatus};
use rustpython_vm::builtins::{PyModule, PyStrRef, PyType};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::PyComparisonOp;
use rustpython_vm::{AsObject as _, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::judge::asking;
use crate::state::{self, End};
use crate::{classes, judge, origin};

fn is(table: &[&str], name: &str) -> bool {
    table.binary_search(&name).is_ok()
}

/// `JUDGE(object, name)`: the attribute, or what stands for it where the candidate would decide.
pub(crate) fn hook(object: PyObjectRef, name: PyStrRef, vm: &VirtualMachine) -> PyResult {
    let text = name.to_string_lossy().into_owned();
    let found = object.get_attr(&name, vm)?;
    if object.downcast_ref::<PyModule>().is_some() || object.class().is(vm.ctx.types.super_type) {
        return Ok(found);
    }
    if let Some(class) = object.downcast_ref::<PyType>() {
        if is(ASSERTIONS, &text) && origin::is_candidate_type(class, vm) {
            forged(&object, &text);
        }
        return Ok(found);
    }
    if !origin::is_candidate_instance(&object, vm) {
        if origin::is_candidates(&found, vm) && !is_of_test_class(&object, &text, vm) {
            forged(&object, &text);
        }
        return Ok(found);
    }
    if is(ASSERTIONS, &text) {
        forged(&object, &text);
    }
    if let Some(op) = operator(&text) {
        return Ok(compared(object, op, vm));
    }
    if text == "__contains__" {
        return Ok(contained(object, vm));
    }
    let native = found.class().is(vm.ctx.types.builtin_function_or_method_type)
        && found.get_attr("__self__", vm).is_ok_and(|bound| bound.is(&object));
    if native || classes::is_made_by_test(&object) {
        return Ok(found);
    }
    let judged = move |arguments: FuncArgs, vm: &VirtualMachine| answer(&object, &found, &text, arguments, vm);
    Ok(vm.new_function("method", judged).into())
}

/// Whether the test's own class gives the object this method.
fn is_of_test_class(object: &PyObject, name: &str, vm: &VirtualMachine) -> bool {
    origin::class_role(object.class(), vm) == Some(FileRole::Oracle)
        && !object.dict().is_some_and(|dict| dict.contains_key(name, vm))
}

/// Whether a test may take the answer of this method at its word.
pub(crate) fn may_answer(object: &PyObject, name: &str, arguments: &[PyObjectRef], vm: &VirtualMachine) -> bool {
    if is(ASSERTIONS, name) {
        return false;
    }
    !is(PREDICATES, name)
        || classes::is_made_by_test(object)
        || arguments.iter().any(|one| origin::is_candidate_instance(one, vm))
}

/// The candidate's answer, if its value's own class gives the same one.
fn answer(object: &PyObjectRef, found: &PyObjectRef, name: &str, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    if arguments.args.iter().any(|one| origin::is_candidate_instance(one, vm)) {
        return asking(vm, || found.call(arguments, vm));
    }
    let own = match classes::foundation(object, vm).and_then(|class| class.get_attr(vm.ctx.intern_str(name))) {
        Some(method) => {
            let mut all = arguments.clone();
            all.prepend_arg(object.clone());
            Some(method.call(all, vm)?)
        }
        None => None,
    };
    let answer = asking(vm, || found.call(arguments, vm))?;
    let agrees = match &own {
        Some(own) => answer.is(own),
        None => answer.is(&vm.ctx.false_value),
    };
    if !agrees {
        forged(object, name);
    }
    Ok(answer)
}

fn operator(name: &str) -> Option<PyComparisonOp> {
    Some(match name {
        "__eq__" => PyComparisonOp::Eq,
        "__ne__" => PyComparisonOp::Ne,
        "__lt__" => PyComparisonOp::Lt,
        "__le__" => PyComparisonOp::Le,
        "__gt__" => PyComparisonOp::Gt,
        "__ge__" => PyComparisonOp::Ge,
        _ => return None,
    })
}

/// A comparison by name is the operator's.
fn compared(object: PyObjectRef, op: PyComparisonOp, vm: &VirtualMachine) -> PyObjectRef {
    let compare = move |other: PyObjectRef, vm: &VirtualMachine| object.clone().rich_compare(other, op, vm);
    vm.new_function("compare", compare).into()
}

fn contained(object: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    let contains = move |item: PyObjectRef, vm: &VirtualMachine| object.sequence_unchecked().contains(&item, vm);
    vm.new_function("contains", contains).into()
}

/// At the entry of a method that nobody judges: a comparison or predicate of the candidate's, called by its name.
pub(crate) fn check_entry(zelf: &PyObject, name: &str, arguments: &[PyObjectRef], vm: &VirtualMachine) {
    if (is(COMPARISONS, name) || name == "__sub__" || name == "__rsub__")
        && let [other, ..] = arguments
        && !origin::is_candidate_instance(other, vm)
    {
        judge::forged(other, zelf, "a method of the candidate's own class would decide the outcome");
    }
    if !may_answer(zelf, name, arguments, vm) {
        forged(zelf, name);
    }
}

/// Ends the run: the candidate would have decided.
fn forged(object: &PyObject, name: &str) -> ! {
    let mock = if is(ASSERTIONS, name) { "; it is no mock of the test" } else { "" };
    let detail = format!(
        "the test asks a '{0}' for '{name}', and the candidate's own code would decide the answer, which could make any test \
         pass{mock}; return plain values, or make the '{0}' in the test",
        object.class().name()
    );
    state::finish(End::new(RunStatus::Forged, "forged_method", detail))
}
