//! What the parent tells the helper, and what the helper answers.
//!
//! Wire form on one stream socket: `u32` length of the JSON head, `u64` length of the payload (both
//! little-endian), the head, the payload. The payload is standard input, then the harness's
//! configuration, then every file's bytes, in the order of the head. Answers are one JSON line each.

use serde::{Deserialize, Serialize};

/// Largest head that a helper reads, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 20;

/// One file to write before the program starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobFile {
    /// Path below the workspace (or below the harness folder).
    pub path: String,
    /// Length in the payload.
    pub size: u64,
}

/// Everything that the sandbox needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Program and arguments; the program is an absolute path or a name to look up in `PATH`.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Length of standard input.
    pub stdin_size: u64,
    /// Length of the harness's configuration; descriptor 4 in the program when it isn't zero.
    pub config_size: u64,
    /// Files of the workspace.
    pub files: Vec<JobFile>,
    /// Trusted files below `/harness`, read-only to the program.
    pub harness: Vec<JobFile>,
    /// Whether the program sees a `/proc` of its own process namespace.
    pub proc: bool,
    /// Whether a result pipe was sent along; descriptor 3 in the program.
    pub report: bool,
    /// Memory of the whole sandbox, in bytes. Half of it may be files below `/work`, a quarter below `/tmp`.
    pub memory_bytes: u64,
    /// Writable private address space of one process, in bytes: touched or not.
    pub data_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Processor time of one process, in seconds: a backstop behind the parent's clock.
    pub cpu_seconds: u64,
}

impl Job {
    /// Whether Node was given room ([`super::node`]).
    pub(crate) fn is_node(&self) -> bool {
        self.data_bytes > self.memory_bytes
    }
}

/// What happened inside, as it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// A mandatory step failed; nothing of the program ran.
    SetupFailed {
        /// Which step, e.g. `pivot_root`.
        step: String,
        /// The system's error number, 0 when there is none.
        errno: i32,
        /// What was being done.
        message: String,
    },
    /// Everything waits for the job. Only said on the warm way, and before any other event.
    Ready,
    /// An optional protection is missing.
    Warning(String),
    /// The program could not be started.
    ExecFailed {
        /// The program as asked for.
        program: String,
        /// The system's error number.
        errno: i32,
    },
    /// The program ended.
    Exited {
        /// Exit status, when it ended by itself.
        code: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
        /// Largest resident set of one process, in bytes.
        peak_bytes: u64,
    },
    /// The helper's last word.
    Final {
        /// `v2`, `v1` or `none`.
        cgroup: String,
        /// Processes that the kernel killed for memory.
        oom_kills: u64,
        /// Whether the helper itself ended the run because the processes together held too much.
        memory_exceeded: bool,
        /// Peak memory of the whole sandbox, where the cgroup knows it.
        peak_bytes: Option<u64>,
    },
}
