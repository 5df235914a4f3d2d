//! What the OS sandbox costs over a bare process, against bubblewrap doing the same.
//!
//! Five alternated rounds; in each, `/bin/true` runs [`RUNS`] times bare, under bubblewrap
//! (`--unshare-all`) and in the sandbox. A round's figure is its median; the result is the median
//! of the rounds' ratios (sandbox − bare) / (bubblewrap − bare).

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use edgecoder_executor::Cancel;
use edgecoder_executor::os::{OsConfig, OsSandbox};
use edgecoder_types::{Language, LayerChoice, Limits, RunRequest, RunStatus, TestPlan};

const ROUNDS: usize = 5;
/// Runs of each kind in a round.
const RUNS: usize = 30;

/// Measures and prints; `json` prints one object instead of sentences.
#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
pub fn run(json: bool) -> anyhow::Result<()> {
    let sandbox =
        OsSandbox::new(OsConfig { helper: PathBuf::from("/proc/self/exe"), scratch: std::env::temp_dir() });
    let request = request();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let bare = median(|| spawn("/bin/true", &[]))?;
        let bubblewrap = median(|| spawn("bwrap", &BUBBLEWRAP)).context("bubblewrap (package bubblewrap)")?;
        let ours = median(|| {
            let outcome = sandbox.run(&request, &Cancel::default())?;
            ensure!(outcome.status == RunStatus::Passed, "the sandbox does not work here: {}", outcome.detail);
            Ok(())
        })?;
        rounds.push([bare, bubblewrap, ours]);
    }
    let mut ratios: Vec<f64> = rounds
        .iter()
        .map(|[bare, bubblewrap, ours]| {
            (ours.as_secs_f64() - bare.as_secs_f64()) / (bubblewrap.as_secs_f64() - bare.as_secs_f64())
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    if json {
        let rounds: Vec<_> = rounds.iter().map(|round| round.map(|time| time.as_micros())).collect();
        println!("{}", serde_json::json!({ "name": "os_overhead", "ratio": ratio, "bar": 0.7, "rounds_us": rounds }));
    } else {
        for [bare, bubblewrap, ours] in &rounds {
            println!("bare {bare:?}, bubblewrap {bubblewrap:?}, sandbox {ours:?}");
        }
        println!("overhead of the OS sandbox against bubblewrap's: {ratio:.2} (bar: at most 0.70)");
    }
    Ok(())
}

const BUBBLEWRAP: [&str; 11] =
    ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--", "/bin/true"];

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

fn median(mut action: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        action()?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}
