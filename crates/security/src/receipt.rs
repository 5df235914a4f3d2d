//! The digest of a receipt body and the signature over an attestation.

use edgecoder_types::{Attestation, AttestationStatement, Digest, ErrorKind, ReceiptBody};

use crate::canonical::{CanonicalError, canonical_json, digest_json};
use crate::key::{self, KeyError, NodeKey};

/// Signed before the statement, so that no other signed message can be taken for an attestation.
const DOMAIN: &[u8] = b"edgecoder/attestation/v1\n";

/// Why an attestation is refused.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    /// The statement is about another body.
    #[error("the attestation is about body {stated}, not {actual}")]
    OtherBody {
        /// Digest in the statement.
        stated: Digest,
        /// Digest of the body at hand.
        actual: Digest,
    },
    /// The key id is not the thumbprint of the public key.
    #[error("the attestation's key id is not the thumbprint of its public key")]
    OtherKey,
    /// Key or signature.
    #[error("the attestation's signature is refused")]
    Key(#[from] KeyError),
    /// No canonical form.
    #[error("the attestation cannot be canonicalised")]
    Canonical(#[from] CanonicalError),
}

impl AttestationError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::OtherBody { .. } | Self::OtherKey => ErrorKind::Conflict,
            Self::Key(error) => error.kind(),
            Self::Canonical(_) => ErrorKind::Invalid,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherBody { .. } => "attestation_other_body",
            Self::OtherKey => "attestation_other_key",
            Self::Key(error) => error.code(),
            Self::Canonical(_) => "attestation_malformed",
        }
    }
}

/// SHA-256 of the body's canonical JSON: the receipt's name.
pub fn body_digest(body: &ReceiptBody) -> Result<Digest, CanonicalError> {
    digest_json(body)
}

fn message(statement: &AttestationStatement) -> Result<Vec<u8>, CanonicalError> {
    let mut message = DOMAIN.to_vec();
    message.extend(canonical_json(statement)?);
    Ok(message)
}

/// Signs a statement.
pub fn attest(key: &NodeKey, statement: AttestationStatement) -> Result<Attestation, CanonicalError> {
    let signature = key.sign(&message(&statement)?);
    Ok(Attestation { statement, public_key: key.public(), signature })
}

/// Checks that the attestation is about this body and signed by the key that it names. Whether that key
/// belongs to a trusted node is the caller's question.
pub fn verify_attestation(attestation: &Attestation, body: &ReceiptBody) -> Result<(), AttestationError> {
    let actual = body_digest(body)?;
    if attestation.statement.body != actual {
        return Err(AttestationError::OtherBody { stated: attestation.statement.body, actual });
    }
    if attestation.statement.key_id != key::thumbprint(&attestation.public_key) {
        return Err(AttestationError::OtherKey);
    }
    Ok(key::verify(&attestation.public_key, &message(&attestation.statement)?, &attestation.signature)?)
}
