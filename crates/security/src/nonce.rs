//! That a signed request is accepted once.
//!
//! The order is part of the protection: a nonce is stored only after its signature was verified, so that strangers can't fill
//! the store, and each key has a share of its own, so that one key can't take the others' room.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use edgecoder_types::UnixMs;

/// Most nonces that are kept of one key: what a key may send in the two minutes for which one is kept, with room.
pub const NONCES_PER_KEY_MAX: usize = 20_000;

/// A nonce that was used by a verified request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonceUse {
    /// Thumbprint of the key.
    pub key_id: String,
    /// The nonce as it was sent: 128 bits in base64url.
    pub nonce: String,
    /// Until when it has to be remembered.
    pub keep_until: UnixMs,
}

/// What a store says to a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It was not there, and is now.
    Fresh,
    /// It was there.
    Used,
    /// The key has [`NONCES_PER_KEY_MAX`] of them.
    Full,
}

/// The answer of a store, later.
pub type NonceAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<Freshness, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// Where used nonces are kept. One atomic step: of two that come with the same nonce, one is told that it is fresh.
pub trait NonceStore: Send + Sync {
    /// Remembers a nonce, unless it is known. Whatever is not to be kept at `now` any more may be forgotten.
    fn remember<'a>(&'a self, nonce: &'a NonceUse, now: UnixMs) -> NonceAnswer<'a>;

    /// From when on it remembers: `None` when it survives a restart. Requests that are older are refused.
    fn remembers_since(&self) -> Option<UnixMs>;
}

/// Used nonces in memory, for a service without a database. It forgets at a restart, so a service with it refuses what was
/// signed before it began.
#[derive(Clone, Debug, Default)]
pub struct ReplayWindow {
    of_keys: BTreeMap<String, BTreeSet<String>>,
    by_time: BTreeSet<(UnixMs, String, String)>,
}

impl ReplayWindow {
    /// Remembers a nonce, unless it is known.
    pub fn remember(&mut self, nonce: &NonceUse, now: UnixMs) -> Freshness {
        self.forget(now);
        let known = self.of_keys.entry(nonce.key_id.clone()).or_default();
        if known.contains(&nonce.nonce) {
            return Freshness::Used;
        }
        if known.len() >= NONCES_PER_KEY_MAX {
            return Freshness::Full;
        }
        known.insert(nonce.nonce.clone());
        self.by_time.insert((nonce.keep_until, nonce.key_id.clone(), nonce.nonce.clone()));
        Freshness::Fresh
    }

    /// Nonces that are remembered.
    pub fn len(&self) -> usize {
        self.by_time.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_time.is_empty()
    }

    fn forget(&mut self, now: UnixMs) {
        while let Some((until, _, _)) = self.by_time.first()
            && *until < now
            && let Some((_, key_id, nonce)) = self.by_time.pop_first()
        {
            if let Some(known) = self.of_keys.get_mut(&key_id) {
                known.remove(&nonce);
                if known.is_empty() {
                    self.of_keys.remove(&key_id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(key: &str, number: usize, keep_until: i64) -> NonceUse {
        NonceUse { key_id: key.to_owned(), nonce: number.to_string(), keep_until: UnixMs(keep_until) }
    }

    #[test]
    fn a_nonce_is_fresh_once_per_key_until_it_is_forgotten() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.remember(&nonce("a", 1, 100), UnixMs(0)), Freshness::Fresh);
        assert_eq!(window.remember(&nonce("a", 1, 100), UnixMs(100)), Freshness::Used);
        assert_eq!(window.remember(&nonce("b", 1, 100), UnixMs(100)), Freshness::Fresh);
        assert_eq!(window.remember(&nonce("a", 1, 300), UnixMs(101)), Freshness::Fresh);
        assert_eq!(window.len(), 1);
    }

    #[test]
    fn a_key_that_floods_fills_its_own_share_only() {
        let mut window = ReplayWindow::default();
        for number in 0..NONCES_PER_KEY_MAX {
            assert_eq!(window.remember(&nonce("a", number, 100), UnixMs(0)), Freshness::Fresh);
        }
        assert_eq!(window.remember(&nonce("a", NONCES_PER_KEY_MAX, 100), UnixMs(0)), Freshness::Full);
        assert_eq!(window.remember(&nonce("a", 0, 100), UnixMs(0)), Freshness::Used);
        assert_eq!(window.remember(&nonce("b", 0, 100), UnixMs(0)), Freshness::Fresh);
        assert_eq!(window.len(), NONCES_PER_KEY_MAX + 1);
        assert_eq!(window.remember(&nonce("a", NONCES_PER_KEY_MAX, 300), UnixMs(101)), Freshness::Fresh);
        assert_eq!(window.len(), 1);
    }
}
