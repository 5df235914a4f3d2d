//! Ratios, medians and processor time.

use nix::sys::resource::{UsageWho, getrusage};
use serde::Serialize;

/// One measured ratio and its bound.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Round {
    /// What is divided by what.
    pub(crate) name: &'static str,
    /// The median over the rounds.
    pub(crate) ratio: f64,
    /// The bound from above, if any.
    pub(crate) at_most: Option<f64>,
    /// The bound from below, if any.
    pub(crate) at_least: Option<f64>,
}

impl Round {
    /// Whether the ratio keeps its bounds.
    pub(crate) fn holds(&self) -> bool {
        self.at_most.is_none_or(|bound| self.ratio <= bound) && self.at_least.is_none_or(|bound| self.ratio >= bound)
    }
}

/// The middle value; of an even number, the upper one. Zero for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// User and system seconds of this process and of its descendants that have ended and been waited for.
pub(crate) fn tree_cpu_seconds() -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who)?;
        for time in [usage.user_time(), usage.system_time()] {
            seconds += std::time::Duration::from_micros(
                u64::try_from(time.tv_sec())? * 1_000_000 + u64::try_from(time.tv_usec())?,
            )
            .as_secs_f64();
        }
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_bound_can_fail() {
        let round = Round { name: "x", ratio: 0.5, at_most: Some(0.4), at_least: None };
        assert!(!round.holds());
    }
}
