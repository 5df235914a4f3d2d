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
mod stock;
mod sys;
mod verdict;
mod warm;

use std::path::PathBuf;
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
    /// Tests in Python are run by forks of a warm interpreter, which ends when it has waited for as long as this.
    /// `None`: an interpreter of its own for each run.
    pub warm_idle: Option<Duration>,
}

/// How long warm interpreters usually wait.
pub const WARM_IDLE: Duration = Duration::from_mins(5);

/// Runs requests in the OS layer. One value serves any number of threads.
#[derive(Debug)]
pub struct OsSandbox {
    config: OsConfig,
    python: OnceLock<Option<Interpreter>>,
    node: OnceLock<Option<Interpreter>>,
    binds: OnceLock<Vec<String>>,
    stocks: Mutex<stock::Stocks>,
}

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
    /// Whether a warm interpreter forked the run's processes.
    pub warm: bool,
}

impl OsSandbox {
    /// Makes a sandbox; touches nothing yet.
    pub fn new(config: OsConfig) -> Self {
        Self {
            config,
            python: OnceLock::new(),
            node: OnceLock::new(),
            binds: OnceLock::new(),
            stocks: Mutex::default(),
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
        if let Some(outcome) = self.run_warm(request, &prepared, bounds, cancel)? {
            return Ok(outcome);
        }
        let (program, binds) = (&self.config.helper, self.binds());
        let spare = self.lock().cold.take(program, binds).map_err(parent::setup("cannot start the sandbox helper"))?;
        let payload = prepared.payload(request);
        let top_up = || self.lock().cold.top_up(program, binds);
        let (capture, helper) = parent::run(spare, &prepared.job, &payload, bounds, cancel, top_up)?;
        self.lock().leave(helper);
        Ok(verdict::outcome(request, &prepared, capture))
    }

    /// Runs tests in Python in a fork of a warm interpreter. `None`: that is not possible, or the interpreter died
    /// meanwhile; the run has to be made without one.
    fn run_warm(
        &self,
        request: &RunRequest,
        prepared: &plan::Prepared,
        bounds: parent::Bounds,
        cancel: &Cancel,
    ) -> Result<Option<OsOutcome>, ExecutorError> {
        let (Some(idle), Some(python), Some(prepared)) = (self.config.warm_idle, self.python(), prepared.warm()) else {
            return Ok(None);
        };
        let hash_seed = plan::hash_seed(request);
        let python = python.path.to_string_lossy().into_owned();
        let args = warm::Config { python, hash_seed, idle, binds: self.binds().to_vec() }.to_args();
        let spare = {
            let mut stocks = self.lock();
            if stocks.is_warm_refused() {
                return Ok(None);
            }
            stocks.warm(hash_seed).take(&self.config.helper, &args)
        };
        let ready = spare.and_then(|spare| Ok((spare.wait_ready(cancel)?, spare)));
        let spare = match ready {
            Ok((Ok(()), spare)) => spare,
            Ok((Err(reason), _)) => return Ok(self.without_warmth(&reason, cancel)),
            Err(error) => return Ok(self.without_warmth(&error.to_string(), cancel)),
        };
        let payload = prepared.payload(request);
        let (capture, helper) = parent::run(spare, &prepared.job, &payload, bounds, cancel, || {})?;
        let mut stocks = self.lock();
        stocks.leave(helper);
        if verdict::is_lost(&capture) {
            drop(stocks);
            return Ok(self.without_warmth("it ended during a run", cancel));
        }
        stocks.warm_worked();
        stocks.warm(hash_seed).top_up(&self.config.helper, &args);
        drop(stocks);
        Ok(Some(OsOutcome { warm: true, ..verdict::outcome(request, &prepared, capture) }))
    }

    /// Notes why; a run that was cancelled says nothing.
    fn without_warmth(&self, reason: &str, cancel: &Cancel) -> Option<OsOutcome> {
        if !cancel.is_cancelled() {
            self.lock().warm_failed(reason);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, stock::Stocks> {
        self.stocks.lock().unwrap_or_else(PoisonError::into_inner)
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
