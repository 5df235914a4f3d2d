//! `Idempotency-Key`: a write that is sent again is done once, and answered with the first answer.

use std::time::Duration;

use edgecoder_types::{Digest, UnixMs};

use super::auth::Later;
use super::fault::RequestFault;

/// Shortest and longest key: at least 120 bits in any usual alphabet.
const KEY_CHARS: std::ops::RangeInclusive<usize> = 20..=64;
/// Largest answer that is kept; a larger one is a fault of the route.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;
/// After how long a request that never ended counts as dead, so that another one with its key may begin.
pub const UNFINISHED_MAX: Duration = Duration::from_mins(2);

/// A key that a caller chose. Only within what is the caller's it means something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads one.
    ///
    /// # Errors
    /// [`RequestFault::IdempotencyKey`]
    pub fn parse(text: &str) -> Result<Self, RequestFault> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if KEY_CHARS.contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RequestFault::IdempotencyKey)
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Whose it is.
    pub principal: String,
    /// Its key.
    pub key: IdempotencyKey,
    /// SHA-256 of method, path, query and body.
    pub request: Digest,
    /// When.
    pub at: UnixMs,
    /// What began before this and has no answer is dead: [`UNFINISHED_MAX`] ago.
    pub dead_before: UnixMs,
}

impl KeyedRequest {
    /// A request that begins now.
    pub fn new(principal: &str, key: IdempotencyKey, request: Digest, at: UnixMs) -> Self {
        let unfinished_ms = i64::try_from(UNFINISHED_MAX.as_millis()).unwrap_or(i64::MAX);
        let dead_before = UnixMs(at.0.saturating_sub(unfinished_ms));
        Self { principal: principal.to_owned(), key, request, at, dead_before }
    }
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// The body's type, where there is a body.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the store says when a request begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first, or the first is dead; the store keeps that it began.
    First,
    /// It was answered before.
    Answered(KeptAnswer),
    /// The first is still under way and not dead.
    UnderWay,
    /// The key was used for another request.
    Other,
}

/// Keeps answers. `begin` is one atomic step: of many with one key, one is told that it is the first.
pub trait IdempotencyStore: Send + Sync {
    /// A request begins.
    fn begin<'a>(&'a self, request: &'a KeyedRequest) -> Later<'a, Begun>;
    /// It has its answer. A route that stores the answer in the transaction of its change makes this a second time.
    fn finish<'a>(&'a self, request: &'a KeyedRequest, answer: &'a KeptAnswer) -> Later<'a, ()>;
    /// It ended without one that counts; the key is free again.
    fn abandon<'a>(&'a self, request: &'a KeyedRequest) -> Later<'a, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_bounds() {
        for good in ["01JD0000000000000000000000", "c0ffee00-0000-4000-8000-000000000000", &"a".repeat(20)] {
            assert_eq!(IdempotencyKey::parse(good).unwrap().as_str(), good);
        }
        for wrong in ["", "short", &"a".repeat(65), "01JD 0000000000000000000000", "01JD/0000000000000000000000"] {
            assert_eq!(IdempotencyKey::parse(wrong), Err(RequestFault::IdempotencyKey), "{wrong}");
        }
    }
}
