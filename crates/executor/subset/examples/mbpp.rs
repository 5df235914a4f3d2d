//! `cargo run --release --example mbpp -- FILE`: checks every problem of an MBPP file, lists those outside the subset by
//! reason, compiles the rest instrumented, and times checking and instrumenting.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use edgecoder_subset::{Origin, check, instrument, parse};
use edgecoder_types::FileRole;
use rustpython_codegen::CompileOpts;
use rustpython_codegen::compile::compile_program;

#[expect(clippy::print_stdout, reason = "an example that prints its findings")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("the path of an MBPP file is needed")?;
    let text = std::fs::read_to_string(path)?;
    let mut outside: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut times = Vec::new();
    let mut inside = 0;
    let total = text.lines().count();
    for line in text.lines() {
        let problem: serde_json::Value = serde_json::from_str(line)?;
        let part = |key: &str| match &problem[key] {
            serde_json::Value::Array(lines) => {
                lines.iter().filter_map(|line| line.as_str()).collect::<Vec<_>>().join("\n")
            }
            value => value.as_str().unwrap_or_default().to_owned(),
        };
        let parts = ["test_setup_code", "code", "test_list", "challenge_test_list"].map(part);
        let source = parts.join("\n");
        let begin = Instant::now();
        let parsed = match parse("program.py", source.as_bytes()) {
            Ok(parsed) => parsed,
            Err(found) => {
                outside.entry(found[0].code.clone()).or_default().push(problem["task_id"].to_string());
                continue;
            }
        };
        let parse_time = begin.elapsed();
        let begin = Instant::now();
        let found = check(&parsed, FileRole::Candidate, &[]);
        let check_time = begin.elapsed();
        if let Some(first) = found.first() {
            let name = format!("{} ({})", problem["task_id"], first.message);
            outside.entry(first.code.clone()).or_default().push(name);
            continue;
        }
        let mut instrument_time = Duration::ZERO;
        for role in [FileRole::Candidate, FileRole::Oracle] {
            let mut module = parsed.module.clone();
            let begin = Instant::now();
            instrument(&mut module, &parsed.source, Origin::Program(role));
            instrument_time = begin.elapsed();
            compile_program(&module, parsed.source.clone(), CompileOpts::default())?;
        }
        inside += 1;
        times.push([parse_time, check_time, instrument_time]);
    }
    println!("{inside} of {total} inside and compiled");
    for (code, problems) in outside {
        println!("{code}: {}", problems.join(", "));
    }
    for (index, what) in ["parse", "check", "instrument"].into_iter().enumerate() {
        let mut column: Vec<Duration> = times.iter().map(|row| row[index]).collect();
        column.sort_unstable();
        let median = column.get(column.len() / 2).copied().unwrap_or_default();
        println!("{what}: median {median:?}");
    }
    Ok(())
}
