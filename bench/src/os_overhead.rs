//! What the OS sandbox costs over a bare process, against bubblewrap doing the same.
//!
//! Five alternated rounds; in each, `/bin/true` runs [`RUNS`] times bare, under bubblewrap
//! (`--unshare-all`) and in the sandbox. A round's figure is its median; the result is the median
//! of the rounds' ratios (sandbox − bare) / (bubblewrap − bare).

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use edgecoder_executor::Cancel;
use edgecoder_executor::os::{OsConfig, OsSandbox, Warmth};
use edgecoder_types::{Language, LayerChoice, Limits, RunRequest, RunStatus, TestPlan};

use crate::measure::{Round, median};

const ROUNDS: usize = 5;
/// Runs of each kind in a round.
const RUNS: usize = 30;

/// Alternates rounds and returns the ratio of the overheads.
pub(crate) fn run() -> anyhow::Result<Vec<Round>> {
    let sandbox = OsSandbox::new(OsConfig {
        helper: PathBuf::from("/proc/self/exe"),
        scratch: std::env::temp_dir(),
        warmth: Warmth::Cold,
    });
    let request = request();
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let bare = typical(|| spawn("/bin/true", &[]))?;
        let bubblewrap = typical(|| spawn("bwrap", &BUBBLEWRAP)).context("bubblewrap (package bubblewrap)")?;
        let ours = typical(|| {
            let outcome = sandbox.run(&request, &Cancel::default())?;
            ensure!(outcome.status == RunStatus::Passed, "the sandbox does not work here: {}", outcome.detail);
            Ok(())
        })?;
        ratios.push((ours - bare) / (bubblewrap - bare));
    }
    let ratio = median(&mut ratios);
    Ok(vec![Round { name: "OS layer's overhead / bubblewrap's", ratio, at_most: Some(0.7), at_least: None }])
}

/// The same view of the machine as the sandbox gives: a read-only root with devices and processes of its own.
const BUBBLEWRAP: [&str; 11] = [
    "--unshare-all",
    "--die-with-parent",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--",
    "/bin/true",
];

fn request() -> RunRequest {
    RunRequest {
        language: Language::Command,
        entry: None,
        files: Vec::new(),
        tests: TestPlan::Command(vec!["/bin/true".to_owned()]),
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Os,
        seed: 0,
    }
}

fn spawn(program: &str, args: &[&str]) -> anyhow::Result<()> {
    // Output is captured, as the sandbox captures it.
    let output = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{program} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Median seconds of one action.
fn typical(mut action: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        action()?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    Ok(median(&mut seconds))
}
