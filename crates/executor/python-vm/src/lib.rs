//! The embedded Python: RustPython without a host environment, with fuel, virtual time, seeded
//! randomness and a native recorder of test verdicts.
//!
//! Runs inside a locked-down worker process that executes one program and dies: everything here is
//! single-threaded, and the state of the one run lives in thread-locals (see the `state` module).

mod annotations;
mod arithmetic;
mod boot;
mod caller;
mod charge;
mod classes;
mod clock;
mod compare;
mod delegate;
mod dynamic;
mod entry;
#[cfg(debug_assertions)]
mod flags;
mod fuel;
mod generic;
mod guard;
mod harness;
mod ids;
mod imports;
mod imports_hook;
mod intact;
mod judge;
mod native_module;
mod natives;
mod origin;
mod outcome;
mod output;
mod predicates;
mod program;
mod run;
mod state;
mod sticky;
mod streams;
mod subject;
mod templates;
mod traceback;

pub use edgecoder_types::Ending;
use edgecoder_types::{RunRequest, Violation};

/// A booted interpreter. Booting is the expensive part; a process boots once, forks, and each
/// child runs one program.
pub struct Vm {
    interpreter: rustpython_vm::Interpreter,
}

impl std::fmt::Debug for Vm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Vm").finish_non_exhaustive()
    }
}

impl Vm {
    /// Builds the interpreter and imports what nearly every program needs.
    pub fn boot() -> Self {
        Self { interpreter: boot::interpreter() }
    }

    /// Checks, instruments, compiles and runs one request, then hands the ending to `deliver`, which does not return
    /// (it writes the answer and ends the process). `deliver` may be called from deep inside
    /// the program, when fuel or the output limit ends it.
    pub fn run(self, request: RunRequest, deliver: fn(Ending) -> !) -> ! {
        run::run(&self.interpreter, request, deliver)
    }

    /// Only checks the request's files.
    pub fn check(&self, request: &RunRequest) -> Vec<Violation> {
        program::violations(request)
    }
}
