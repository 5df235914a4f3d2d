//! Digests, canonical JSON, keys and signatures.
//!
//! Invariant: pure. No I/O and no clock; entropy is passed in.

pub mod canonical;
pub mod key;
pub mod receipt;

pub use canonical::{CanonicalError, canonical_json, digest_json, sha256};
pub use key::{KeyError, NodeKey};
pub use receipt::{AttestationError, attest, body_digest, verify_attestation};
