//! The embedded JavaScript: QuickJS without its host libraries, with fuel, virtual time, seeded randomness and a native
//! recorder of test verdicts.
//!
//! Runs inside a locked-down worker process that executes one program and dies: everything here is single-threaded,
//! and the state of the one run lives in thread-locals (see the `state` module).
//!
//! Invariant: no source reaches the engine but the prelude of this crate and text that the subset checked and
//! instrumented. The engine's own ways from text to code are closed before any of it runs.

mod clock;
mod decide;
mod fuel;
mod memory;
mod modules;
mod natives;
mod output;
mod program;
mod run;
mod state;

pub use edgecoder_types::Ending;
use edgecoder_types::{RunRequest, Violation};

/// A booted engine. Booting is the expensive part: a process boots once, forks, and each child runs one program.
pub struct Vm {
    engine: run::Engine,
}

impl std::fmt::Debug for Vm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Vm").finish_non_exhaustive()
    }
}

impl Vm {
    /// Builds the engine and runs the prelude in it; `None` when that fails, which a run then says.
    pub fn boot() -> Option<Self> {
        run::Engine::boot().ok().map(|engine| Self { engine })
    }
}

/// Checks, instruments, compiles and runs one request, in an engine that was booted ahead or in one of its own, then hands
/// the ending to `deliver`, which does not return (it writes the answer and ends the process). `deliver` may be
/// called from deep inside the program, when fuel or the output limit ends it.
pub fn run(vm: Option<Vm>, request: RunRequest, deliver: fn(Ending) -> !) -> ! {
    run::run(vm.map(|vm| vm.engine), request, deliver)
}

/// Only checks the request's files.
pub fn check(request: &RunRequest) -> Vec<Violation> {
    program::violations(request)
}
