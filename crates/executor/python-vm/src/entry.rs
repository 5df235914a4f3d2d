//! What `ENTER` sees of a candidate's function that a test has called: a method whose answer nobody judges, though it would
//! be a verdict.

use rustpython_vm::builtins::PyTuple;
use rustpython_vm::bytecode::CodeFlags;
use rustpython_vm::frame::Frame;
use rustpython_vm::{AsObject as _, Py, PyObjectRef, VirtualMachine};

use crate::boot::Builtins;
use crate::{arithmetic, caller, judge, origin, predicates};

/// The check at the entry of a function.
#[inline]
pub(crate) fn check(vm: &VirtualMachine) {
    let (whose, below) = caller::nearest(vm, 1);
    if whose == Builtins::Oracle {
        called_by_test(below, vm);
    }
}

fn called_by_test(below: usize, vm: &VirtualMachine) {
    let Some(frame) = vm.current_frame() else { return };
    let name = frame.code.obj_name.as_str();
    let judging = name.starts_with("__") || edgecoder_subset::tables::verdicts::is_judging(name);
    if !judging && !arithmetic::is_any_left()
        || frame.code.flags.contains(CodeFlags::GENERATOR)
        || judge::is_asked(below)
    {
        return;
    }
    let arguments = positional(&frame, vm);
    let Some((zelf, rest)) = arguments.split_first() else { return };
    if !origin::is_candidate_instance(zelf, vm) {
        return;
    }
    if arithmetic::measures(zelf, frame.code.as_object(), vm) {
        arithmetic::forged(zelf, zelf);
    }
    predicates::check_entry(zelf, name, rest, vm);
}

/// The positional arguments that a frame was entered with.
fn positional(frame: &Py<Frame>, vm: &VirtualMachine) -> Vec<PyObjectRef> {
    #[expect(unsafe_code, reason = "the interpreter lends its locals only so")]
    // SAFETY: one thread runs the interpreter, and the frame waits for the native function that asks.
    let locals = unsafe { frame.fastlocals() };
    let value = |at: usize| {
        let held = locals.get(at)?.clone()?;
        // What inner functions use is in a cell; programs cannot have cells as values.
        if held.class().is(vm.ctx.types.cell_type) { held.get_attr("cell_contents", vm).ok() } else { Some(held) }
    };
    let count = usize::try_from(frame.code.arg_count).unwrap_or_default();
    let mut found: Vec<PyObjectRef> = (0..count).filter_map(value).collect();
    if frame.code.flags.contains(CodeFlags::VARARGS) {
        let at = count + usize::try_from(frame.code.kwonlyarg_count).unwrap_or_default();
        if let Some(rest) = value(at).and_then(|rest| rest.downcast::<PyTuple>().ok()) {
            found.extend(rest.as_slice().iter().cloned());
        }
    }
    found
}
