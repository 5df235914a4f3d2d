//! Recording what became of tests.

use std::cell::RefCell;

use edgecoder_types::{TestPlan, Verdict};
use rustpython_vm::builtins::{PyBaseException, PyStrRef};
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{AsObject as _, Py, PyObjectRef, VirtualMachine};

use crate::{compare, state, sticky, traceback};

/// Whether tests are only collected.
pub(crate) fn collecting() -> bool {
    state::with(|run| matches!(run.request.tests, TestPlan::Collect(_))).unwrap_or(false)
}

/// `CASE(id, condition, message)`: a top-level assert of an oracle file.
pub(crate) fn case(id: PyStrRef, condition: PyObjectRef, message: OptionalArg<PyObjectRef>, vm: &VirtualMachine) {
    let id = full_id(&id, vm);
    if collecting() {
        state::record(&id, Verdict::Collected, "");
        return;
    }
    compare::forget();
    match condition.call((), vm).and_then(|value| value.try_to_bool(vm)) {
        Ok(true) => record(&id, Verdict::Passed, ""),
        Ok(false) => {
            let text = message
                .into_option()
                .and_then(|message| message.call((), vm).ok())
                .and_then(|message| message.str(vm).ok())
                .map(|text| format!("AssertionError: {}", text.to_string_lossy()))
                .or_else(|| compare::last_difference(vm))
                .unwrap_or_else(|| "AssertionError".to_owned());
            record(&id, Verdict::Failed, &text);
        }
        Err(error) => {
            record(&id, verdict_of(&error, vm), &failure_line(&error, vm));
        }
    }
}

/// A test has ended: records what became of it. One that passed has failed if an assertion of it did, unseen.
pub(crate) fn record(id: &str, verdict: Verdict, message: &str) {
    match sticky::take() {
        Some(failure) if verdict == Verdict::Passed => state::record(id, Verdict::Failed, &failure),
        _ => state::record(id, verdict, message),
    }
}

/// The end of what is no test, such as a fixture: it is recorded only if an assertion failed there, unseen.
pub(crate) fn settle(id: &str) {
    if let Some(failure) = sticky::take() {
        state::record(id, Verdict::Failed, &failure);
    }
}

thread_local! {
    static OPEN: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn full_id(id: &PyStrRef, vm: &VirtualMachine) -> String {
    let path = vm.current_frame().map(|frame| frame.code.source_path().as_str().to_owned()).unwrap_or_default();
    format!("{path}::{}", id.to_string_lossy())
}

/// `CASE_OPEN(id)`: begins a case that is a whole statement; false where tests are only collected.
pub(crate) fn case_open(id: PyStrRef, vm: &VirtualMachine) -> bool {
    let id = full_id(&id, vm);
    if collecting() {
        state::record(&id, Verdict::Collected, "");
        return false;
    }
    compare::forget();
    OPEN.with(|open| *open.borrow_mut() = Some(id));
    true
}

/// `CASE_CLOSE(id, passed)`: ends the open case; the exception that failed it is being handled.
pub(crate) fn case_close(_id: PyStrRef, passed: bool, vm: &VirtualMachine) {
    let Some(id) = OPEN.with(|open| open.borrow_mut().take()) else { return };
    match sticky::in_hand(vm) {
        _ if passed => record(&id, Verdict::Passed, ""),
        Some(error) => record(&id, verdict_of(&error, vm), &failure_line(&error, vm)),
        None => record(&id, Verdict::Error, "the case ended without an exception"),
    }
}

/// A raised assertion failed the test; anything else is an error of it.
pub(crate) fn verdict_of(error: &Py<PyBaseException>, vm: &VirtualMachine) -> Verdict {
    if error.class().fast_issubclass(vm.ctx.exceptions.assertion_error) { Verdict::Failed } else { Verdict::Error }
}

/// The message of a failed test: the error's last line; for a bare assert, the comparison that did not hold.
pub(crate) fn failure_line(error: &Py<PyBaseException>, vm: &VirtualMachine) -> String {
    let line = traceback::last_line(error, vm);
    if line == "AssertionError" { compare::last_difference(vm).unwrap_or(line) } else { line }
}
