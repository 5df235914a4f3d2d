//! The SHA-256 of a certificate: trust in one server, without an authority between.

use std::fmt;
use std::str::FromStr;

use edgecoder_security::sha256;
use edgecoder_types::Digest;

use crate::HttpError;

const PREFIX: &str = "sha256:";

/// SHA-256 of a certificate's DER form. Its text is `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin(pub Digest);

impl Pin {
    /// The pin of a certificate.
    pub fn of(certificate: &[u8]) -> Self {
        Self(sha256(certificate))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for Pin {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = text.strip_prefix(PREFIX).and_then(|hex| hex.parse().ok());
        digest.map(Self).ok_or_else(|| HttpError::Pin(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_one_text_form() {
        let pin = Pin::of(b"certificate");
        assert_eq!(pin.to_string().parse::<Pin>(), Ok(pin));
        for wrong in ["", "sha256:", &pin.0.to_string(), &pin.to_string().to_uppercase(), "sha512:00"] {
            assert_eq!(wrong.parse::<Pin>().unwrap_err().code(), "pin_invalid", "{wrong}");
        }
    }
}
