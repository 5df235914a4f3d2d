//! RFC 8785 (JCS) and SHA-256.

use edgecoder_types::Digest;
use serde::Serialize;
use sha2::Digest as _;

/// The value has no canonical JSON form (a non-finite number, a map key that is no string).
#[derive(Debug, thiserror::Error)]
#[error("no canonical JSON form")]
pub struct CanonicalError(#[source] serde_json::Error);

/// The RFC 8785 form of a value: UTF-8, sorted keys, no white space.
pub fn canonical_json<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    serde_json_canonicalizer::to_vec(value).map_err(CanonicalError)
}

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(sha2::Sha256::digest(bytes).into())
}

/// SHA-256 of a value's canonical JSON.
pub fn digest_json<T: Serialize>(value: &T) -> Result<Digest, CanonicalError> {
    canonical_json(value).map(|bytes| sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_empty_input_is_the_published_one() {
        assert_eq!(sha256(b"").to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn keys_are_sorted_by_utf16_and_numbers_are_shortest() {
        let value = serde_json::json!({"b": 1.0, "a": "\u{20ac}\n", "\u{1F600}": null, "\u{fb33}": []});
        let text = String::from_utf8(canonical_json(&value).unwrap()).unwrap();
        assert_eq!(text, "{\"a\":\"\u{20ac}\\n\",\"b\":1,\"\u{1F600}\":null,\"\u{fb33}\":[]}");
    }
}
