//! Fuel: a counter of interpreter work that ends the run from native code.

use std::cell::Cell;

use edgecoder_types::RunStatus;

use crate::state::{self, End};

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Fills the tank.
pub(crate) fn begin(limit: u64) {
    LIMIT.set(limit);
    LEFT.set(limit);
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

/// Charges a size that was computed in JavaScript; divisions round down.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates, NaN is 0")]
pub(crate) fn charge_size(units: f64) {
    charge(units as u64);
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
