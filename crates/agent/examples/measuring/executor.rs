//! The executor of a measuring tool, which is its own helper.

use std::path::Path;

use edgecoder_executor::{Executor, ExecutorConfig};

/// Starts it with everything that it keeps below `state`.
pub(crate) fn start(state: &Path) -> Result<Executor, Box<dyn std::error::Error>> {
    Ok(Executor::start(ExecutorConfig {
        helper: std::env::current_exe()?,
        state_dir: state.to_path_buf(),
        scratch_dir: state.join("scratch"),
    })?)
}
