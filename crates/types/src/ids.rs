//! The one registry of id kinds: prefixed ULIDs such as `run_01JD…`.
//!
//! The registry is alphabetical and append-only. An id is minted from a passed-in clock and
//! entropy; text is parsed strictly and never built from a bare string.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::{Entropy, UnixMs};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TEXT_LEN: usize = 26;

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {prefix}_ and 26 characters")]
pub struct ParseIdError {
    /// The prefix that was wanted.
    pub prefix: &'static str,
    /// What was given, cut to 80 characters.
    pub text: String,
}

/// A ULID: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32.
///
/// Source: <https://github.com/ulid/spec>.
fn mint(at: UnixMs, entropy: &mut dyn Entropy) -> u128 {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    let millis = u128::from(at.0.max(0).unsigned_abs() & 0xffff_ffff_ffff);
    random.iter().fold(millis, |value, byte| value << 8 | u128::from(*byte))
}

fn encode(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    (0..TEXT_LEN).rev().try_for_each(|place| {
        let index = usize::try_from(value >> (place * 5) & 31).unwrap_or(0);
        f.write_char(char::from(ALPHABET[index]))
    })
}

fn decode(text: &str) -> Option<u128> {
    if text.len() != TEXT_LEN || text.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    text.bytes().try_fold(0_u128, |value, digit| {
        let place = ALPHABET.iter().position(|known| *known == digit)?;
        Some(value << 5 | place as u128)
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident => $prefix:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u128);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Mints a new id; ids minted in later milliseconds sort after earlier ones.
            pub fn mint(at: UnixMs, entropy: &mut dyn Entropy) -> Self {
                Self(mint(at, entropy))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                encode(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or_else(|| ParseIdError { prefix: $prefix, text: text.chars().take(80).collect() })
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )+};
}

ids! {
    /// A machine that runs code or a model. Minted at enrolment; survives key rotation.
    NodeId => "node",
    /// One agent run.
    RunId => "run",
    /// One unit of work in a swarm.
    TaskId => "task",
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, buffer: &mut [u8]) {
            for byte in buffer {
                self.0 = self.0.wrapping_add(41);
                *byte = self.0;
            }
        }
    }

    #[test]
    fn text_round_trips_and_sorts_by_time() {
        let mut entropy = Counting(0);
        let early = RunId::mint(UnixMs(1_700_000_000_000), &mut entropy);
        let late = RunId::mint(UnixMs(1_700_000_000_001), &mut entropy);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!(early.to_string().starts_with("run_01"));
    }

    #[test]
    fn other_texts_are_refused() {
        let id = RunId::mint(UnixMs(1), &mut Counting(9)).to_string();
        for wrong in
            ["", "run_", "run_0", &id.replace("run", "task"), &id.to_lowercase(), "run_ZZZZZZZZZZZZZZZZZZZZZZZZZZ"]
        {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
    }
}
