//! `Content-Digest` (RFC 9530): SHA-256 of a body, and nothing else.

use edgecoder_types::Digest;

use crate::canonical::sha256;
use crate::structured::{read_bytes, write_bytes};

const LABEL: &str = "sha-256";

/// The field's value for a body; an empty one has a digest, too.
pub fn content_digest(body: &[u8]) -> String {
    write_content_digest(&sha256(body))
}

/// The field's value for a digest that is known already.
pub fn write_content_digest(digest: &Digest) -> String {
    write_bytes(LABEL, &digest.0)
}

/// Reads the field. Another algorithm, or one more of them, is none.
pub fn read_content_digest(field: &str) -> Option<Digest> {
    let (label, bytes) = read_bytes(field).ok()?;
    if label == LABEL { bytes.try_into().ok().map(Digest) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_example_of_rfc_9530() {
        // Appendix B.2 and, for nothing, FIPS 180-4.
        let field = content_digest(b"{\"hello\": \"world\"}\n");
        assert_eq!(field, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
        assert_eq!(content_digest(b""), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    }

    #[test]
    fn one_digest_of_one_algorithm() {
        let field = content_digest(b"x");
        assert_eq!(read_content_digest(&field), Some(sha256(b"x")));
        let short = write_bytes(LABEL, &[0; 31]);
        let other = write_bytes("sha-512", &[0; 32]);
        for wrong in ["", "sha-256=47DE", &short, &other, &format!("{field}, {other}"), &field.to_uppercase()] {
            assert_eq!(read_content_digest(wrong), None, "{wrong}");
        }
    }
}
