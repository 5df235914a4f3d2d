//! Benchmarks that print ratios against a peer in the same run.
//!
//! `edgecoder-bench [--json] [NAME…]`; without names, all of them. Exit status 1 when a ratio misses its bound.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

mod embedded;
mod measure;

use std::process::ExitCode;

use edgecoder_executor::{Executor, ExecutorConfig, WorkerAlloc, helper_main};
use measure::Round;

#[global_allocator]
static ALLOC: WorkerAlloc = WorkerAlloc;

type Bench = (&'static str, fn() -> anyhow::Result<Vec<Round>>);

const BENCHES: &[Bench] = &[("embedded", embedded::run)];

/// An executor whose helper is this very program.
fn executor() -> anyhow::Result<Executor> {
    let state_dir = std::env::temp_dir().join(format!("edgecoder-bench-{}", std::process::id()));
    let config = ExecutorConfig { helper: std::env::current_exe()?, scratch_dir: state_dir.join("scratch"), state_dir };
    Ok(Executor::start(config)?)
}

fn main() -> anyhow::Result<ExitCode> {
    helper_main();
    let (options, names): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let json = options.iter().any(|option| option == "--json");
    let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        anyhow::bail!("no benchmark {unknown:?}; there are: {}", known.join(", "));
    }
    let mut all_hold = true;
    for (_, run) in BENCHES.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name)) {
        for round in run()? {
            all_hold &= round.holds();
            print(&round, json)?;
        }
    }
    Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(round: &Round, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(round)?);
        return Ok(());
    }
    let bound = match (round.at_most, round.at_least) {
        (Some(bound), _) => format!("at most {bound}"),
        (None, Some(bound)) => format!("at least {bound}"),
        (None, None) => "no bound".to_owned(),
    };
    let verdict = if round.holds() { "ok" } else { "MISSED" };
    println!("{:<58} {:>7.3}  ({bound}) {verdict}", round.name, round.ratio);
    Ok(())
}
