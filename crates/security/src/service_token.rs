//! What a service shows to another one: a signed statement that lives for minutes and is for one audience.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edgecoder_types::UnixMs;
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json};
use crate::key::{NodeKey, PublicKey};
use crate::request::SKEW_S_MAX;

/// Longest life of a service's token.
pub const SERVICE_TOKEN_LIFETIME_MS_MAX: i64 = 300_000;
/// Longest text of one, in bytes.
const TOKEN_BYTES_MAX: usize = 4_096;
/// Most scopes of one.
const SCOPES_MAX: usize = 16;
/// Signed before the claims, so that no other signed message can be taken for a token.
const DOMAIN: &[u8] = b"edgecoder/service-token/v1\n";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceClaims {
    /// Thumbprint of the key that signs.
    pub key_id: String,
    /// Who asks, such as `coordinator`.
    pub service: String,
    /// Who is asked.
    pub audience: String,
    /// What may be done.
    pub scopes: Vec<String>,
    /// Since when.
    pub issued_at: UnixMs,
    /// Until when.
    pub expires_at: UnixMs,
}

/// A service that may ask, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceKey {
    /// The one name under which this key may ask.
    pub service: String,
    /// Its key.
    pub public: PublicKey,
}

/// Why a service's token is refused. The reason goes to the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceTokenRefusal {
    /// Not in the one form.
    #[error("the token is malformed")]
    Malformed,
    /// Nobody knows its key, or not under this name.
    #[error("the token's key is not known for this service")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature does not fit")]
    Signature,
    /// It is for another service.
    #[error("the token is for another service")]
    OtherAudience,
    /// Its time is over.
    #[error("the token expired {by_ms} ms ago")]
    Expired {
        /// How long ago.
        by_ms: i64,
    },
    /// It begins later.
    #[error("the token begins in {by_ms} ms")]
    Future {
        /// In how long.
        by_ms: i64,
    },
    /// It lives for longer than any may.
    #[error("the token lives for {lifetime_ms} ms")]
    Lifetime {
        /// For how long.
        lifetime_ms: i64,
    },
}

impl ServiceTokenRefusal {
    /// A stable word for the audit log.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "service_token_malformed",
            Self::UnknownKey => "service_token_key",
            Self::Signature => "service_token_signature",
            Self::OtherAudience => "service_token_audience",
            Self::Expired { .. } => "service_token_expired",
            Self::Future { .. } => "service_token_future",
            Self::Lifetime { .. } => "service_token_lifetime",
        }
    }
}

/// Signs a token: the claims and the signature, each in base64url, with a point between them.
///
/// # Errors
/// [`CanonicalError`], which no claims of ours have.
pub fn issue_service_token(
    key: &NodeKey,
    service: &str,
    audience: &str,
    scopes: &[&str],
    at: UnixMs,
) -> Result<String, CanonicalError> {
    let claims = ServiceClaims {
        key_id: key.thumbprint(),
        service: service.to_owned(),
        audience: audience.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        issued_at: at,
        expires_at: UnixMs(at.0.saturating_add(SERVICE_TOKEN_LIFETIME_MS_MAX)),
    };
    let json = canonical_json(&claims)?;
    let signature = key.sign(&[DOMAIN, &json].concat());
    Ok(format!("{}.{signature}", URL_SAFE_NO_PAD.encode(json)))
}

/// Checks a token for this audience by the keys of the services that may ask.
///
/// # Errors
/// As [`ServiceTokenRefusal`] says.
pub fn verify_service_token(
    text: &str,
    audience: &str,
    keys: &[ServiceKey],
    now: UnixMs,
) -> Result<ServiceClaims, ServiceTokenRefusal> {
    let malformed = || ServiceTokenRefusal::Malformed;
    let (claims_text, signature) =
        text.split_once('.').filter(|_| text.len() <= TOKEN_BYTES_MAX).ok_or_else(malformed)?;
    let json = URL_SAFE_NO_PAD.decode(claims_text).map_err(|_| malformed())?;
    let signature: [u8; 64] =
        URL_SAFE_NO_PAD.decode(signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
    let claims: ServiceClaims = serde_json::from_slice(&json).map_err(|_| malformed())?;
    if claims.scopes.len() > SCOPES_MAX {
        return Err(malformed());
    }
    let key = keys
        .iter()
        .find(|key| key.public.thumbprint() == claims.key_id && key.service == claims.service)
        .ok_or(ServiceTokenRefusal::UnknownKey)?;
    key.public.verify(&[DOMAIN, &json].concat(), &signature).map_err(|_| ServiceTokenRefusal::Signature)?;
    check_claims(&claims, audience, now)?;
    Ok(claims)
}

fn check_claims(claims: &ServiceClaims, audience: &str, now: UnixMs) -> Result<(), ServiceTokenRefusal> {
    if claims.audience != audience {
        return Err(ServiceTokenRefusal::OtherAudience);
    }
    let lifetime_ms = claims.expires_at.0.saturating_sub(claims.issued_at.0);
    if !(1..=SERVICE_TOKEN_LIFETIME_MS_MAX).contains(&lifetime_ms) {
        return Err(ServiceTokenRefusal::Lifetime { lifetime_ms });
    }
    let skew_ms = SKEW_S_MAX * 1_000;
    if claims.issued_at.0 > now.0.saturating_add(skew_ms) {
        return Err(ServiceTokenRefusal::Future { by_ms: claims.issued_at.0.saturating_sub(now.0) });
    }
    if now.0 >= claims.expires_at.0.saturating_add(skew_ms) {
        return Err(ServiceTokenRefusal::Expired { by_ms: now.0.saturating_sub(claims.expires_at.0) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    fn key(seed: u8) -> NodeKey {
        NodeKey::generate(&mut Counting(seed))
    }

    fn keys() -> Vec<ServiceKey> {
        let of = |service: &str, seed| ServiceKey { service: service.to_owned(), public: key(seed).public_key() };
        vec![of("coordinator", 1), of("portal", 2)]
    }

    fn signed(seed: u8, claims: &ServiceClaims) -> String {
        let json = canonical_json(claims).unwrap();
        let signature = key(seed).sign(&[DOMAIN, &json].concat());
        format!("{}.{signature}", URL_SAFE_NO_PAD.encode(json))
    }

    #[test]
    fn a_token_is_for_one_audience_and_for_minutes() {
        let token = issue_service_token(&key(1), "coordinator", "inference", &["decompose"], NOW).unwrap();
        let after = |ms: i64| verify_service_token(&token, "inference", &keys(), UnixMs(NOW.0 + ms));
        let claims = after(0).unwrap();
        assert_eq!((claims.service.as_str(), claims.scopes), ("coordinator", vec!["decompose".to_owned()]));
        assert!(after(-30_000).is_ok() && after(329_999).is_ok());
        assert_eq!(after(330_000), Err(ServiceTokenRefusal::Expired { by_ms: 30_000 }));
        assert_eq!(after(-30_001), Err(ServiceTokenRefusal::Future { by_ms: 30_001 }));
        let elsewhere = verify_service_token(&token, "portal", &keys(), NOW);
        assert_eq!(elsewhere, Err(ServiceTokenRefusal::OtherAudience));
    }

    #[test]
    fn a_key_asks_under_its_own_name_and_signs_every_byte() {
        let token = issue_service_token(&key(1), "portal", "inference", &[], NOW).unwrap();
        let verify = |token: &str| verify_service_token(token, "inference", &keys(), NOW);
        assert_eq!(verify(&token), Err(ServiceTokenRefusal::UnknownKey));
        let stranger = issue_service_token(&key(3), "portal", "inference", &[], NOW).unwrap();
        assert_eq!(verify(&stranger), Err(ServiceTokenRefusal::UnknownKey));

        let good = issue_service_token(&key(2), "portal", "inference", &[], NOW).unwrap();
        let claims = verify(&good).unwrap();
        let more = ServiceClaims { scopes: vec!["admin".to_owned()], ..claims.clone() };
        let json = URL_SAFE_NO_PAD.encode(canonical_json(&more).unwrap());
        let grafted = format!("{json}.{}", good.split_once('.').unwrap().1);
        assert_eq!(verify(&grafted), Err(ServiceTokenRefusal::Signature));
        let long = ServiceClaims { expires_at: UnixMs(NOW.0 + SERVICE_TOKEN_LIFETIME_MS_MAX + 1), ..claims.clone() };
        let refusal = ServiceTokenRefusal::Lifetime { lifetime_ms: SERVICE_TOKEN_LIFETIME_MS_MAX + 1 };
        assert_eq!(verify(&signed(2, &long)), Err(refusal));
        let many = ServiceClaims { scopes: vec![String::new(); SCOPES_MAX + 1], ..claims };
        let large = "a".repeat(TOKEN_BYTES_MAX) + "." + "a";
        for wrong in ["", ".", "a.b", &good.replace('.', ""), &signed(2, &many), &large] {
            assert_eq!(verify(wrong), Err(ServiceTokenRefusal::Malformed), "{wrong}");
        }
    }
}
