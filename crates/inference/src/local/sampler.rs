//! Choosing a token: temperature, then top-k, then top-p, then one draw. Equal scores are ordered by token id, and the
//! generator is seeded, so that the same scores and the same seed always choose the same tokens.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::contract::{Sampling, Sequence};

/// One sequence's chooser.
#[derive(Debug)]
pub(crate) struct Sampler {
    sampling: Sampling,
    random: ChaCha8Rng,
    candidates: Vec<(f32, i32)>,
}

impl Sampler {
    pub(crate) fn new(sequence: Sequence) -> Self {
        Self { sampling: sequence.sampling, random: ChaCha8Rng::seed_from_u64(sequence.seed), candidates: Vec::new() }
    }

    /// The next token, or `None` when no score is a number.
    pub(crate) fn choose(&mut self, scores: &[f32]) -> Option<i32> {
        if self.sampling.temperature <= 0.0 || self.sampling.top_k == 1 {
            return best(scores);
        }
        self.gather(scores);
        let highest = self.candidates.first()?.0;
        let temperature = f64::from(self.sampling.temperature);
        let mut weights: Vec<f64> = self
            .candidates
            .iter()
            .map(|(score, _)| ((f64::from(*score) - f64::from(highest)) / temperature).exp())
            .collect();
        keep_nucleus(&mut weights, f64::from(self.sampling.top_p));
        let total: f64 = weights.iter().sum();
        let mut left = self.fraction() * total;
        for (weight, (_, token)) in weights.iter().zip(&self.candidates) {
            left -= weight;
            if left < 0.0 {
                return Some(*token);
            }
        }
        // Rounding can leave a sliver above zero: it belongs to the last kept token.
        weights.len().checked_sub(1).and_then(|last| self.candidates.get(last)).map(|(_, token)| *token)
    }

    /// Fills `candidates` with the top-k, best first.
    fn gather(&mut self, scores: &[f32]) {
        let keep = match self.sampling.top_k {
            0 => scores.len(),
            top_k => (top_k as usize).min(scores.len()),
        };
        self.candidates.clear();
        let numbers = scores.iter().zip(0_i32..).filter(|(score, _)| score.is_finite());
        if keep == scores.len() {
            self.candidates.extend(numbers.map(|(score, token)| (*score, token)));
            self.candidates.sort_unstable_by(|left, right| better(*left, *right));
            return;
        }
        // The scores come by rising token, so among equal scores the first seen wins and stays.
        for (score, token) in numbers {
            if self.candidates.len() == keep {
                if self.candidates.last().is_some_and(|worst| *score <= worst.0) {
                    continue;
                }
                self.candidates.pop();
            }
            let place = self.candidates.partition_point(|kept| kept.0 >= *score);
            self.candidates.insert(place, (*score, token));
        }
    }

    /// Uniform in [0, 1), with 53 random bits.
    fn fraction(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a double")]
        let numerator = (self.random.next_u64() >> 11) as f64;
        numerator / 9_007_199_254_740_992.0
    }
}

/// Best first; lower token ids first among equals.
fn better(left: (f32, i32), right: (f32, i32)) -> std::cmp::Ordering {
    right.0.total_cmp(&left.0).then(left.1.cmp(&right.1))
}

fn best(scores: &[f32]) -> Option<i32> {
    let mut best: Option<(f32, i32)> = None;
    for (score, token) in scores.iter().zip(0_i32..) {
        if score.is_finite() && best.is_none_or(|(highest, _)| *score > highest) {
            best = Some((*score, token));
        }
    }
    best.map(|(_, token)| token)
}

/// Keeps the shortest run of best candidates that holds `top_p` of the weight; never none.
fn keep_nucleus(weights: &mut Vec<f64>, top_p: f64) {
    if top_p >= 1.0 {
        return;
    }
    let wanted = top_p * weights.iter().sum::<f64>();
    let mut held = 0.0;
    let kept = weights.iter().position(|weight| {
        held += weight;
        held >= wanted
    });
    if let Some(last) = kept {
        weights.truncate(last + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(seed: u64, temperature: f32, top_k: u32, top_p: f32) -> Sampler {
        Sampler::new(Sequence { seed, sampling: Sampling { temperature, top_p, top_k } })
    }

    fn scores(seed: u64) -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..500).map(|_| f32::from(u16::try_from(random.next_u32() % 40).unwrap()) / 4.0).collect()
    }

    #[test]
    fn greedy_takes_the_lowest_token_among_equals() {
        assert_eq!(sampler(1, 0.0, 0, 1.0).choose(&[1.0, 3.0, 3.0, f32::NAN]), Some(1));
        assert_eq!(sampler(1, 0.0, 0, 1.0).choose(&[f32::NAN, f32::NEG_INFINITY]), None);
        assert_eq!(sampler(1, 1.0, 0, 1.0).choose(&[f32::NAN]), None);
        assert_eq!(sampler(1, 1.0, 4, 1.0).choose(&[]), None);
    }

    #[test]
    fn top_k_by_insertion_equals_a_full_sort() {
        for seed in 0..50 {
            let scores = scores(seed);
            let mut sorted: Vec<(f32, i32)> = scores.iter().copied().zip(0..).collect();
            sorted.sort_by(|left, right| better(*left, *right));
            for top_k in [2_u32, 7, 40, 499] {
                let mut sampler = sampler(0, 1.0, top_k, 1.0);
                sampler.gather(&scores);
                assert_eq!(sampler.candidates, sorted.get(..top_k as usize).unwrap());
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        let scores = scores(9);
        let draw = |seed| {
            let mut sampler = sampler(seed, 0.8, 40, 0.95);
            (0..30).map(|_| sampler.choose(&scores).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn draws_follow_the_weights_and_the_nucleus_cuts() {
        // Probabilities 0.7, 0.2, 0.1.
        let scores = [0.7_f32.ln(), 0.2_f32.ln(), 0.1_f32.ln()];
        let count = |top_p| {
            let mut counts = [0_u32; 3];
            let mut sampler = sampler(3, 1.0, 0, top_p);
            for _ in 0..10_000 {
                counts[usize::try_from(sampler.choose(&scores).unwrap()).unwrap()] += 1;
            }
            counts
        };
        let all = count(1.0);
        assert!((6800..7200).contains(&all[0]) && (1800..2200).contains(&all[1]) && (800..1200).contains(&all[2]));
        assert_eq!(count(0.89)[2], 0);
        assert_eq!(count(0.01), [10_000, 0, 0]);
    }
}
