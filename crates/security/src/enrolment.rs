//! That whoever enrols a key has it: a signature over the token, the coordinator's challenge, its origin and the key.

use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json};
use crate::key::{self, KeyError, NodeKey, PublicKey};
use crate::token::TokenSecret;

/// Signed before the statement, so that no other signed message can be taken for an enrolment.
const DOMAIN: &[u8] = b"edgecoder/enrolment/v1\n";

/// What an enrolling node signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentStatement {
    /// SHA-256 of the one-time token.
    pub token: Digest,
    /// What the coordinator asked to be signed.
    pub challenge: String,
    /// The coordinator's origin as the node reached it, so that none can pass the proof on to another.
    pub origin: String,
    /// The key that enrols, in base64url.
    pub public_key: String,
}

/// Why a proof is refused.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// It is about another token, challenge or coordinator than the one at hand.
    #[error("the proof is about another enrolment")]
    Other,
    /// A key or a signature.
    #[error("the proof's signature is refused")]
    Key(#[from] KeyError),
    /// No canonical form.
    #[error("the proof cannot be canonicalised")]
    Canonical(#[from] CanonicalError),
}

/// Signs the proof that goes with a one-time token; in base64url.
///
/// # Errors
/// [`CanonicalError`], which no statement of ours has.
pub fn prove_enrolment(
    key: &NodeKey,
    token: &TokenSecret,
    challenge: &str,
    origin: &str,
) -> Result<(EnrolmentStatement, String), CanonicalError> {
    let statement = EnrolmentStatement {
        token: token.digest(),
        challenge: challenge.to_owned(),
        origin: origin.to_owned(),
        public_key: key.public(),
    };
    let signature = key.sign(&message(&statement)?);
    Ok((statement, signature))
}

/// Checks a proof for this token, this challenge and this coordinator; gives the key that enrols.
///
/// # Errors
/// As [`EnrolmentError`] says.
pub fn verify_enrolment(
    statement: &EnrolmentStatement,
    signature: &str,
    token: &TokenSecret,
    challenge: &str,
    origin: &str,
) -> Result<PublicKey, EnrolmentError> {
    if statement.token != token.digest() || statement.challenge != challenge || statement.origin != origin {
        return Err(EnrolmentError::Other);
    }
    let public = PublicKey::parse(&statement.public_key)?;
    key::verify(&statement.public_key, &message(statement)?, signature)?;
    Ok(public)
}

fn message(statement: &EnrolmentStatement) -> Result<Vec<u8>, CanonicalError> {
    Ok([DOMAIN.to_vec(), canonical_json(statement)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    #[test]
    fn a_proof_is_good_for_one_token_one_challenge_one_coordinator_and_one_key() {
        let (key, token) = (NodeKey::generate(&mut Counting(1)), TokenSecret::generate(&mut Counting(2)));
        let (statement, signature) = prove_enrolment(&key, &token, "c1", "https://a.example").unwrap();
        let verify = |statement: &EnrolmentStatement, token: &TokenSecret, challenge: &str, origin: &str| {
            verify_enrolment(statement, &signature, token, challenge, origin)
        };
        assert_eq!(verify(&statement, &token, "c1", "https://a.example").unwrap(), key.public_key());
        let other = TokenSecret::generate(&mut Counting(3));
        for end in [
            verify(&statement, &other, "c1", "https://a.example"),
            verify(&statement, &token, "c2", "https://a.example"),
            verify(&statement, &token, "c1", "https://b.example"),
        ] {
            assert!(matches!(end, Err(EnrolmentError::Other)), "{end:?}");
        }
        let thief = NodeKey::generate(&mut Counting(4)).public();
        let stolen = EnrolmentStatement { public_key: thief, ..statement };
        let end = verify(&stolen, &token, "c1", "https://a.example");
        assert!(matches!(end, Err(EnrolmentError::Key(KeyError::BadSignature))), "{end:?}");
    }
}
