//! `receipt-parity HELPER HELPER [COUNT]`: runs generated programs through two builds of the executor's helper, and a
//! second time through the first one in another process, and compares the receipt bodies byte for byte. COUNT of each language.

#![expect(clippy::print_stdout, reason = "a check prints its result")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use edgecoder_executor::{Cancel, Executor, ExecutorConfig, Runner as _};
use edgecoder_testkit::programs::program;
use edgecoder_testkit::scripts::script;
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, SourceFile, TestPlan};

/// Enough for the generated programs, and soon used up by those that never end.
const FUEL: u64 = 300_000;

fn request(language: Language, seed: u64) -> RunRequest {
    let (path, text) = match language {
        Language::JavaScript => ("main.js", script(seed)),
        Language::Python | Language::Command => ("main.py", program(seed)),
    };
    let file = SourceFile { path: path.into(), content: text.into_bytes(), role: FileRole::Candidate };
    RunRequest {
        language,
        entry: Some(path.into()),
        files: vec![file],
        tests: TestPlan::None,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits { fuel: FUEL, timeout_ms: 60_000, ..Limits::default() },
        layer: LayerChoice::Embedded,
        seed,
    }
}

fn start(helper: &Path, state: &Path) -> anyhow::Result<Executor> {
    let config = ExecutorConfig {
        helper: helper.to_owned(),
        state_dir: state.join("state"),
        scratch_dir: state.join("scratch"),
    };
    Executor::start(config).with_context(|| format!("starting {}", helper.display()))
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (helpers, count) = match arguments.as_slice() {
        [one, two] => ([one, two].map(PathBuf::from), 1000),
        [one, two, count] => ([one, two].map(PathBuf::from), count.parse().context("COUNT is a number")?),
        _ => bail!("usage: receipt-parity HELPER HELPER [COUNT]"),
    };
    let state = tempfile::tempdir()?;
    let executors = [&helpers[0], &helpers[0], &helpers[1]].map(|helper| start(helper, state.path()));
    let executors = executors.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let mut is_good = true;
    for language in [Language::Python, Language::JavaScript] {
        is_good &= compare(&executors, language, count)?;
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether all programs of a language give equal bodies, and end in more than two ways.
fn compare(executors: &[Executor], language: Language, count: u64) -> anyhow::Result<bool> {
    let mut failed = 0_u64;
    let mut endings = std::collections::BTreeMap::<String, u64>::new();
    for seed in 0..count {
        let request = request(language, seed);
        let results = executors.iter().map(|executor| executor.run(&request, &Cancel::default()));
        let results = results.collect::<Result<Vec<_>, _>>()?;
        let first = &results[0];
        *endings.entry(first.reason.clone()).or_default() += 1;
        if first.receipt.is_none() || results.iter().any(|result| result.receipt != first.receipt) {
            failed += 1;
            println!(
                "{language:?}, seed {seed} differs: {:#?}",
                results.iter().map(|r| (&r.receipt, &r.detail)).collect::<Vec<_>>()
            );
        }
    }
    println!("{language:?}, endings: {endings:?}");
    println!("{language:?}: {} passed, {failed} failed", count - failed);
    Ok(failed == 0 && endings.len() > 2)
}
