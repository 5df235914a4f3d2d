//! Benchmarks that print ratios against a peer in the same run.
//!
//! `edgecoder-bench [--json] [--model=PATH] [NAME…]`; without names, all of them (`decode` needs the model). Exit status 1 when a ratio misses its bound.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

mod bare;
mod decode;
mod embedded;
mod measure;
mod os_overhead;
mod os_warm;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use edgecoder_executor::{Executor, ExecutorConfig, WorkerAlloc, helper_main};
use measure::Round;

#[global_allocator]
static ALLOC: WorkerAlloc = WorkerAlloc;

const NAMES: &[&str] = &["embedded", "os", "os-warm", "decode"];

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
    let model = options.iter().find_map(|option| option.strip_prefix("--model=")).map(PathBuf::from);
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!("no benchmark {unknown:?}; there are: {}", NAMES.join(", "));
    }
    let mut all_hold = true;
    for name in NAMES.iter().filter(|name| names.is_empty() || names.iter().any(|wanted| wanted == *name)) {
        let rounds = match (*name, &model) {
            ("embedded", _) => embedded::run()?,
            ("os", _) => os_overhead::run()?,
            ("os-warm", _) => os_warm::run()?,
            (_, Some(model)) => decode::run(model)?,
            (_, None) => bail!("the decode benchmark needs --model=PATH"),
        };
        for round in rounds {
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
