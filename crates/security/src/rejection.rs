//! Why a signed message is refused.

use crate::key_record::KeyRefusal;

/// The reason goes to the audit log. Whoever sent the message learns only that it was refused, and the server's time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A field that has to be there is not.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// A field that may be there once is there more often.
    #[error("there is more than one {0}")]
    Repeated(&'static str),
    /// A field is not in the one form that is accepted.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// There is another signature beside the one.
    #[error("there is more than one signature")]
    Signatures,
    /// The signature has another label, or another tag.
    #[error("the signature is of another profile")]
    Profile,
    /// The signature does not cover exactly what it has to, in the order of the profile.
    #[error("the signature covers {covered}, not {wanted}")]
    Coverage {
        /// What the profile asks for.
        wanted: String,
        /// What is covered.
        covered: String,
    },
    /// The named algorithm is not the key's.
    #[error("the algorithm is not the key's")]
    Algorithm,
    /// It ends before it begins, or is valid for longer than the profile allows.
    #[error("the signature is valid for {lifetime_s} s")]
    Lifetime {
        /// From its beginning to its end.
        lifetime_s: i64,
    },
    /// Too old.
    #[error("the signature expired {by_s} s ago")]
    Expired {
        /// How long ago.
        by_s: i64,
    },
    /// Made in the future.
    #[error("the signature was made {by_s} s in the future")]
    Future {
        /// How far in the future.
        by_s: i64,
    },
    /// Made before this service began, whose memory of used nonces does not reach back that far.
    #[error("the signature is older than the memory of used nonces")]
    BeforeMemory,
    /// Addressed to somebody else.
    #[error("the request is addressed to {authority:?}")]
    Authority {
        /// To whom.
        authority: String,
    },
    /// Of another version of the protocol.
    #[error("the request speaks another version of the protocol")]
    Protocol,
    /// Nobody has this key.
    #[error("the key is not known")]
    UnknownKey,
    /// The key may not be used.
    #[error("the key may not be used: {0}")]
    Key(KeyRefusal),
    /// The signature does not fit key and message.
    #[error("the signature does not fit")]
    Signature,
    /// The body is another one.
    #[error("the body is not the one that was signed")]
    Body,
    /// This very request was accepted before.
    #[error("the request was used before")]
    Replayed,
    /// The key has used up the nonces that one key may have.
    #[error("the key has used too many nonces in a short time")]
    NoncesSpent,
}

impl Rejection {
    /// A stable word for the audit log and for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Repeated(_) => "repeated",
            Self::Malformed(_) => "malformed",
            Self::Signatures => "signatures",
            Self::Profile => "profile",
            Self::Coverage { .. } => "coverage",
            Self::Algorithm => "algorithm",
            Self::Lifetime { .. } => "lifetime",
            Self::Expired { .. } => "expired",
            Self::Future { .. } => "future",
            Self::BeforeMemory => "before_memory",
            Self::Authority { .. } => "authority",
            Self::Protocol => "protocol",
            Self::UnknownKey => "unknown_key",
            Self::Key(refusal) => refusal.reason(),
            Self::Signature => "signature",
            Self::Body => "body",
            Self::Replayed => "replayed",
            Self::NoncesSpent => "nonces_spent",
        }
    }
}
