//! What a caller can do about an error.

use serde::{Deserialize, Serialize};

/// The decision an error asks of its caller. Every public error of every crate maps to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The input is wrong; the same call will fail again.
    Invalid,
    /// Nobody said who is asking.
    Unauthenticated,
    /// Policy or permission refuses.
    Forbidden,
    /// The named thing does not exist.
    NotFound,
    /// The state has moved on, or the thing exists already.
    Conflict,
    /// A quota, a budget or the disk is used up.
    Exhausted,
    /// Something that is needed does not answer now; trying again may help.
    Unavailable,
    /// A fault of ours.
    Internal,
}
