//! Digests, canonical JSON, keys, signatures, signed requests and tokens.
//!
//! Invariant: pure. No I/O and no clock; time and entropy are passed in.

pub mod canonical;
pub mod content;
pub mod enrolment;
pub mod key;
pub mod key_record;
pub mod nonce;
pub mod receipt;
pub mod rejection;
pub mod request;
pub mod response;
pub mod service_token;
mod structured;
#[cfg(test)]
mod testing;
pub mod token;

pub use canonical::{CanonicalError, canonical_json, digest_json, sha256};
pub use key::{KeyError, NodeKey, PublicKey};
pub use key_record::{Algorithm, KeyRecord, KeyRefusal};
pub use nonce::{Freshness, NonceAnswer, NonceStore, NonceUse, ReplayWindow};
pub use receipt::{AttestationError, attest, body_digest, verify_attestation};
pub use rejection::Rejection;
pub use token::{TokenKind, TokenRecord, TokenRefusal, TokenSecret, TokenUse};
