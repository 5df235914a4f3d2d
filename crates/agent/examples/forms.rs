//! Measures the forms of the prompt by plain sampling: `forms MODEL FILE.jsonl FROM TO SAMPLES SEED FORM…`, and the loop with `loop`.
#![allow(clippy::print_stdout, reason = "a measuring tool prints")]

#[path = "measuring/executor.rs"]
mod executor;
#[path = "measuring/problems.rs"]
mod problems;

use edgecoder_agent::PromptKind;
use edgecoder_agent::eval::Eval;
use edgecoder_executor::Cancel;
use edgecoder_executor::identity::{SystemClock, SystemEntropy};
use edgecoder_inference::local::{LocalModel, LocalOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    edgecoder_executor::helper_main();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, file, from, to, samples, seed, forms @ ..] = &arguments[..] else {
        return Err("forms MODEL FILE.jsonl FROM TO SAMPLES SEED FORM…".into());
    };
    let (from, to, samples, seed): (u64, u64, u32, u64) = (from.parse()?, to.parse()?, samples.parse()?, seed.parse()?);
    let problems = problems::read(file, from, to)?;
    let state = tempfile::tempdir()?;
    let executor = executor::start(state.path())?;
    let model = LocalModel::load(model.as_ref(), LocalOptions::default())?;
    let cancel = Cancel::default();
    let mut peer = None;
    for form in forms {
        let mut entropy = SystemEntropy::open()?;
        let mut eval = Eval {
            model: &model,
            runner: &executor,
            clock: &SystemClock,
            entropy: &mut entropy,
            scratch: state.path().to_path_buf(),
            on_problem: &mut |_, _| {},
            cancel: &cancel,
        };
        let score = match form.as_str() {
            "greedy" => eval.greedy(&problems)?,
            "loop" => eval.search(&problems, peer.as_ref().ok_or("a form comes before the loop")?)?,
            form => {
                let kind: PromptKind = serde_json::from_value(serde_json::Value::String(form.to_owned()))?;
                eval.sampling_with(kind, &problems, samples, seed)?
            }
        };
        println!(
            "{form}: {} of {}, {} tokens written, {} read: {}",
            score.solved.len(),
            score.problems,
            score.completion_tokens,
            score.prompt_tokens,
            score.solved.join(" ")
        );
        if form != "greedy" && peer.is_none() {
            peer = Some(score);
        }
    }
    Ok(())
}
