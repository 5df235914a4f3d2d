//! Bearer tokens: 256 random bits that are shown once. What is kept is their SHA-256, so a stolen table opens nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edgecoder_types::{Digest, Entropy, ErrorKind, UnixMs};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::canonical::sha256;

/// Begins every token, so that it is found where it doesn't belong.
const PREFIX: &str = "ect_";
/// How long a one-time token of a node lives.
pub const NODE_TOKEN_LIFETIME_MS: i64 = 3_600_000;
/// Most scopes of one token.
pub const SCOPES_MAX: usize = 16;

/// A token's secret. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

impl TokenSecret {
    /// A new one.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = [0_u8; 32];
        entropy.fill(&mut bytes);
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads one that was sent.
    ///
    /// # Errors
    /// [`TokenRefusal::Malformed`]
    pub fn parse(text: &str) -> Result<Self, TokenRefusal> {
        let bytes = text.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
        match bytes {
            Some(bytes) if bytes.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(TokenRefusal::Malformed),
        }
    }

    /// The text itself: for the one who is to have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Under which it is kept.
    pub fn digest(&self) -> Digest {
        sha256(self.0.as_bytes())
    }
}

impl std::fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSecret([redacted])")
    }
}

/// Whom a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A machine that joins. Good for once.
    Node,
    /// A person or a program that submits jobs.
    User,
    /// A person who runs the service.
    Operator,
}

impl TokenKind {
    /// Whether it is good for one use only.
    pub fn is_one_time(self) -> bool {
        self == Self::Node
    }
}

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// SHA-256 of its text.
    pub digest: Digest,
    /// Whom it is for.
    pub kind: TokenKind,
    /// The service that takes it, by its origin or its name.
    pub audience: String,
    /// What it may be used for; at most [`SCOPES_MAX`].
    pub scopes: Vec<String>,
    /// From when on it counts no more. A one-time token has such a time.
    pub expires_at: Option<UnixMs>,
    /// When a one-time token was used.
    pub used_at: Option<UnixMs>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
}

/// What a token is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenUse<'a> {
    /// Whom it has to be for.
    pub kind: TokenKind,
    /// The service that is asked.
    pub audience: &'a str,
    /// What is to be done.
    pub scope: Option<&'a str>,
}

/// Why a token is refused. The reason goes to the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// None of ours.
    #[error("the token is malformed")]
    Malformed,
    /// Nobody has it.
    #[error("the token is not known")]
    Unknown,
    /// It is for somebody else.
    #[error("the token is of another kind")]
    OtherKind,
    /// It is for another service.
    #[error("the token is for another service")]
    OtherAudience,
    /// Its time is over.
    #[error("the token expired {by_s} s ago")]
    Expired {
        /// How long ago.
        by_s: i64,
    },
    /// It was used.
    #[error("the token was used before")]
    Used,
    /// It was revoked.
    #[error("the token is revoked")]
    Revoked,
    /// It is not for that.
    #[error("the token has no scope {0}")]
    Scope(String),
}

impl TokenRefusal {
    /// What a caller can do about it. Only a missing scope tells that the token is known.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Scope(_) => ErrorKind::Forbidden,
            Self::Malformed
            | Self::Unknown
            | Self::OtherKind
            | Self::OtherAudience
            | Self::Expired { .. }
            | Self::Used
            | Self::Revoked => ErrorKind::Unauthenticated,
        }
    }

    /// A stable word for the audit log.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::Unknown => "token_unknown",
            Self::OtherKind => "token_kind",
            Self::OtherAudience => "token_audience",
            Self::Expired { .. } => "token_expired",
            Self::Used => "token_used",
            Self::Revoked => "token_revoked",
            Self::Scope(_) => "token_scope",
        }
    }
}

impl TokenRecord {
    /// Whether this secret, at this time, may be used for that. Whether a one-time token is used up is decided once more by
    /// the store, in the step that marks it as used.
    ///
    /// # Errors
    /// As [`TokenRefusal`] says.
    pub fn check(&self, secret: &TokenSecret, wanted: &TokenUse<'_>, now: UnixMs) -> Result<(), TokenRefusal> {
        if !bool::from(self.digest.0.ct_eq(&secret.digest().0)) {
            return Err(TokenRefusal::Unknown);
        }
        if self.revoked_at.is_some_and(|at| now >= at) {
            return Err(TokenRefusal::Revoked);
        }
        if self.kind.is_one_time() && self.used_at.is_some() {
            return Err(TokenRefusal::Used);
        }
        match self.expires_at {
            Some(at) if now >= at => return Err(TokenRefusal::Expired { by_s: (now.0.saturating_sub(at.0)) / 1_000 }),
            None if self.kind.is_one_time() => return Err(TokenRefusal::Expired { by_s: 0 }),
            _ => {}
        }
        if self.kind != wanted.kind {
            return Err(TokenRefusal::OtherKind);
        }
        if self.audience != wanted.audience {
            return Err(TokenRefusal::OtherAudience);
        }
        let may = wanted.scope.is_none_or(|scope| self.scopes.iter().take(SCOPES_MAX).any(|known| known == scope));
        if may { Ok(()) } else { Err(TokenRefusal::Scope(wanted.scope.unwrap_or_default().to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);
    const WANTED: TokenUse<'_> =
        TokenUse { kind: TokenKind::Node, audience: "https://c.example", scope: Some("enrol") };

    fn made() -> (TokenSecret, TokenRecord) {
        let secret = TokenSecret::generate(&mut Counting(1));
        let record = TokenRecord {
            digest: secret.digest(),
            kind: TokenKind::Node,
            audience: "https://c.example".to_owned(),
            scopes: vec!["enrol".to_owned()],
            expires_at: Some(UnixMs(NOW.0 + NODE_TOKEN_LIFETIME_MS)),
            used_at: None,
            revoked_at: None,
        };
        (secret, record)
    }

    #[test]
    fn a_secret_is_256_bits_in_one_form_and_not_shown() {
        let (secret, record) = made();
        assert_eq!(TokenSecret::parse(secret.expose()), Ok(secret.clone()));
        assert_eq!(secret.expose().len(), PREFIX.len() + 43);
        assert!(!format!("{secret:?} {record:?}").contains(&secret.expose()[4..]));
        let longer = format!("{}AAAA", secret.expose());
        for wrong in ["", "ect_", "ect_AAAA", secret.expose().strip_prefix(PREFIX).unwrap(), longer.as_str()] {
            assert_eq!(TokenSecret::parse(wrong), Err(TokenRefusal::Malformed), "{wrong}");
        }
    }

    #[test]
    fn each_rule_refuses_by_itself() {
        let (secret, record) = made();
        assert_eq!(record.check(&secret, &WANTED, NOW), Ok(()));
        let end = UnixMs(NOW.0 + NODE_TOKEN_LIFETIME_MS + 5_000);
        let with = |change: fn(&mut TokenRecord)| {
            let mut changed = record.clone();
            change(&mut changed);
            changed
        };
        let rows = [
            (record.clone(), end, TokenRefusal::Expired { by_s: 5 }),
            (with(|r| r.digest = sha256(b"other")), NOW, TokenRefusal::Unknown),
            (with(|r| r.kind = TokenKind::Operator), NOW, TokenRefusal::OtherKind),
            (with(|r| r.audience = "https://d.example".to_owned()), NOW, TokenRefusal::OtherAudience),
            (with(|r| r.scopes.clear()), NOW, TokenRefusal::Scope("enrol".to_owned())),
            (with(|r| r.used_at = Some(NOW)), NOW, TokenRefusal::Used),
            (with(|r| r.revoked_at = Some(NOW)), NOW, TokenRefusal::Revoked),
            (with(|r| r.expires_at = None), NOW, TokenRefusal::Expired { by_s: 0 }),
        ];
        for (record, now, refusal) in rows {
            assert_eq!(record.check(&secret, &WANTED, now), Err(refusal));
        }
        // What is good for more than once may be used again, and need not end.
        let user = with(|r| (r.kind, r.used_at, r.expires_at) = (TokenKind::User, Some(NOW), None));
        assert_eq!(user.check(&secret, &TokenUse { kind: TokenKind::User, ..WANTED }, end), Ok(()));
        let kinds = [TokenRefusal::Unknown, TokenRefusal::Scope(String::new())].map(|refusal| refusal.kind());
        assert_eq!(kinds, [ErrorKind::Unauthenticated, ErrorKind::Forbidden]);
    }

    #[test]
    fn no_more_scopes_than_the_bound_count() {
        let (secret, mut record) = made();
        record.scopes = (0..=SCOPES_MAX).map(|number| number.to_string()).collect();
        let wanted = |scope| TokenUse { scope: Some(scope), ..WANTED };
        assert_eq!(record.check(&secret, &wanted("15"), NOW), Ok(()));
        assert_eq!(record.check(&secret, &wanted("16"), NOW), Err(TokenRefusal::Scope("16".to_owned())));
    }
}
