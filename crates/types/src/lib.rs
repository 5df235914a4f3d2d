//! The contracts every EdgeCoder process shares: ids, time, digests, run requests and results, receipts.
//!
//! Invariant: this crate depends on `serde` and `thiserror` only. It has no I/O, no clock and no
//! randomness of its own; whoever mints an id or stamps a time passes them in.

pub mod clock;
pub mod digest;
pub mod ending;
pub mod error;
pub mod ids;
pub mod limits;
pub mod place;
pub mod receipt;
pub mod run;
pub mod subset;

pub use clock::{Clock, Entropy, UnixMs};
pub use digest::{Digest, ParseDigestError};
pub use ending::Ending;
pub use error::ErrorKind;
pub use limits::Limits;
pub use place::Places;
pub use receipt::{Attestation, AttestationStatement, ReceiptBody, ReceiptClass};
pub use run::{
    FileRole, Language, Layer, LayerChoice, RunRequest, RunResult, RunStatus, SourceFile, TestCounts, TestOutcome,
    TestPlan, Verdict,
};
pub use subset::Violation;
