//! Which prompt and which temperatures the n-th batch of a target gets.

use edgecoder_inference::{Sampling, Sequence};

use super::prompt::PromptKind;
use crate::seed::sample_seed;

/// Most candidates of a batch, whatever the model allows: later batches learn from earlier ones.
const WIDTH_MAX: u32 = 16;

/// Prompts by batch; the list repeats. Formats alternate because each of them solves functions that the others
/// do not; repairs are few, since a small model that is shown its own mistake often repeats it.
const KINDS: [PromptKind; 8] = [
    PromptKind::Complete,
    PromptKind::Tests,
    PromptKind::Plain,
    PromptKind::Complete,
    PromptKind::Repair,
    PromptKind::Tests,
    PromptKind::Context,
    PromptKind::Complete,
];

/// The prompt of batch `number` (from 0) of a target. Without a candidate to repair it is a fresh one.
pub(crate) fn kind(number: u32, repairable: bool) -> PromptKind {
    let kind = KINDS.get(number as usize % KINDS.len()).copied().unwrap_or(PromptKind::Complete);
    if kind == PromptKind::Repair && !repairable { PromptKind::Tests } else { kind }
}

/// How many candidates the batch has.
pub(crate) fn width(batch_max: u32, samples_left: u32) -> u32 {
    batch_max.clamp(1, WIDTH_MAX).min(samples_left)
}

/// The candidates of a batch. The first batch of a target begins with the most likely text; the rest
/// spread around `middle`, later rounds a little wider.
pub(crate) fn sequences(number: u32, width: u32, first_sample: u32, run_seed: u64, middle: f32) -> Vec<Sequence> {
    const STEPS: [f32; 4] = [-0.2, 0.0, 0.2, 0.4];
    let round = f32::from(u16::try_from(number as usize / KINDS.len()).unwrap_or(u16::MAX).min(3));
    let sequence = |index: u32| {
        let step = STEPS.get(index as usize % STEPS.len()).copied().unwrap_or(0.0);
        let greedy = index == 0 && (number as usize) < KINDS.len();
        let temperature = if greedy { 0.0 } else { (middle + step + 0.1 * round).clamp(0.05, 1.5) };
        let sampling = Sampling { temperature, top_p: 0.95, top_k: 40 };
        Sequence { seed: sample_seed(run_seed, u64::from(first_sample) + u64::from(index)), sampling }
    };
    (0..width).map(sequence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_and_distinct() {
        assert_eq!(width(64, 1_000), WIDTH_MAX);
        assert_eq!(width(0, 9), 1);
        assert_eq!(width(8, 3), 3);
        let all: Vec<_> = (0..40).flat_map(|batch| sequences(batch, 8, batch * 8, 7, 0.6)).collect();
        let seeds: std::collections::BTreeSet<u64> = all.iter().map(|sequence| sequence.seed).collect();
        assert_eq!(seeds.len(), all.len());
        assert!(all.iter().all(|sequence| (0.0..=1.5).contains(&sequence.sampling.temperature)));
        assert_eq!(kind(4, false), PromptKind::Tests);
        assert_eq!(kind(4, true), PromptKind::Repair);
    }
}
