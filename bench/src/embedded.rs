//! An embedded run of a small program, isolation included, against a bare `python3 -I -S` process.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use edgecoder_executor::{Cancel, Executor, Runner as _};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, RunStatus, SourceFile, TestPlan};

use crate::measure::{Round, median, tree_cpu_seconds};

/// The size of a typical MBPP problem with its tests.
const PROGRAM: &str = "\
from collections import Counter


def most_common_words(text, n):
    words = [word.strip('.,').lower() for word in text.split()]
    return Counter(words).most_common(n)


def is_perfect(number):
    return number > 1 and sum(d for d in range(1, number) if number % d == 0) == number
";
const TESTS: &str = "\
assert most_common_words('a b a c. A, b', 2) == [('a', 3), ('b', 2)]
assert is_perfect(28)
assert not is_perfect(27)
";
const ROUNDS: usize = 5;
const RUNS: u32 = 500;

/// The program with its tests, for the embedded layer.
pub(crate) fn request() -> RunRequest {
    let file = |path: &str, text: &str, role| SourceFile { path: path.to_owned(), content: text.into(), role };
    RunRequest {
        language: Language::Python,
        entry: Some("main.py".to_owned()),
        files: vec![file("main.py", PROGRAM, FileRole::Candidate), file("test_main.py", TESTS, FileRole::Oracle)],
        tests: TestPlan::Files(vec!["test_main.py".to_owned()]),
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Embedded,
        seed: 0,
    }
}

fn embedded_round(executor: &Executor, request: &RunRequest) -> anyhow::Result<f64> {
    let started = Instant::now();
    for _ in 0..RUNS {
        let result = executor.run(request, &Cancel::default())?;
        ensure!(result.status == RunStatus::Passed, "the program ended with {}: {}", result.reason, result.detail);
    }
    Ok(started.elapsed().as_secs_f64() / f64::from(RUNS))
}

fn python_round(source: &str) -> anyhow::Result<f64> {
    let started = Instant::now();
    for _ in 0..RUNS {
        bare(source)?;
    }
    Ok(started.elapsed().as_secs_f64() / f64::from(RUNS))
}

/// The program and its tests as one script.
pub(crate) fn source() -> String {
    format!("{PROGRAM}{TESTS}")
}

/// Runs a script in a bare interpreter.
pub(crate) fn bare(source: &str) -> anyhow::Result<()> {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-I", "-S", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("starting python3")?;
    child.stdin.take().context("no pipe")?.write_all(source.as_bytes())?;
    ensure!(child.wait()?.success(), "python3 failed");
    Ok(())
}

/// Alternates rounds and returns both ratios, wall and CPU of the whole process tree.
pub(crate) fn run() -> anyhow::Result<Vec<Round>> {
    let request = request();
    let source = source();
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    for _ in 0..ROUNDS {
        let before = tree_cpu_seconds()?;
        let python_wall = python_round(&source)?;
        let python_cpu = tree_cpu_seconds()? - before;
        // A fresh executor a round: dropping it ends its processes, so that their time is counted, its start included.
        let before = tree_cpu_seconds()?;
        let executor = crate::executor()?;
        executor.run(&request, &Cancel::default())?;
        let wall = embedded_round(&executor, &request)?;
        drop(executor);
        walls.push(wall / python_wall);
        cpus.push((tree_cpu_seconds()? - before) / python_cpu);
    }
    Ok(vec![
        Round {
            name: "embedded run / bare python3 process, wall",
            ratio: median(&mut walls),
            at_most: Some(0.25),
            at_least: None,
        },
        Round {
            name: "embedded run / bare python3 process, CPU of the tree",
            ratio: median(&mut cpus),
            at_most: Some(0.4),
            at_least: None,
        },
    ])
}
