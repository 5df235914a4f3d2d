//! What an input reached, from the counters that `-C instrument-coverage` puts into our crates.
//!
//! The counters are plain memory between two symbols that the linker makes. They are read and cleared between two cases,
//! while no code of a target runs in this thread; what other threads count meanwhile is noise that costs an input kept too
//! many. Without the feature `guided` there are no counters and nothing is new.

/// Which counters were seen at which order of magnitude.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: Vec<u8>,
    reached: usize,
}

impl Coverage {
    /// Forgets what was counted so far.
    pub fn clear(&mut self) {
        counters::clear();
    }

    /// Whether what was counted since [`Coverage::clear`] holds something new, which is remembered.
    pub fn take(&mut self) -> bool {
        let mut is_new = false;
        counters::each(&mut |index, count| {
            if self.seen.len() <= index {
                self.seen.resize(index + 1, 0);
            }
            if let Some(seen) = self.seen.get_mut(index) {
                let bit = magnitude(count);
                self.reached += usize::from(*seen == 0);
                is_new |= *seen & bit == 0;
                *seen |= bit;
            }
        });
        is_new
    }

    /// How many counters were ever above zero.
    pub fn reached(&self) -> usize {
        self.reached
    }
}

/// Once, twice, three times, up to 7, up to 15, up to 31, up to 127, more.
fn magnitude(count: u64) -> u8 {
    match count {
        0 | 1 => 1,
        2 => 2,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        _ => 128,
    }
}

#[cfg(feature = "guided")]
#[expect(unsafe_code, reason = "the counters are memory between two symbols of the linker's")]
mod counters {
    unsafe extern "C" {
        #[link_name = "__start___llvm_prf_cnts"]
        static mut START: u64;
        #[link_name = "__stop___llvm_prf_cnts"]
        static mut STOP: u64;
    }

    fn bounds() -> (*mut u64, usize) {
        let (start, stop) = (&raw mut START, &raw mut STOP);
        (start, (stop.addr() - start.addr()) / size_of::<u64>())
    }

    pub(super) fn clear() {
        let (start, length) = bounds();
        // SAFETY: the linker places all counters, and nothing else, between the two symbols; the section is writable and
        // aligned for u64. Instrumented code of other threads writes it too, with plain stores: a lost count is harmless, and
        // volatile accesses keep the compiler from assuming anything about the values.
        (0..length).for_each(|index| unsafe { start.add(index).write_volatile(0) });
    }

    pub(super) fn each(tell: &mut dyn FnMut(usize, u64)) {
        let (start, length) = bounds();
        for index in 0..length {
            // SAFETY: as above; `index` is below the section's length.
            let count = unsafe { start.add(index).read_volatile() };
            if count > 0 {
                tell(index, count);
            }
        }
    }
}

#[cfg(not(feature = "guided"))]
mod counters {
    pub(super) fn clear() {}

    pub(super) fn each(_: &mut dyn FnMut(usize, u64)) {}
}
