//! Makes a failing input small.

use std::time::{Duration, Instant};

/// Tries at most; each runs the target once.
const TRIES_MAX: usize = 4_000;
/// Longest time that is spent on it.
const TIME_MAX: Duration = Duration::from_mins(1);

/// The smallest input that was found to fail still: pieces are left out, halves first, then single bytes; what is left
/// becomes plainer.
pub(crate) fn minimise(input: &[u8], fails: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut best = input.to_vec();
    let (mut tries, start) = (0, Instant::now());
    let mut try_one = |candidate: &[u8]| {
        tries += 1;
        (tries <= TRIES_MAX && start.elapsed() < TIME_MAX).then(|| fails(candidate))
    };
    let mut width = best.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let before = best.len();
        while at < best.len() {
            let mut candidate = best.clone();
            candidate.drain(at..(at + width).min(best.len()));
            match try_one(&candidate) {
                None => return best,
                Some(true) => best = candidate,
                Some(false) => at += width,
            }
        }
        if width > 1 {
            width = width.div_ceil(2);
        } else if best.len() == before {
            break;
        }
    }
    for at in 0..best.len() {
        for plain in *b"a0 " {
            let mut candidate = best.clone();
            match candidate.get_mut(at) {
                Some(byte) if *byte != plain && !b"a0 \n".contains(byte) => *byte = plain,
                _ => continue,
            }
            match try_one(&candidate) {
                None => return best,
                Some(true) => {
                    best = candidate;
                    break;
                }
                Some(false) => {}
            }
        }
    }
    best
}
