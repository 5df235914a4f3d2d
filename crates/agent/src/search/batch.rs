//! Which prompt and which temperatures the n-th batch of a target gets.

use edgecoder_inference::{Sampling, Sequence};

use super::prompt::PromptKind;
use crate::seed::sample_seed;

/// Most candidates of a batch, whatever the model allows: later batches learn from earlier ones.
const WIDTH_MAX: u32 = 16;

/// Temperatures of candidates around the middle one, after the most likely text.
pub(crate) const CANDIDATE_STEPS: [f32; 7] = [-0.2, 0.0, -0.1, -0.3, 0.1, 0.2, 0.3];
/// The same for asserts, where agreement decides.
pub(crate) const ASSERT_STEPS: [f32; 4] = [0.0, 0.2, 0.4, -0.2];
/// Most tokens of one candidate.
pub(crate) const TOKENS_MAX: u32 = 144;
/// The same where tokens are scarce: almost all that a small model gets right is shorter.
const TOKENS_MIN: u32 = 64;
/// Fewest candidates that a scarce budget leaves to a batch.
const WIDTH_MIN: u32 = 4;
/// Tokens that a candidate takes, about: by it a scarce budget is shared out.
const TOKENS_EACH: u64 = 48;

/// Prompts by batch; the list repeats. Forms alternate because each of them solves functions that the others
/// do not; a repair comes late, since a small model that is shown its own mistake often repeats it.
const KINDS: [PromptKind; 8] = [
    PromptKind::Tests,
    PromptKind::Solved,
    PromptKind::Complete,
    PromptKind::Solved,
    PromptKind::Repair,
    PromptKind::Tests,
    PromptKind::Plain,
    PromptKind::Context,
];

/// The prompt of batch `number` (from 0) of a target. Without a candidate to repair it is a fresh one.
pub(crate) fn kind(number: u32, repairable: bool) -> PromptKind {
    let kind = KINDS.get(number as usize % KINDS.len()).copied().unwrap_or(PromptKind::Complete);
    if kind == PromptKind::Repair && !repairable { PromptKind::Tests } else { kind }
}

/// How many earlier batches of a target had the same prompt: what such a prompt shows changes with it.
pub(crate) fn turn(number: u32, repairable: bool) -> usize {
    let own = kind(number, repairable);
    (0..number).filter(|earlier| kind(*earlier, repairable) == own).count()
}

/// How many candidates the batch has. Where tokens are scarce, two forms of the prompt share what is left.
pub(crate) fn width(batch_max: u32, samples_left: u32, tokens_left: Option<u64>) -> u32 {
    let affordable = tokens_left.map_or(u32::MAX, |left| u32::try_from(left / (2 * TOKENS_EACH)).unwrap_or(u32::MAX));
    batch_max.clamp(1, WIDTH_MAX).min(affordable.max(WIDTH_MIN)).min(samples_left)
}

/// Most tokens of each candidate of a batch: where they are scarce, no candidate has more than its share.
pub(crate) fn tokens_max(width: u32, tokens_left: Option<u64>) -> u32 {
    let share = tokens_left.map_or(u64::MAX, |left| left / u64::from(width.max(1)));
    u32::try_from(share).unwrap_or(u32::MAX).clamp(TOKENS_MIN, TOKENS_MAX)
}

/// The candidates of a batch. The first batch of a target begins with the most likely text; the rest
/// spread around `middle`, later rounds a little wider.
pub(crate) fn sequences(
    number: u32,
    width: u32,
    first_sample: u32,
    run_seed: u64,
    (middle, steps): (f32, &[f32]),
) -> Vec<Sequence> {
    let round = f32::from(u16::try_from(number as usize / KINDS.len()).unwrap_or(u16::MAX).min(3));
    let begins_greedy = (number as usize) < KINDS.len();
    let sequence = |index: u32| {
        let place = (index as usize).saturating_sub(usize::from(begins_greedy));
        let step = steps.get(place % steps.len().max(1)).copied().unwrap_or(0.0);
        let greedy = index == 0 && begins_greedy;
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
        assert_eq!(width(64, 1_000, None), WIDTH_MAX);
        assert_eq!(width(0, 9, None), 1);
        assert_eq!(width(8, 3, None), 3);
        assert_eq!(width(8, 99, Some(10_000)), 8);
        assert_eq!(width(8, 99, Some(600)), 6);
        assert_eq!(width(8, 99, Some(1)), WIDTH_MIN);
        let all: Vec<_> =
            (0..40).flat_map(|batch| sequences(batch, 8, batch * 8, 7, (0.6, &CANDIDATE_STEPS))).collect();
        let seeds: std::collections::BTreeSet<u64> = all.iter().map(|sequence| sequence.seed).collect();
        assert_eq!(seeds.len(), all.len());
        assert!(all.iter().all(|sequence| (0.0..=1.5).contains(&sequence.sampling.temperature)));
        assert_eq!([None, Some(10_000), Some(340), Some(20)].map(|left| tokens_max(4, left)), [144, 144, 85, 64]);
        assert_eq!((turn(0, false), turn(1, false), turn(3, false)), (0, 0, 1));
        assert_eq!(kind(4, false), PromptKind::Tests);
        assert_eq!(kind(4, true), PromptKind::Repair);
    }
}
