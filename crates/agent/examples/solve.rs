//! Runs the agent on a repository with a local model, for measuring: `solve MODEL REPO FIRST_SEED COUNT [TASK]`.
#![allow(clippy::print_stdout, reason = "a measuring tool prints")]

#[path = "measuring/executor.rs"]
mod executor;

use edgecoder_agent::{Agent, AgentEvent, Budget, RunOptions, RunStore};
use edgecoder_executor::Cancel;
use edgecoder_executor::identity::{SystemClock, SystemEntropy};
use edgecoder_inference::local::{LocalModel, LocalOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    edgecoder_executor::helper_main();
    let state = tempfile::tempdir()?;
    let executor = executor::start(state.path())?;
    let arguments: Vec<String> = std::env::args().collect();
    let word = |at: usize, default: &str| arguments.get(at).cloned().unwrap_or_else(|| default.to_owned());
    let width: u32 = std::env::var("WIDTH").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let options = LocalOptions { threads: Some(2), batch_max: width, ..LocalOptions::default() };
    let model = LocalModel::load(word(1, "").as_ref(), options)?;
    let first: u64 = word(3, "1").parse()?;
    let count: u64 = word(4, "1").parse()?;
    let quiet = count > 1;
    for seed in first..first + count {
        let store = tempfile::tempdir()?;
        let options = RunOptions {
            task: word(5, "implement the missing functions"),
            repo: Some(word(2, ".").into()),
            current_dir: ".".into(),
            file: None,
            test: None,
            budget: Budget::default(),
            seed,
            temperature: None,
            model_label: "default".to_owned(),
            model_flag: false,
        };
        let mut agent = Agent {
            model: &model,
            runner: &executor,
            store: RunStore::new(store.path()),
            clock: &SystemClock,
            entropy: &mut SystemEntropy::open()?,
        };
        let mut solved = Vec::new();
        let report = agent.run(options, &Cancel::default(), &mut |event| match event {
            AgentEvent::TargetSolved { target, sample, .. } => solved.push(format!("{target}@{sample}")),
            AgentEvent::Token { .. } | AgentEvent::Finished { .. } => {}
            other if !quiet => println!("{}", serde_json::to_string(other).unwrap_or_default()),
            _ => {}
        })?;
        println!(
            "seed {seed}: {:?} {}/{} samples {} tokens {} {} ms; {}",
            report.outcome,
            report.tests_passed,
            report.tests_total,
            report.usage.samples,
            report.usage.completion_tokens,
            report.usage.wall_ms,
            solved.join(" ")
        );
        if !quiet {
            println!("{}\n{}\n{:?}", report.message, report.diff, report.next_steps);
        }
    }
    Ok(())
}
