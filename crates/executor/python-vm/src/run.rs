//! One request from its beginning to its ending.

use edgecoder_types::{RunRequest, RunStatus, TestPlan, Verdict};
use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Interpreter, PyResult, VirtualMachine};

use crate::output::{self, Stream};
use crate::state::{self, End};
use crate::{Ending, fuel, imports, outcome, program, traceback};

/// Runs the request and delivers its ending.
pub(crate) fn run(interpreter: &Interpreter, request: RunRequest, deliver: fn(Ending) -> !) -> ! {
    let (limit, seed) = (request.limits.fuel, request.seed);
    state::begin(request, deliver);
    crate::clock::begin(seed);
    interpreter.enter(|vm| {
        let seeded = vm.import("random", 0).and_then(|random| vm.call_method(&random, "seed", (seed,)));
        if let Err(error) = seeded {
            state::finish(End::new(RunStatus::Crashed, "boot_failed", traceback::last_line(&error, vm)));
        }
        fuel::begin(limit);
        imports::compile_all(vm);
        let plan = state::with(|run| run.request.tests.clone()).unwrap_or(TestPlan::None);
        match plan {
            TestPlan::None => program(vm),
            TestPlan::Files(files) | TestPlan::Selected(files) => tests(&files, false, vm),
            TestPlan::Collect(files) => tests(&files, true, vm),
            TestPlan::Command(_) => state::finish(End::new(
                RunStatus::Refused,
                "command_needs_os_layer",
                "a test command runs in the OS layer only",
            )),
        }
    })
}

/// Runs the entry as a program.
fn program(vm: &VirtualMachine) -> ! {
    let Some(entry) = state::with(|run| run.request.entry.clone()).flatten() else {
        state::finish(End::new(RunStatus::Refused, "entry_missing", "the request names neither an entry nor tests"))
    };
    let ended = imports::new_module("__main__", Some(&entry), false, vm).and_then(|module| {
        module.set_attr("__package__", vm.ctx.new_str(""), vm)?;
        imports::execute(&entry, &module.dict(), vm)
    });
    match ended {
        Ok(()) => state::finish(End::new(RunStatus::Completed, "completed", "the program ended").exit(0)),
        Err(error) => uncaught(&error, vm),
    }
}

/// Ends a program by an exception that nobody caught.
fn uncaught(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> ! {
    if error.class().fast_issubclass(vm.ctx.exceptions.system_exit) {
        let code = exit_code(error, vm);
        if code == 0 {
            state::finish(End::new(RunStatus::Completed, "completed", "the program ended").exit(0));
        }
        state::finish(
            End::new(RunStatus::Error, "nonzero_exit", format!("the program ended with exit status {code}")).exit(code),
        );
    }
    output::write(Stream::Err, traceback::text(error, vm).as_bytes());
    let line = traceback::last_line(error, vm);
    state::finish(End::new(RunStatus::Error, "uncaught_exception", line).exit(1))
}

fn exit_code(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> i32 {
    let Ok(code) = error.as_object().get_attr("code", vm) else { return 1 };
    if vm.is_none(&code) {
        return 0;
    }
    if let Ok(code) = code.try_to_value::<i32>(vm) {
        return code & 0xff;
    }
    if let Ok(text) = code.str(vm) {
        output::write(Stream::Err, format!("{}\n", text.to_string_lossy()).as_bytes());
    }
    1
}

/// Runs or collects the tests of the files.
fn tests(files: &[String], _collect: bool, vm: &VirtualMachine) -> ! {
    if let Err(error) = harness(files, vm) {
        output::write(Stream::Err, traceback::text(&error, vm).as_bytes());
        let line = traceback::last_line(&error, vm);
        state::finish(End::new(RunStatus::Error, "uncaught_exception", line).exit(1));
    }
    decide()
}

fn harness(files: &[String], vm: &VirtualMachine) -> PyResult<()> {
    let harness = vm.import("_edgecoder_harness", 0)?;
    let files = files.iter().map(|file| vm.ctx.new_str(file.as_str()).into()).collect();
    harness.get_attr("main", vm)?.call((vm.ctx.new_list(files),), vm)?;
    Ok(())
}

/// The verdict over all recorded outcomes.
fn decide() -> ! {
    let collecting = outcome::collecting();
    let (outcomes, missing) = state::with(|run| {
        let executed: Vec<&str> = run.outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
        let missing = run.request.expected_tests.iter().filter(|id| !executed.contains(&id.as_str())).count();
        (run.outcomes.clone(), missing)
    })
    .unwrap_or_default();
    let count = |verdict: Verdict| outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
    let ran = outcomes.len() - count(Verdict::Skipped);
    let (errors, failures) = (count(Verdict::Error), count(Verdict::Failed));
    let end = if outcomes.is_empty() && missing == 0 {
        End::new(RunStatus::NoTests, "no_tests", "no test was found in the named files")
    } else if collecting {
        End::new(RunStatus::Completed, "collected", format!("{} tests were collected", outcomes.len()))
    } else if missing > 0 {
        End::new(RunStatus::Failed, "tests_missing", format!("{missing} expected tests did not run"))
    } else if errors > 0 {
        End::new(RunStatus::Failed, "test_error", format!("{errors} tests raised an error, {failures} failed"))
    } else if failures > 0 {
        End::new(RunStatus::Failed, "assertion_failed", format!("{failures} of {ran} tests failed"))
    } else if ran == 0 {
        End::new(RunStatus::NoTests, "no_tests", "every test was skipped")
    } else {
        End::new(RunStatus::Passed, "passed", format!("{ran} tests passed")).exit(0)
    };
    state::finish(end)
}

/// The dotted name of the entry, when it is imported rather than run.
pub(crate) fn entry_name() -> Option<String> {
    state::with(|run| run.request.entry.as_ref().map(|entry| program::module_name(&run.request, entry))).flatten()
}
