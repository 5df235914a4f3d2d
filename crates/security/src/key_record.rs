//! What is known of a node's key: from when to when it counts, and how one key follows another.

use edgecoder_types::UnixMs;
use edgecoder_types::ids::NodeId;
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json};
use crate::key::{self, KeyError, NodeKey, PublicKey};

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// How long a key counts.
pub const KEY_LIFETIME_MS: i64 = 90 * DAY_MS;
/// How long a key still verifies after another one took its place.
pub const OVERLAP_MS: i64 = 2 * DAY_MS;
/// Signed before the statement, so that no other signed message can be taken for a rotation.
const DOMAIN: &[u8] = b"edgecoder/key-rotation/v1\n";

/// The algorithm that a key is for. It is the record's, never the message's, that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// RFC 8032.
    Ed25519,
}

impl Algorithm {
    /// Its name in RFC 9421.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
        }
    }
}

/// Why a key does not count at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// Not yet.
    #[error("it is not valid yet")]
    Early,
    /// It was too old.
    #[error("it has expired")]
    Expired,
    /// Another one took its place, and the overlap is over.
    #[error("another key took its place")]
    Superseded,
    /// It was revoked.
    #[error("it is revoked")]
    Revoked,
}

impl KeyRefusal {
    /// A stable word for the audit log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Early => "key_early",
            Self::Expired => "key_expired",
            Self::Superseded => "key_superseded",
            Self::Revoked => "key_revoked",
        }
    }
}

/// A key and the times that bound its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub public: PublicKey,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// When it begins to count.
    pub valid_from: UnixMs,
    /// When it stops to.
    pub expires_at: UnixMs,
    /// When another key took its place.
    pub superseded_at: Option<UnixMs>,
    /// From when on nothing that it signed counts. What was signed, and logged, before stays valid.
    pub revoked_from: Option<UnixMs>,
}

impl KeyRecord {
    /// A new key's record.
    pub fn new(public: PublicKey, at: UnixMs) -> Self {
        Self {
            public,
            algorithm: Algorithm::Ed25519,
            valid_from: at,
            expires_at: UnixMs(at.0.saturating_add(KEY_LIFETIME_MS)),
            superseded_at: None,
            revoked_from: None,
        }
    }

    /// The record after another key took this one's place. The first such time stays.
    #[must_use]
    pub fn superseded(self, at: UnixMs) -> Self {
        Self { superseded_at: Some(self.superseded_at.map_or(at, |known| known.min(at))), ..self }
    }

    /// The record after a revocation, which can only be moved back in time.
    #[must_use]
    pub fn revoked(self, from: UnixMs) -> Self {
        Self { revoked_from: Some(self.revoked_from.map_or(from, |known| known.min(from))), ..self }
    }

    /// Whether a signature that was made, or logged, at this time counts.
    ///
    /// # Errors
    /// As [`KeyRefusal`] says; a revocation is named before anything else.
    pub fn check_verifies(&self, at: UnixMs) -> Result<(), KeyRefusal> {
        if self.revoked_from.is_some_and(|from| at >= from) {
            return Err(KeyRefusal::Revoked);
        }
        if at < self.valid_from {
            return Err(KeyRefusal::Early);
        }
        if at >= self.expires_at {
            return Err(KeyRefusal::Expired);
        }
        if self.superseded_at.is_some_and(|since| at.0 >= since.0.saturating_add(OVERLAP_MS)) {
            return Err(KeyRefusal::Superseded);
        }
        Ok(())
    }

    /// Whether the key may vouch for something new, as in an enrolment: a superseded one verifies only.
    ///
    /// # Errors
    /// As [`KeyRecord::check_verifies`], and [`KeyRefusal::Superseded`] within the overlap.
    pub fn check_enrols(&self, at: UnixMs) -> Result<(), KeyRefusal> {
        self.check_verifies(at)?;
        if self.superseded_at.is_some_and(|since| at >= since) { Err(KeyRefusal::Superseded) } else { Ok(()) }
    }
}

/// That one key takes another's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationStatement {
    /// Whose keys they are.
    pub node: NodeId,
    /// Thumbprint of the old key.
    pub old_key_id: String,
    /// The new key, in base64url.
    pub new_public_key: String,
    /// When.
    pub at: UnixMs,
}

/// A rotation, signed by the old key and by the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// What is signed.
    pub statement: RotationStatement,
    /// The old key's signature, in base64url.
    pub signed_by_old: String,
    /// The new key's.
    pub signed_by_new: String,
}

/// Why a rotation is refused.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// It is about another key than the one at hand, or about another node.
    #[error("the rotation is about another key")]
    OtherKey,
    /// The new key is the old one.
    #[error("the rotation changes nothing")]
    SameKey,
    /// The old key may not sign any more.
    #[error("the old key may not be used")]
    Refused(#[source] KeyRefusal),
    /// A key or a signature.
    #[error("the rotation's signature is refused")]
    Key(#[from] KeyError),
    /// No canonical form.
    #[error("the rotation cannot be canonicalised")]
    Canonical(#[from] CanonicalError),
}

/// Signs a rotation with both keys.
///
/// # Errors
/// [`CanonicalError`], which no statement of ours has.
pub fn rotate(old: &NodeKey, new: &NodeKey, node: NodeId, at: UnixMs) -> Result<Rotation, CanonicalError> {
    let statement = RotationStatement { node, old_key_id: old.thumbprint(), new_public_key: new.public(), at };
    let message = message(&statement)?;
    Ok(Rotation { signed_by_old: old.sign(&message), signed_by_new: new.sign(&message), statement })
}

/// Checks a rotation of this node's key, and gives the records of the old key and of the new one.
///
/// # Errors
/// As [`RotationError`] says.
pub fn verify_rotation(
    rotation: &Rotation,
    node: NodeId,
    old: &KeyRecord,
    now: UnixMs,
) -> Result<(KeyRecord, KeyRecord), RotationError> {
    let statement = &rotation.statement;
    if statement.node != node || statement.old_key_id != old.public.thumbprint() {
        return Err(RotationError::OtherKey);
    }
    let new = PublicKey::parse(&statement.new_public_key)?;
    if new == old.public {
        return Err(RotationError::SameKey);
    }
    old.check_enrols(now).map_err(RotationError::Refused)?;
    let message = message(statement)?;
    key::verify(&old.public.to_string(), &message, &rotation.signed_by_old)?;
    key::verify(&new.to_string(), &message, &rotation.signed_by_new)?;
    Ok((old.superseded(now), KeyRecord::new(new, now)))
}

fn message(statement: &RotationStatement) -> Result<Vec<u8>, CanonicalError> {
    Ok([DOMAIN.to_vec(), canonical_json(statement)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    fn keys() -> (NodeKey, NodeKey, NodeId) {
        let mut entropy = Counting(3);
        (NodeKey::generate(&mut entropy), NodeKey::generate(&mut entropy), NodeId::mint(NOW, &mut entropy))
    }

    #[test]
    fn a_key_counts_between_its_bounds() {
        let record = KeyRecord::new(keys().0.public_key(), NOW);
        let after = |ms: i64| UnixMs(NOW.0 + ms);
        let replaced = record.superseded(after(DAY_MS));
        let revoked = record.revoked(after(5));
        let rows = [
            (record, -1, Err(KeyRefusal::Early)),
            (record, 0, Ok(())),
            (record, KEY_LIFETIME_MS - 1, Ok(())),
            (record, KEY_LIFETIME_MS, Err(KeyRefusal::Expired)),
            (replaced, 3 * DAY_MS - 1, Ok(())),
            (replaced, 3 * DAY_MS, Err(KeyRefusal::Superseded)),
            (revoked, 4, Ok(())),
            (revoked, 5, Err(KeyRefusal::Revoked)),
            (revoked, KEY_LIFETIME_MS, Err(KeyRefusal::Revoked)),
        ];
        for (record, ms, expected) in rows {
            assert_eq!(record.check_verifies(after(ms)), expected, "{ms} {record:?}");
        }
        assert_eq!(replaced.check_enrols(after(DAY_MS - 1)), Ok(()));
        assert_eq!(replaced.check_enrols(after(DAY_MS)), Err(KeyRefusal::Superseded));
        assert_eq!(revoked.revoked(after(9)).revoked_from, Some(after(5)));
        assert_eq!(replaced.superseded(after(2 * DAY_MS)).superseded_at, Some(after(DAY_MS)));
    }

    #[test]
    fn a_rotation_needs_both_keys() {
        let (old, new, node) = keys();
        let record = KeyRecord::new(old.public_key(), NOW);
        let rotation = rotate(&old, &new, node, NOW).unwrap();
        let (before, after) = verify_rotation(&rotation, node, &record, NOW).unwrap();
        assert_eq!((before.superseded_at, after), (Some(NOW), KeyRecord::new(new.public_key(), NOW)));

        let swapped = Rotation {
            signed_by_old: rotation.signed_by_new.clone(),
            signed_by_new: rotation.signed_by_old.clone(),
            ..rotation.clone()
        };
        let mut changed = rotation.clone();
        changed.statement.at = UnixMs(NOW.0 + 1);
        for wrong in [swapped, changed] {
            assert!(matches!(verify_rotation(&wrong, node, &record, NOW), Err(RotationError::Key(_))), "{wrong:?}");
        }
        let other = NodeId::mint(NOW, &mut Counting(99));
        assert!(matches!(verify_rotation(&rotation, other, &record, NOW), Err(RotationError::OtherKey)));
        let of_new = KeyRecord::new(new.public_key(), NOW);
        assert!(matches!(verify_rotation(&rotation, node, &of_new, NOW), Err(RotationError::OtherKey)));
        let same = rotate(&old, &old, node, NOW).unwrap();
        assert!(matches!(verify_rotation(&same, node, &record, NOW), Err(RotationError::SameKey)));
        for refused in [record.revoked(NOW), record.superseded(NOW)] {
            let end = verify_rotation(&rotation, node, &refused, NOW);
            assert!(matches!(end, Err(RotationError::Refused(_))), "{end:?}");
        }
    }
}
