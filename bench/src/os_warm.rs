//! A warm run in the OS layer of a small program with its tests, isolation included, against a bare `python3 -I -S`
//! process that runs the same.
//!
//! Nothing of ours runs beside the bare processes: in each of five rounds they have blocks of their own, and so have the
//! runs, with an idle pause between blocks. *Paced*: a pause before each, as long as a model thinks, in which the next forks
//! are made ready; the ratio of a round's medians. *In a row*: each right after the one before, so that making forks ready
//! counts in full; the ratio of the times that the blocks take.
//!
//! One more figure stands beside these. *In turns*: a bare process, a run, a bare process and so on, without pauses. What is
//! made ready for the next run slows the bare processes too, so it flatters, and bounds nothing.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;
use edgecoder_executor::{Cancel, Executor, Runner as _};
use edgecoder_types::{LayerChoice, RunRequest, RunStatus};

use crate::embedded::{bare, request, source};
use crate::measure::{Round, median};

const ROUNDS: usize = 5;
const RUNS: u32 = 40;
/// How long the interpreter may take to start.
const BOOT_MAX: Duration = Duration::from_secs(20);
/// Before each block: what the last one has left to do is done.
const BETWEEN_BLOCKS: Duration = Duration::from_millis(300);
/// Before each paced run.
const PACE: Duration = Duration::from_millis(40);

/// Takes the blocks in turns and returns both ratios.
pub(crate) fn run() -> anyhow::Result<Vec<Round>> {
    let executor = crate::executor()?;
    let request = RunRequest { layer: LayerChoice::Os, ..request() };
    await_warm(&executor, &request)?;
    let source = source();
    let bare = || bare(&source);
    let warm = || one(&executor, &request);
    let (mut paced, mut in_a_row, mut in_turns) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (alone, ours) = (paced_ms(bare)?, paced_ms(warm)?);
        println!("paced: bare {alone:.2} ms, warm {ours:.2} ms");
        paced.push(ours / alone);
        let (alone, ours) = (in_a_row_ms(bare)?, in_a_row_ms(warm)?);
        println!("in a row: bare {alone:.2} ms, warm {ours:.2} ms");
        in_a_row.push(ours / alone);
        let (beside, ours) = in_turns_ms(bare, warm)?;
        println!("in turns: bare {beside:.2} ms, warm {ours:.2} ms");
        in_turns.push(ours / beside);
    }
    ensure!(is_warm(&executor, &request)?, "the warm interpreter went away");
    Ok(vec![
        Round {
            name: "warm run of the OS layer / bare python3 process alone, paced, wall",
            ratio: median(&mut paced),
            at_most: Some(0.5),
            at_least: None,
        },
        Round {
            name: "the same, each right after the one before",
            ratio: median(&mut in_a_row),
            at_most: None,
            at_least: None,
        },
        Round {
            name: "the same, in turns with the bare processes",
            ratio: median(&mut in_turns),
            at_most: None,
            at_least: None,
        },
    ])
}

/// What each takes when they take turns without pauses, as (other, ours).
fn in_turns_ms(
    other: impl Fn() -> anyhow::Result<()>,
    ours: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<(f64, f64)> {
    sleep(BETWEEN_BLOCKS);
    let mut sums = [0.0; 2];
    for _ in 0..RUNS {
        for (action, sum) in [&other as &dyn Fn() -> anyhow::Result<()>, &ours].iter().zip(&mut sums) {
            let started = Instant::now();
            action()?;
            *sum += started.elapsed().as_secs_f64() * 1e3;
        }
    }
    Ok((sums[0] / f64::from(RUNS), sums[1] / f64::from(RUNS)))
}

/// The median of a block in which the machine is idle before each.
fn paced_ms(mut action: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    sleep(BETWEEN_BLOCKS);
    let mut times = Vec::new();
    for _ in 0..RUNS {
        sleep(PACE);
        let started = Instant::now();
        action()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&mut times))
}

/// What each takes of a block without pauses.
fn in_a_row_ms(mut action: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    sleep(BETWEEN_BLOCKS);
    let started = Instant::now();
    (0..RUNS).try_for_each(|_| action())?;
    Ok(started.elapsed().as_secs_f64() * 1e3 / f64::from(RUNS))
}

fn await_warm(executor: &Executor, request: &RunRequest) -> anyhow::Result<()> {
    let started = Instant::now();
    while !is_warm(executor, request)? {
        ensure!(started.elapsed() < BOOT_MAX, "there is no warm interpreter here: see `edgecoder doctor`");
    }
    Ok(())
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
