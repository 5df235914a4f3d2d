//! Virtual time and seeded numbers: both derive from the request and from fuel, never from the machine.

use std::cell::{Cell, RefCell};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::fuel;

/// 2024-01-01T00:00:00Z, in milliseconds since 1970.
const EPOCH_MS: f64 = 1_704_067_200_000.0;
/// Units of fuel that move the clock by a millisecond.
const UNITS_A_MS: u64 = 10_000;

thread_local! {
    static SLEPT_MS: Cell<f64> = const { Cell::new(0.0) };
    static RANDOM: RefCell<Option<ChaCha20Rng>> = const { RefCell::new(None) };
}

/// Starts the stream of seeded numbers.
pub(crate) fn begin(seed: u64) {
    RANDOM.with(|cell| *cell.borrow_mut() = Some(ChaCha20Rng::seed_from_u64(seed)));
}

/// Milliseconds since the run began.
pub(crate) fn elapsed_ms() -> f64 {
    let worked = u32::try_from(fuel::used() / UNITS_A_MS).unwrap_or(u32::MAX);
    f64::from(worked) + SLEPT_MS.get()
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> f64 {
    EPOCH_MS + elapsed_ms()
}

/// Sleeps without waiting.
pub(crate) fn advance_ms(milliseconds: f64) {
    if milliseconds > 0.0 {
        SLEPT_MS.set(SLEPT_MS.get() + milliseconds);
    }
}

/// A seeded number from 0 to below 1: 52 bits below the point.
pub(crate) fn random() -> f64 {
    let bits = RANDOM.with(|cell| cell.borrow_mut().as_mut().map_or(0, rand_core::RngCore::next_u64));
    f64::from_bits((1023 << 52) | (bits >> 12)) - 1.0
}
