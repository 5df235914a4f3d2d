//! A node's Ed25519 key (RFC 8032) and its RFC 7638 thumbprint.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use edgecoder_types::{Entropy, ErrorKind};

use crate::canonical::sha256;

/// Why a key or a signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes in base64url without padding, or no point of the curve.
    #[error("not an Ed25519 key in base64url without padding")]
    Malformed,
    /// The signature does not fit the key and the message.
    #[error("the signature does not fit")]
    BadSignature,
}

impl KeyError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Malformed => ErrorKind::Invalid,
            Self::BadSignature => ErrorKind::Forbidden,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "key_malformed",
            Self::BadSignature => "signature_invalid",
        }
    }
}

/// A signing key. Its `Debug` form shows the thumbprint only.
pub struct NodeKey(SigningKey);

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeKey({})", self.thumbprint())
    }
}

impl NodeKey {
    /// A new key.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut seed = [0_u8; 32];
        entropy.fill(&mut seed);
        Self(SigningKey::from_bytes(&seed))
    }

    /// Reads the secret from base64url.
    pub fn from_secret(text: &str) -> Result<Self, KeyError> {
        Ok(Self(SigningKey::from_bytes(&decode(text)?)))
    }

    /// The secret as base64url: for a file that only its owner reads.
    pub fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_bytes())
    }

    /// The public key as base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_bytes())
    }

    /// RFC 7638 thumbprint of the public key.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.public())
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message; the signature as base64url.
    pub fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.sign_bytes(message))
    }

    /// Signs a message; the signature as it is.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// A key that parses: a point of the curve that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads it from base64url without padding.
    ///
    /// # Errors
    /// [`KeyError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(&decode(text)?).map_err(|_| KeyError::Malformed)?;
        if key.is_weak() || URL_SAFE_NO_PAD.encode(key.to_bytes()) != text {
            return Err(KeyError::Malformed);
        }
        Ok(Self(key))
    }

    /// RFC 7638 thumbprint: the key's id.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.to_string())
    }

    /// Checks a signature strictly: canonical encodings, no small-order keys.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`]
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), KeyError> {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| KeyError::BadSignature)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_bytes()))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// RFC 7638 thumbprint of an OKP key (RFC 8037): SHA-256 of its required members, base64url.
pub fn thumbprint(public: &str) -> String {
    let members = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{public}\"}}");
    URL_SAFE_NO_PAD.encode(sha256(members.as_bytes()).0)
}

/// Checks a signature strictly: canonical encodings, no small-order keys.
pub fn verify(public: &str, message: &[u8], signature: &str) -> Result<(), KeyError> {
    let key = VerifyingKey::from_bytes(&decode(public)?).map_err(|_| KeyError::Malformed)?;
    let bytes: [u8; 64] =
        URL_SAFE_NO_PAD.decode(signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::BadSignature)?;
    key.verify_strict(message, &Signature::from_bytes(&bytes)).map_err(|_| KeyError::BadSignature)
}

fn decode(text: &str) -> Result<[u8; 32], KeyError> {
    URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A.
    const SECRET: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    #[test]
    fn thumbprint_matches_rfc_8037() {
        let key = NodeKey::from_secret(SECRET).unwrap();
        assert_eq!(key.public(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_signature_fits_its_message_only() {
        let key = NodeKey::from_secret(SECRET).unwrap();
        let signature = key.sign(b"message");
        assert_eq!(verify(&key.public(), b"message", &signature), Ok(()));
        assert_eq!(verify(&key.public(), b"massage", &signature), Err(KeyError::BadSignature));
        assert_eq!(verify("AAAA", b"message", &signature), Err(KeyError::Malformed));
        assert_eq!(verify(&key.public(), b"message", "%%"), Err(KeyError::BadSignature));
    }

    #[test]
    fn a_public_key_parses_in_its_one_text_form() {
        let key = NodeKey::from_secret(SECRET).unwrap();
        let public = PublicKey::parse(&key.public()).unwrap();
        assert_eq!((public.to_string(), public.thumbprint()), (key.public(), key.thumbprint()));
        assert_eq!(public.verify(b"message", &key.sign_bytes(b"message")), Ok(()));
        assert_eq!(public.verify(b"massage", &key.sign_bytes(b"message")), Err(KeyError::BadSignature));
        // The neutral element: a key with which anything can be made to look signed.
        let neutral = URL_SAFE_NO_PAD.encode([[1_u8].as_slice(), &[0; 31]].concat());
        for wrong in ["", "AAAA", &neutral, &format!("{}=", key.public())] {
            assert_eq!(PublicKey::parse(wrong), Err(KeyError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn debug_hides_the_secret() {
        let key = NodeKey::from_secret(SECRET).unwrap();
        assert!(!format!("{key:?}").contains("nWGx"));
    }
}
