//! Candidates decoded as one batch against one after another, prompt included.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use edgecoder_inference::{Cancel, GenerateRequest, LocalModel, LocalOptions, Model, Prompt, Sampling, Sequence};

use crate::bare::Bare;
use crate::measure::{Round, median};

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
    let request = GenerateRequest {
        prompt: Prompt::Text(PROMPT.to_owned()),
        sequences,
        tokens_max: TOKENS_MAX,
        tokens_all_max: None,
        stop: Vec::new(),
        format: None,
    };
    let start = Instant::now();
    let (_, usage) = model.generate(&request, &Cancel::default(), &mut |_| {})?;
    Ok((start.elapsed().as_secs_f64(), usage.completion_tokens))
}

fn per_second(seconds: f64, tokens: u64) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(tokens)?) / seconds)
}

/// Runs alternated rounds.
pub(crate) fn run(model_path: &Path) -> anyhow::Result<Vec<Round>> {
    let model = LocalModel::load(model_path, LocalOptions { batch_max: WIDTH, ..LocalOptions::default() })
        .with_context(|| format!("loading {}", model_path.display()))?;
    let seeds: Vec<u64> = (1..=u64::from(WIDTH)).collect();
    rate(&model, &seeds)?;
    let bare = Bare::load(model_path, model.threads())?;
    bare.run(PROMPT, WIDTH, TOKENS_MAX)?;
    let mut ratios = Vec::new();
    let mut bare_ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (seconds, tokens) = rate(&model, &seeds)?;
        let batch = per_second(seconds, tokens)?;
        let mut all = (0.0, 0);
        for seed in &seeds {
            let (seconds, tokens) = rate(&model, &[*seed])?;
            all = (all.0 + seconds, all.1 + tokens);
        }
        ratios.push(batch / per_second(all.0, all.1)?);
        let bare_seconds = bare.run(PROMPT, WIDTH, TOKENS_MAX)?;
        bare_ratios.push(batch / per_second(bare_seconds, u64::from(WIDTH * TOKENS_MAX))?);
    }
    Ok(vec![
        Round {
            name: "tokens per second, a batch of 8 / one after another",
            ratio: median(&mut ratios),
            at_most: None,
            at_least: Some(1.4),
        },
        Round {
            name: "tokens per second, a batch of 8 / a bare decode loop",
            ratio: median(&mut bare_ratios),
            at_most: None,
            at_least: Some(0.9),
        },
    ])
}
