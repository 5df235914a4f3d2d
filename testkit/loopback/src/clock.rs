//! Time and entropy that tests control.

use std::sync::atomic::{AtomicI64, Ordering};

use edgecoder_types::{Clock, Entropy, UnixMs};

/// A clock that goes forward a fixed step at every look.
#[derive(Debug)]
pub struct TestClock {
    now: AtomicI64,
    step_ms: i64,
}

impl TestClock {
    /// A clock that starts at this time and advances by `step_ms` with every look.
    pub fn new(start: UnixMs, step_ms: i64) -> Self {
        Self { now: AtomicI64::new(start.0), step_ms }
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.now.fetch_add(self.step_ms, Ordering::SeqCst))
    }
}

/// Entropy that counts.
#[derive(Debug, Default)]
pub struct CountingEntropy(u8);

impl CountingEntropy {
    /// Entropy that starts at this byte.
    pub fn from(start: u8) -> Self {
        Self(start)
    }
}

impl Entropy for CountingEntropy {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_add(41);
            *byte = self.0;
        }
    }
}
