//! Receipts: made from a run, kept with their inputs, re-run and compared.

mod body;
mod file;
mod store;
mod verify;

pub use body::{BODY_VERSION, SEMANTICS, body};
pub use file::{BUNDLE_FORMAT, Bundle, ReceiptError, ReceiptFile};
pub use store::ReceiptStore;
pub(crate) use store::write_json;
pub(crate) use verify::verify;
pub use verify::{Difference, Verification};
