//! Candidates decoded as one batch against one after another, prompt included.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use edgecoder_inference::{
    Cancel, GenerateRequest, LocalModel, LocalOptions, Model, Prompt, Sampling, Sequence,
};

const ROUNDS: usize = 5;
const WIDTH: u32 = 8;
const TOKENS_MAX: u32 = 64;
/// About the length of a search prompt: instructions, signature, examples.
const PROMPT: &str = "# Return True if every bracket in the text is closed in the right order.\n\
    # assert balanced('(a[b]{c})') == True\n# assert balanced('(]') == False\n# assert balanced('((') == False\n\
    def balanced(text):\n   ";

/// Tokens per second, generated ones only.
fn rate(model: &LocalModel, seeds: &[u64]) -> anyhow::Result<(f64, u64)> {
    let sequences = seeds.iter().map(|seed| Sequence { seed: *seed, sampling: Sampling::default() }).collect();
    let request =
        GenerateRequest { prompt: Prompt::Text(PROMPT.to_owned()), sequences, tokens_max: TOKENS_MAX, stop: Vec::new() };
    let start = Instant::now();
    let (_, usage) = model.generate(&request, &Cancel::default(), &mut |_| {})?;
    Ok((start.elapsed().as_secs_f64(), usage.completion_tokens))
}

fn per_second(seconds: f64, tokens: u64) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(tokens)?) / seconds)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs alternated rounds and answers the report: one line, or one JSON object.
pub(crate) fn run(model_path: &Path, json: bool) -> anyhow::Result<String> {
    let model = LocalModel::load(model_path, LocalOptions { batch_max: WIDTH, ..LocalOptions::default() })
        .with_context(|| format!("loading {}", model_path.display()))?;
    let seeds: Vec<u64> = (1..=u64::from(WIDTH)).collect();
    rate(&model, &seeds)?;
    let mut batch = Vec::new();
    let mut single = Vec::new();
    for _ in 0..ROUNDS {
        let (seconds, tokens) = rate(&model, &seeds)?;
        batch.push(per_second(seconds, tokens)?);
        let mut all = (0.0, 0);
        for seed in &seeds {
            let (seconds, tokens) = rate(&model, &[*seed])?;
            all = (all.0 + seconds, all.1 + tokens);
        }
        single.push(per_second(all.0, all.1)?);
    }
    let ratio = median(batch.iter().zip(&single).map(|(batch, single)| batch / single).collect());
    let (batch, single) = (median(batch), median(single));
    if json {
        return Ok(serde_json::json!({
            "benchmark": "decode", "width": WIDTH, "rounds": ROUNDS, "threads": model.threads(),
            "batch_tokens_per_s": batch, "single_tokens_per_s": single, "ratio": ratio,
        })
        .to_string());
    }
    Ok(format!(
        "decode: a batch of {WIDTH} makes {ratio:.2} times the tokens per second of one after another ({batch:.0} to \
         {single:.0}, {} threads, median of {ROUNDS} alternated rounds)",
        model.threads()
    ))
}
