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
use parent::Readiness;

/// Where the sandbox finds itself.
#[derive(Clone, Debug)]
pub struct OsConfig {
    /// An executable that calls [`helper_main`] first thing in `main`; normally `/proc/self/exe`.
    pub helper: PathBuf,
    /// A host folder for scratch. Runs themselves leave nothing on the host: their files live in memory.
    pub scratch: PathBuf,
    /// Which interpreter runs tests in Python.
    pub warmth: Warmth,
}

/// Where a run of tests in Python gets its interpreter. What it answers is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warmth {
    /// Each run starts its own.
    Cold,
    /// The second run with a seed starts a warm one, beside its own. From then on a warm one forks the processes of a run
    /// where it is ready in time; it ends when it has waited for as long as `idle`.
    WhenReady {
        /// How long a warm interpreter waits for a run.
        idle: Duration,
    },
    /// Every run waits until a warm one is ready, and has its own only where there can't be a warm one. For tests and
    /// measurements of the warm way.
    Awaited {
        /// How long a warm interpreter waits for a run.
        idle: Duration,
    },
}

impl Warmth {
    /// What the product does.
    pub const USUAL: Self = Self::WhenReady { idle: Duration::from_mins(5) };

    fn idle(self) -> Option<Duration> {
        match self {
            Self::Cold => None,
            Self::WhenReady { idle } | Self::Awaited { idle } => Some(idle),
        }
    }
}

/// How long a run waits for a fork of an interpreter that has forked before; a cold run takes a tenth of it.
const FORK_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long a run waits that is to be warm.
const AWAITED_MAX: Duration = Duration::from_mins(2);

/// What the warm way needs of a request.
struct WarmRun {
    prepared: plan::Prepared,
    /// Of its launcher.
    args: Vec<String>,
    hash_seed: u32,
}

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
            last_word_ends: false,
        };
        let warm = self.warm(request, &prepared);
        if let Some(warm) = &warm
            && let Some(outcome) = self.run_warm(request, warm, bounds, cancel)?
        {
            return Ok(outcome);
        }
        let (program, binds) = (&self.config.helper, self.binds());
        let spare = self.lock().cold.take(program, binds).map_err(parent::setup("cannot start the sandbox helper"))?;
        let payload = prepared.payload(request);
        let top_up = || {
            let mut stocks = self.lock();
            stocks.cold.top_up(program, binds);
            if let Some(warm) = &warm {
                stocks.top_up(program, &warm.args, warm.hash_seed);
            }
        };
        let (capture, helper) = parent::run(spare, &prepared.job, &payload, bounds, cancel, top_up)?;
        self.lock().leave(helper);
        Ok(verdict::outcome(request, &prepared, capture))
    }

    /// The request on the warm way; `None` where there is none.
    fn warm(&self, request: &RunRequest, prepared: &plan::Prepared) -> Option<WarmRun> {
        let (idle, python, prepared) = (self.config.warmth.idle()?, self.python()?, prepared.warm()?);
        let hash_seed = plan::hash_seed(request);
        let python = python.path.to_string_lossy().into_owned();
        let args = warm::Config { python, hash_seed, idle, binds: self.binds().to_vec() }.to_args();
        (!self.lock().is_warm_refused()).then_some(WarmRun { prepared, args, hash_seed })
    }

    /// Runs tests in Python in a fork of a warm interpreter. `None`: there is none now, or the interpreter died meanwhile;
    /// the run has to be made without one.
    fn run_warm(
        &self,
        request: &RunRequest,
        warm: &WarmRun,
        bounds: parent::Bounds,
        cancel: &Cancel,
    ) -> Result<Option<OsOutcome>, ExecutorError> {
        let Some(spare) = self.warm_spare(warm, cancel) else { return Ok(None) };
        let payload = warm.prepared.payload(request);
        let bounds = parent::Bounds { last_word_ends: true, ..bounds };
        let (capture, helper) = parent::run(spare, &warm.prepared.job, &payload, bounds, cancel, || {})?;
        let mut stocks = self.lock();
        stocks.leave(helper);
        if verdict::is_lost(&capture) {
            stocks.warm_failed(warm.hash_seed, "it ended during a run");
            return Ok(None);
        }
        stocks.warm_worked();
        stocks.top_up(&self.config.helper, &warm.args, warm.hash_seed);
        drop(stocks);
        Ok(Some(OsOutcome { warm: true, ..verdict::outcome(request, &warm.prepared, capture) }))
    }

    /// A helper that has a fork of a warm interpreter ready for the job, in time.
    fn warm_spare(&self, warm: &WarmRun, cancel: &Cancel) -> Option<parent::Spare> {
        let awaited = matches!(self.config.warmth, Warmth::Awaited { .. });
        let (spare, limit) = {
            let mut stocks = self.lock();
            let stock = stocks.begin_warm(warm.hash_seed);
            let limit = match (awaited, stock.has_been_ready) {
                (true, _) => AWAITED_MAX,
                (false, true) => FORK_WAIT_MAX,
                (false, false) => Duration::ZERO,
            };
            if limit.is_zero() && !stock.has_answer() {
                return None;
            }
            let spare = stocks.take_warm(&self.config.helper, &warm.args, warm.hash_seed);
            (spare.map_err(|error| stocks.warm_failed(warm.hash_seed, &error.to_string())).ok()?, limit)
        };
        let readiness = spare.wait_ready(limit, cancel).unwrap_or_else(|error| Readiness::Never(error.to_string()));
        let mut stocks = self.lock();
        match readiness {
            Readiness::Now => {
                stocks.warm_is_ready(warm.hash_seed);
                return Some(spare);
            }
            Readiness::Later => stocks.give_back(warm.hash_seed, spare),
            Readiness::Never(reason) => stocks.warm_failed(warm.hash_seed, &reason),
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
