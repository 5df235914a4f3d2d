//! Processor time.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// User and system seconds of this process and of its descendants that have ended and been waited for. Dropping an
/// [`crate::Executor`] ends its processes, so that their time is in it.
pub fn tree_cpu_seconds() -> f64 {
    let seconds = |who| {
        getrusage(who).map_or(0.0, |usage| {
            [usage.user_time(), usage.system_time()]
                .iter()
                .map(|time| {
                    let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
                    Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs_f64()
                })
                .sum()
        })
    };
    seconds(UsageWho::RUSAGE_SELF) + seconds(UsageWho::RUSAGE_CHILDREN)
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_only_grows() {
        let before = super::tree_cpu_seconds();
        assert!(before >= 0.0 && super::tree_cpu_seconds() >= before);
    }
}
