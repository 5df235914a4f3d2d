//! What a run may use.

use serde::{Deserialize, Serialize};

/// Bounds of one run. Fuel is the limit that ends a run deterministically; time and memory are
/// backstops whose endings are never evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Units of interpreter work (embedded layer only).
    #[serde(with = "crate::receipt::decimal")]
    pub fuel: u64,
    /// Wall clock, in milliseconds.
    pub timeout_ms: u64,
    /// Address space beyond the idle interpreter's own (embedded) or the whole cgroup (OS layer), in bytes.
    #[serde(with = "crate::receipt::decimal")]
    pub memory_bytes: u64,
    /// Most bytes kept of stdout and of stderr, each. One byte more ends the run.
    pub output_bytes: u64,
    /// Most processes and threads at once (OS layer only).
    pub processes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fuel: 10_000_000, timeout_ms: 30_000, memory_bytes: 256 << 20, output_bytes: 1 << 20, processes: 64 }
    }
}

/// The largest source file that a checker reads, in bytes.
pub const SOURCE_BYTES_MAX: usize = 4 << 20;
