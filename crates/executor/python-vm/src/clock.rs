//! Virtual time and seeded bytes: both derive from the request and from fuel, never from the machine.

use std::cell::{Cell, RefCell};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use crate::fuel;

/// 2024-01-01T00:00:00Z, in nanoseconds since 1970.
const EPOCH_NS: u64 = 1_704_067_200_000_000_000;

/// How far one unit of fuel moves the clock.
const NS_A_UNIT: u64 = 100;

thread_local! {
    static SLEPT_NS: Cell<u64> = const { Cell::new(0) };
    static RANDOM: RefCell<Option<ChaCha20Rng>> = const { RefCell::new(None) };
}

/// Starts the stream of seeded bytes.
pub(crate) fn begin(seed: u64) {
    RANDOM.with(|cell| *cell.borrow_mut() = Some(ChaCha20Rng::seed_from_u64(seed)));
}

/// Time since the run began.
pub(crate) fn elapsed_ns() -> u64 {
    fuel::used().saturating_mul(NS_A_UNIT).saturating_add(SLEPT_NS.get())
}

/// Time since 1970.
pub(crate) fn now_ns() -> u64 {
    EPOCH_NS.saturating_add(elapsed_ns())
}

/// Sleeps without waiting.
pub(crate) fn advance_ns(nanoseconds: u64) {
    SLEPT_NS.set(SLEPT_NS.get().saturating_add(nanoseconds));
}

/// Seeded bytes; zeros while the interpreter is only booting.
pub(crate) fn random_bytes(count: usize) -> Vec<u8> {
    fuel::charge(count as u64 / 16);
    let mut bytes = vec![0; count];
    RANDOM.with(|cell| {
        if let Some(random) = cell.borrow_mut().as_mut() {
            random.fill_bytes(&mut bytes);
        }
    });
    bytes
}
