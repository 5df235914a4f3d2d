//! Seeds: every sample's seed follows from the run's seed and the sample's number alone.

/// `SplitMix64`, the finaliser of Java's `SplittableRandom`: a bijection, so distinct inputs give distinct seeds.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The seed of sample `number` (from 0) of a run.
pub(crate) fn sample_seed(run_seed: u64, number: u64) -> u64 {
    mix(mix(run_seed).wrapping_add(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_of_a_run_are_distinct_and_depend_on_the_run() {
        let of = |run| (0..1_000).map(|n| sample_seed(run, n)).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(of(1).len(), 1_000);
        assert!(of(1).is_disjoint(&of(2)));
        // The generator's published first output for state 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}
