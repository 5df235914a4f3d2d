//! Failures of tests that only the test itself can take back.
//!
//! An assertion that fails is remembered, with the frame that its exception comes from. It is forgotten when the test
//! handles that exception; code of the candidate that swallows it changes nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use edgecoder_types::FileRole;
use rustpython_vm::builtins::{PyBaseException, PyBaseExceptionRef, PyType};
use rustpython_vm::frame::FrameRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject as _, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::boot::{self, Builtins};
#[cfg(debug_assertions)]
#[allow(unused_imports, reason = "the interpreter has its own when it is built with assertions")]
use crate::flags::CreatedWithFlags as _;
use crate::{caller, imports, origin, state};

/// A failure that nobody has taken back.
struct Failure {
    /// Where the exception comes from; none can be handled when there is no such place.
    frame: Option<FrameRef>,
    message: String,
}

thread_local! {
    static FAILURES: RefCell<Vec<Failure>> = const { RefCell::new(Vec::new()) };
    /// What tests have made of their framework: managers that catch what they expect, marks. By address; all are kept alive.
    static MARKED: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// `CHECK(condition)`.
pub(crate) fn check(condition: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    let held = condition.try_to_bool(vm)?;
    if !held {
        failing(vm);
    }
    Ok(held)
}

/// An assertion fails: its exception is about to be raised in the innermost frame.
pub(crate) fn failing(vm: &VirtualMachine) {
    if !caller::is_oracle(vm) {
        return;
    }
    remember(vm.current_frame(), vm);
}

fn remember(frame: Option<FrameRef>, vm: &VirtualMachine) {
    let message = format!("the assertion at {} failed, and the code under test swallowed its exception", place(vm));
    FAILURES.with(|cell| cell.borrow_mut().push(Failure { frame, message }));
}

/// `RAISE(exception)` and `RAISE()`.
pub(crate) fn raising(exception: OptionalArg<PyObjectRef>, vm: &VirtualMachine) -> PyObjectRef {
    let raised = match &exception {
        OptionalArg::Present(exception) => Some(exception.clone()),
        OptionalArg::Missing => in_hand(vm).map(Into::into),
    };
    if let Some(raised) = raised.filter(|raised| is_failure(raised, vm)) {
        let before = raised.downcast_ref::<PyBaseException>().and_then(|error| error.__traceback__());
        let origin = caller::entries(before).pop().map(|(frame, _)| frame);
        remember(origin.or_else(|| vm.current_frame()), vm);
    }
    exception.unwrap_or_else(|| vm.ctx.true_value.clone().into())
}

/// Whether an exception, or a class of them, says that a test has failed.
fn is_failure(raised: &PyObject, vm: &VirtualMachine) -> bool {
    let class = raised.downcast_ref::<PyType>().unwrap_or_else(|| raised.class());
    class.fast_issubclass(vm.ctx.exceptions.assertion_error) || &*class.name() == "Failed"
}

/// The file and line of the test that is being executed.
fn place(vm: &VirtualMachine) -> String {
    let frames = vm.frames.borrow();
    let found = frames.iter().rev().find_map(|frame| {
        #[expect(unsafe_code, reason = "the interpreter lends its frames only so")]
        // SAFETY: a frame stays alive while it is in the interpreter's list, which is borrowed here.
        let frame = unsafe { frame.as_ref() };
        (boot::whose(frame) == Builtins::Oracle)
            .then(|| format!("{}:{}", frame.code.source_path().as_str(), frame.current_location().line.get()))
    });
    found.unwrap_or_else(|| "the end of a test".to_owned())
}

/// The exception that is being handled.
pub(crate) fn in_hand(vm: &VirtualMachine) -> Option<PyBaseExceptionRef> {
    let details = vm.sys_module.get_attr("exc_info", vm).ok()?.call((), vm).ok()?;
    details.get_item(&1_usize, vm).ok()?.downcast::<PyBaseException>().ok()
}

/// `HANDLED()`.
pub(crate) fn handled(vm: &VirtualMachine) {
    if FAILURES.with(|cell| cell.borrow().is_empty()) {
        return;
    }
    if let Some(error) = in_hand(vm) {
        forgive(&error);
    }
}

/// `LEAVING(value)`.
pub(crate) fn leaving(value: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    if value.clone().try_to_bool(vm)? {
        handled(vm);
    }
    Ok(value)
}

/// The test has handled an exception: the failure that it comes from is taken back.
pub(crate) fn forgive(error: &Py<PyBaseException>) {
    let Some((innermost, _)) = caller::entries(error.__traceback__()).pop() else { return };
    FAILURES.with(|cell| {
        cell.borrow_mut().retain(|failure| failure.frame.as_ref().is_none_or(|frame| !frame.is(&innermost)));
    });
}

/// Remembers an object of the framework's, if the test itself makes it.
pub(crate) fn mark(manager: PyObjectRef, vm: &VirtualMachine) {
    if caller::is_oracle(vm) && !origin::is_candidate_instance(&manager, vm) {
        MARKED.with(|cell| cell.borrow_mut().insert(manager.get_id()));
        state::keep(manager);
    }
}

/// Whether the tests have made an object of the framework's, or nobody judges anybody in this file.
pub(crate) fn is_marked(value: &PyObject, path: &str) -> bool {
    MARKED.with(|cell| cell.borrow().contains(&value.get_id())) || imports::role_of(path) == FileRole::Candidate
}

/// The manager has caught an exception, for the test if that made it and has it in its own `with`.
pub(crate) fn forgive_by(manager: &PyObject, error: &Py<PyBaseException>, vm: &VirtualMachine) {
    if caller::is_oracle(vm) && MARKED.with(|cell| cell.borrow().contains(&manager.get_id())) {
        forgive(error);
    }
}

/// Takes the failures: the message of the first one, if there is any.
pub(crate) fn take() -> Option<String> {
    FAILURES.with(|cell| cell.borrow_mut().drain(..).next().map(|failure| failure.message))
}

/// A manager of the candidate's in a `with` block of a test. Python code cannot name its type.
#[pyclass(module = false, name = "manager")]
#[derive(Debug, PyPayload)]
pub(crate) struct Manager {
    inner: PyObjectRef,
    /// Where the last assert of the block ends.
    line: usize,
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl Manager {
    #[pymethod]
    fn __enter__(&self, vm: &VirtualMachine) -> PyResult {
        vm.call_special_method(&self.inner, vm.ctx.intern_str("__enter__"), ())
    }

    #[pymethod]
    fn __exit__(&self, kind: PyObjectRef, error: PyObjectRef, trace: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let answer =
            vm.call_special_method(&self.inner, vm.ctx.intern_str("__exit__"), (kind, error.clone(), trace))?;
        if let Some(error) = error.downcast_ref::<PyBaseException>()
            && answer.clone().try_to_bool(vm)?
        {
            self.swallowed(error, vm);
        }
        Ok(answer)
    }
}

impl Manager {
    /// What the candidate raises and swallows itself must not keep asserts from being reached.
    fn swallowed(&self, error: &Py<PyBaseException>, vm: &VirtualMachine) {
        let entries = caller::entries(error.__traceback__());
        let here = vm.current_frame();
        let raised = entries.iter().rev().find(|(frame, _)| boot::whose(frame) != Builtins::Library);
        let at = entries.iter().find(|(frame, _)| here.as_ref().is_some_and(|here| here.is(frame)));
        let unreached = at.is_none_or(|(_, line)| *line <= self.line);
        if unreached && raised.is_some_and(|(frame, _)| boot::whose(frame) == Builtins::Candidate) {
            let message = format!(
                "the code under test raised {} in a `with` block of {} and swallowed it there, before the block's assertions \
                 had held",
                error.class().name(),
                place(vm)
            );
            FAILURES.with(|cell| cell.borrow_mut().push(Failure { frame: None, message }));
        }
    }
}

/// Makes the manager's type, once, at boot.
pub(crate) fn register() {
    use rustpython_vm::class::PyClassImpl as _;
    Manager::make_static_type();
}

/// `WITH(manager, line)`.
pub(crate) fn with(manager: PyObjectRef, line: usize, vm: &VirtualMachine) -> PyObjectRef {
    if origin::is_candidates(&manager, vm) { Manager { inner: manager, line }.into_pyobject(vm) } else { manager }
}
