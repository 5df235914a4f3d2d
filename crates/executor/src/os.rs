//! The OS sandbox (Linux): runs real interpreters and commands that nobody trusts, in namespaces of
//! their own, with no network, a minimal read-only root, no privileges and bounded resources.
//!
//! Invariant: when a mandatory protection cannot be set up, nothing of the request runs. There is no
//! weaker mode.

mod cgroup;
mod helper;
mod init;
mod interpreter;
mod job;
mod launcher;
mod lockdown;
mod memory;
mod node;
mod parent;
mod plan;
mod probe;
mod report;
mod root;
mod seccomp;
mod sys;
mod verdict;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use edgecoder_types::{RunRequest, RunStatus, TestOutcome};

pub use helper::helper_main;
pub use probe::{Mechanism, OsProbe};

use crate::contract::{Cancel, ExecutorError};
use interpreter::Interpreter;

/// Where the sandbox finds itself.
#[derive(Clone, Debug)]
pub struct OsConfig {
    /// An executable that calls [`helper_main`] first thing in `main`; normally `/proc/self/exe`.
    pub helper: PathBuf,
    /// A host folder for scratch. Runs themselves leave nothing on the host: their files live in memory.
    pub scratch: PathBuf,
}

/// Runs requests in the OS layer. One value serves any number of threads.
#[derive(Debug)]
pub struct OsSandbox {
    config: OsConfig,
    python: OnceLock<Option<Interpreter>>,
    node: OnceLock<Option<Interpreter>>,
    binds: OnceLock<Vec<String>>,
    spares: Mutex<Spares>,
}

/// Helpers that wait for a job. A process that runs only once never makes one.
#[derive(Debug, Default)]
struct Spares {
    waiting: Vec<parent::Spare>,
    /// Helpers of ended runs that still take mounts and cgroups down.
    leaving: Vec<parent::Helper>,
    runs: u64,
    // Last: the helpers go before their launcher.
    launcher: Option<launcher::Launcher>,
}

impl Spares {
    /// Has a helper forked, by a new launcher if the old one is gone.
    fn start(&mut self, program: &Path, binds: &[String]) -> io::Result<parent::Spare> {
        if let Some(launcher) = &self.launcher
            && let Ok(spare) = parent::Spare::start(launcher)
        {
            return Ok(spare);
        }
        self.launcher = None;
        parent::Spare::start(self.launcher.insert(launcher::Launcher::start(program, binds)?))
    }
}

/// Helpers kept waiting.
const SPARES: usize = 2;

/// What a run in the OS layer yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsOutcome {
    /// How it ended.
    pub status: RunStatus,
    /// Reason code, e.g. `assertion_failed`.
    pub reason: String,
    /// One sentence for a person, warnings included.
    pub detail: String,
    /// Captured output.
    pub stdout: Vec<u8>,
    /// Captured error output.
    pub stderr: Vec<u8>,
    /// Exit status; `None` when the program did not end by itself.
    pub exit_code: Option<i32>,
    /// Every test in order of execution, then the missing ones.
    pub tests: Vec<TestOutcome>,
    /// Peak memory, in bytes: of the whole sandbox where a cgroup knows it, else of the largest process.
    pub peak_memory_bytes: Option<u64>,
    /// Wall clock, sandbox included, in microseconds.
    pub duration_us: u64,
    /// The interpreter, e.g. `cpython-3.11.2`; `command` for a command.
    pub runtime: String,
}

impl OsSandbox {
    /// Makes a sandbox; touches nothing yet.
    pub fn new(config: OsConfig) -> Self {
        Self {
            config,
            python: OnceLock::new(),
            node: OnceLock::new(),
            binds: OnceLock::new(),
            spares: Mutex::default(),
        }
    }

    /// Which mechanisms work here, each with why not and the fix.
    pub fn probe(&self) -> OsProbe {
        probe::probe(self)
    }

    /// Runs a request to its end. A program that fails is an outcome, never an error.
    pub fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<OsOutcome, ExecutorError> {
        let prepared = match plan::prepare(self, request)? {
            Ok(prepared) => prepared,
            Err(refusal) => return Ok(refusal.into_outcome()),
        };
        let bounds = parent::Bounds {
            timeout: Duration::from_millis(request.limits.timeout_ms),
            output_bytes: usize::try_from(request.limits.output_bytes).unwrap_or(usize::MAX),
        };
        let payload = prepared.payload(request);
        let spare = self.spare()?;
        let (capture, helper) = parent::run(spare, &prepared.job, &payload, bounds, cancel, || self.top_up())?;
        self.lock().leaving.push(helper);
        Ok(verdict::outcome(request, &prepared, capture))
    }

    fn lock(&self) -> MutexGuard<'_, Spares> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spare(&self) -> Result<parent::Spare, ExecutorError> {
        let binds = self.binds();
        let mut spares = self.lock();
        spares.leaving.retain(|helper| !helper.is_gone());
        spares.runs = spares.runs.saturating_add(1);
        if spares.waiting.is_empty() {
            return spares.start(&self.config.helper, binds).map_err(parent::setup("cannot start the sandbox helper"));
        }
        Ok(spares.waiting.remove(0))
    }

    /// Starts helpers ahead of need. One that can't be started now is started when it is needed,
    /// and then the error is told.
    fn top_up(&self) {
        let mut spares = self.lock();
        while spares.runs > 1 && spares.waiting.len() < SPARES {
            let Ok(spare) = spares.start(&self.config.helper, self.binds()) else { return };
            spares.waiting.push(spare);
        }
    }

    /// Host folders that every sandbox shows: the interpreters' own, and the links by which Debian
    /// and its kin choose tools.
    fn binds(&self) -> &[String] {
        self.binds.get_or_init(|| {
            let found = [self.python(), self.node()];
            let mut binds: Vec<String> = found.into_iter().flatten().flat_map(|found| found.binds.clone()).collect();
            binds.push("/etc/alternatives".to_owned());
            binds.sort();
            binds.dedup();
            binds
        })
    }

    fn python(&self) -> Option<&Interpreter> {
        self.python.get_or_init(interpreter::python).as_ref()
    }

    fn node(&self) -> Option<&Interpreter> {
        self.node.get_or_init(interpreter::node).as_ref()
    }
}
