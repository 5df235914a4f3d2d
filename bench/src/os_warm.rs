//! A warm run in the OS layer of a small program with its tests, isolation included, against a bare `python3 -I -S`
//! process that runs the same.
//!
//! Five rounds; in each, [`RUNS`] bare processes and as many runs take turns, one by one, so that both see the same
//! machine. A round's figure is the ratio of its medians. What a run costs when the next one follows at once, so that
//! nothing is made ready meanwhile, is printed too, without a bound.

use std::time::{Duration, Instant};

use anyhow::ensure;
use edgecoder_executor::{Cancel, Executor, Runner as _};
use edgecoder_types::{LayerChoice, RunRequest, RunStatus};

use crate::embedded::{bare, request, source};
use crate::measure::{Round, median};

const ROUNDS: usize = 5;
const RUNS: usize = 60;
/// How long the interpreter may take to start.
const BOOT_MAX: Duration = Duration::from_secs(20);

/// Alternates runs and returns both ratios.
pub(crate) fn run() -> anyhow::Result<Vec<Round>> {
    let executor = crate::executor()?;
    let request = RunRequest { layer: LayerChoice::Os, ..request() };
    let started = Instant::now();
    while !is_warm(&executor, &request)? {
        ensure!(started.elapsed() < BOOT_MAX, "there is no warm interpreter here: see `edgecoder doctor`");
    }
    let source = source();
    let (mut ratios, mut in_a_row) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut bares, mut runs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            bares.push(seconds(|| bare(&source))?);
            runs.push(seconds(|| one(&executor, &request))?);
        }
        let bare = median(&mut bares);
        ratios.push(median(&mut runs) / bare);
        runs.clear();
        for _ in 0..RUNS {
            runs.push(seconds(|| one(&executor, &request))?);
        }
        in_a_row.push(median(&mut runs) / bare);
    }
    ensure!(is_warm(&executor, &request)?, "the warm interpreter went away");
    Ok(vec![
        Round {
            name: "warm run of the OS layer / bare python3 process, wall",
            ratio: median(&mut ratios),
            at_most: Some(0.5),
            at_least: None,
        },
        Round {
            name: "the same with runs one right after the other",
            ratio: median(&mut in_a_row),
            at_most: None,
            at_least: None,
        },
    ])
}

fn is_warm(executor: &Executor, request: &RunRequest) -> anyhow::Result<bool> {
    let outcome = executor.os().run(request, &Cancel::default())?;
    ensure!(outcome.status == RunStatus::Passed, "the OS layer does not work here: {}", outcome.detail);
    Ok(outcome.warm)
}

fn one(executor: &Executor, request: &RunRequest) -> anyhow::Result<()> {
    let result = executor.run(request, &Cancel::default())?;
    ensure!(result.status == RunStatus::Passed, "the program ended with {}: {}", result.reason, result.detail);
    Ok(())
}

fn seconds(action: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    action()?;
    Ok(started.elapsed().as_secs_f64())
}
