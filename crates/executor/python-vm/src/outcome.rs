//! Recording what became of tests.

use edgecoder_types::{TestPlan, Verdict};
use rustpython_vm::builtins::{PyBaseException, PyStrRef};
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};

use crate::{state, traceback};

/// Whether tests are only collected.
pub(crate) fn collecting() -> bool {
    state::with(|run| matches!(run.request.tests, TestPlan::Collect(_))).unwrap_or(false)
}

/// `CASE(id, condition, message)`: a top-level assert of an oracle file.
pub(crate) fn case(
    id: PyStrRef,
    condition: PyObjectRef,
    message: OptionalArg<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let path = vm.current_frame().map(|frame| frame.code.source_path().as_str().to_owned()).unwrap_or_default();
    let id = format!("{path}::{}", id.to_string_lossy());
    if collecting() {
        state::record(&id, Verdict::Collected, "");
        return Ok(());
    }
    match condition.call((), vm).and_then(|value| value.try_to_bool(vm)) {
        Ok(true) => state::record(&id, Verdict::Passed, ""),
        Ok(false) => {
            let text = message
                .into_option()
                .and_then(|message| message.call((), vm).ok())
                .and_then(|message| message.str(vm).ok())
                .map_or_else(|| "AssertionError".to_owned(), |text| format!("AssertionError: {}", text.to_string_lossy()));
            state::record(&id, Verdict::Failed, &text);
        }
        Err(error) => {
            let line = traceback::last_line(&error, vm);
            state::record(&id, verdict_of(&error, vm), &line);
        }
    }
    Ok(())
}

/// A raised assertion failed the test; anything else is an error of it.
pub(crate) fn verdict_of(error: &Py<PyBaseException>, vm: &VirtualMachine) -> Verdict {
    if error.class().fast_issubclass(vm.ctx.exceptions.assertion_error) { Verdict::Failed } else { Verdict::Error }
}

/// The message of a failed test: the error's last line.
pub(crate) fn failure_line(error: &Py<PyBaseException>, vm: &VirtualMachine) -> String {
    traceback::last_line(error, vm)
}
