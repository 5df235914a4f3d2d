//! Fuel: a counter of interpreter work that ends the run from native code.

use std::cell::Cell;

use edgecoder_types::RunStatus;

use crate::state::{self, End};

/// Bytes of the engine's memory that one unit pays for.
const BYTES_A_UNIT: usize = 256;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
    static PART: Cell<f64> = const { Cell::new(0.0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Fills the tank.
pub(crate) fn begin(limit: u64) {
    LIMIT.set(limit);
    LEFT.set(limit);
    PART.set(0.0);
    BYTES.set(0);
}

/// Units charged so far.
pub(crate) fn used() -> u64 {
    LIMIT.get() - LEFT.get()
}

/// Charges before the work is done. Exhaustion ends the run here, at exactly the limit.
#[inline]
pub(crate) fn charge(units: u64) {
    let left = LEFT.get();
    if units > left {
        exhausted();
    }
    LEFT.set(left - units);
}

/// Charges a size that was computed in JavaScript; parts of a unit come together until they make one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates, NaN is 0")]
pub(crate) fn charge_size(units: f64) {
    let sum = PART.get() + units.max(0.0);
    let whole = sum.floor();
    charge(whole as u64);
    PART.set(if whole.is_finite() { sum - whole } else { 0.0 });
}

/// Charges memory that the engine takes.
#[inline]
pub(crate) fn charge_bytes(bytes: usize) {
    let sum = BYTES.get().saturating_add(bytes);
    if sum >= BYTES_A_UNIT {
        charge((sum / BYTES_A_UNIT) as u64);
    }
    BYTES.set(sum % BYTES_A_UNIT);
}

#[cold]
fn exhausted() -> ! {
    LEFT.set(0);
    state::finish(End::new(
        RunStatus::OutOfFuel,
        "fuel_exhausted",
        format!("the program used its {} units of fuel", LIMIT.get()),
    ))
}
