//! What `TICK` sees of a function that is being entered: candidate code that would decide a verdict from below.
//!
//! The comparison itself looks only at its operands. A library object may hold the candidate's and delegate to it,
//! and a test may compute with a candidate's object before it compares; both end here, at the entry of the method.

use std::cell::RefCell;

use edgecoder_types::RunStatus;
use rustpython_vm::builtins::{PyFunction, PyTuple};
use rustpython_vm::bytecode::CodeFlags;
use rustpython_vm::frame::Frame;
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject as _, Py, PyObject, PyObjectRef, VirtualMachine};

use crate::boot::{self, Builtins};
use crate::state::{self, End};
use crate::{compare, origin};

/// One comparison in progress.
struct Running {
    /// Frames below it.
    depth: usize,
    /// Whether both of its operands are the candidate's: then its methods are what is under test.
    own: bool,
}

thread_local! {
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// Runs a comparison, or the arithmetic of a tolerance, while candidate code is watched.
pub(crate) fn watched<R>(left: &PyObject, right: &PyObject, vm: &VirtualMachine, run: impl FnOnce() -> R) -> R {
    let own = origin::is_candidate_instance(left, vm) && origin::is_candidate_instance(right, vm);
    let running = Running { depth: vm.frames.borrow().len(), own };
    RUNNING.with(|cell| cell.borrow_mut().push(running));
    let result = run();
    RUNNING.with(|cell| cell.borrow_mut().pop());
    result
}

/// Steps an iterator whose values a comparison needs: what computes them is not watched.
pub(crate) fn unwatched<R>(run: impl FnOnce() -> R) -> R {
    let outer = RUNNING.with(RefCell::take);
    let result = run();
    RUNNING.with(|cell| *cell.borrow_mut() = outer);
    result
}

/// The check at the entry of a function or the head of a loop.
pub(crate) fn check(vm: &VirtualMachine) {
    let Some(depth) = watched_depth(vm) else { return };
    let frames = vm.frames.borrow();
    let Some((last, below)) = frames.split_last() else { return };
    #[expect(unsafe_code, reason = "the interpreter lends its frames only so")]
    // SAFETY: a frame stays alive while it is in the interpreter's list, which is borrowed here.
    let (frame, below): (&Py<Frame>, Vec<&Py<Frame>>) =
        unsafe { (last.as_ref(), below.iter().map(|frame| frame.as_ref()).collect()) };
    if !boot::runs(frame, Builtins::Candidate) || frame.code.flags.contains(CodeFlags::GENERATOR) {
        return;
    }
    let forged = if let Some((depth, own)) = depth {
        let outermost = below.iter().skip(depth).all(|frame| !boot::runs(frame, Builtins::Candidate));
        (outermost && decides(frame, own, vm)).then_some(("forged_comparison", COMPARISON))
    } else {
        let oracle = below.last().is_some_and(|frame| boot::runs(frame, Builtins::Oracle));
        (oracle && subtracts(frame, vm)).then_some(("forged_arithmetic", ARITHMETIC))
    };
    if let Some((reason, why)) = forged {
        let name = frame.code.obj_name.as_str().to_owned();
        state::finish(End::new(RunStatus::Forged, reason, format!("the candidate's method '{name}' {why}")));
    }
}

const COMPARISON: &str = "would decide a comparison of the test with a plain value, which could make any test pass; \
    return plain values, or compare with an object of the same class";

const ARITHMETIC: &str = "subtracts a number of the test from the candidate's object, which could make any difference \
    small; return plain numbers, or subtract an object of the same class";

/// The innermost comparison (depth, own operands); `Some(None)` without one, `None` when nothing can be wrong.
#[expect(clippy::option_option, reason = "nothing to check differs from no comparison")]
fn watched_depth(vm: &VirtualMachine) -> Option<Option<(usize, bool)>> {
    let running = RUNNING.with(|cell| cell.borrow().last().map(|running| (running.depth, running.own)));
    if running.is_some() {
        return Some(running);
    }
    let frames = vm.frames.borrow();
    let caller = frames.len().checked_sub(2).and_then(|at| frames.get(at))?;
    #[expect(unsafe_code, reason = "the interpreter lends its frames only so")]
    // SAFETY: a frame stays alive while it is in the interpreter's list, which is borrowed here.
    let oracle = boot::runs(unsafe { caller.as_ref() }, Builtins::Oracle);
    oracle.then_some(None)
}

/// The positional arguments that a frame was entered with.
fn positional(frame: &Frame, vm: &VirtualMachine) -> Vec<PyObjectRef> {
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

fn decides(frame: &Frame, own: bool, vm: &VirtualMachine) -> bool {
    let arguments = positional(frame, vm);
    match arguments.split_first() {
        Some((_, rest)) if !rest.is_empty() => rest.iter().any(|other| !origin::is_candidate_instance(other, vm)),
        Some((zelf, _)) if is_method(zelf, frame, &["__hash__"], vm) => {
            !own && is_method(zelf, frame, &["__len__", "__iter__", "__bool__"], vm)
        }
        _ => !own,
    }
}

fn subtracts(frame: &Frame, vm: &VirtualMachine) -> bool {
    let arguments = positional(frame, vm);
    let [zelf, other, ..] = &*arguments else { return false };
    compare::is_number(other, vm) && is_method(zelf, frame, &["__sub__", "__rsub__"], vm)
}

/// Whether a frame runs one of the methods of an object of the candidate's.
fn is_method(zelf: &PyObject, frame: &Frame, names: &[&'static str], vm: &VirtualMachine) -> bool {
    let class = zelf.class();
    class.slots.flags.has_feature(PyTypeFlags::HEAPTYPE)
        && origin::is_candidate_instance(zelf, vm)
        && names.iter().any(|name| {
            let found = class.get_attr(vm.ctx.intern_str(*name));
            found.is_some_and(|method| {
                method.downcast_ref::<PyFunction>().is_none()
                    || method.get_attr("__code__", vm).is_ok_and(|code| code.is(frame.code.as_object()))
            })
        })
}
