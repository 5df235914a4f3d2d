//! One id for what happens in many places: from the IDE to the ledger.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use edgecoder_types::Entropy;

use super::problem::{Refused, ServiceError};

/// The header of an answer that names it.
pub const TRACE_HEADER: &str = "trace-id";

/// 128 bits as 32 hexadecimal digits, as in W3C Trace Context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// A new one.
    pub fn mint(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = [0_u8; 16];
        entropy.fill(&mut bytes);
        // Zero is no id.
        Self(u128::from_be_bytes(bytes).max(1))
    }

    /// Reads `traceparent`: `00-<32 digits>-<16 digits>-<2 digits>`.
    pub fn from_traceparent(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, parent, flags] = parts.as_slice() else { return None };
        let is_hex = |text: &str, len: usize| {
            text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        if *version != "00" || !is_hex(trace, 32) || !is_hex(parent, 16) || !is_hex(flags, 2) {
            return None;
        }
        u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0).map(Self)
    }

    /// As a `traceparent` for what is asked further on.
    pub fn to_traceparent(self) -> String {
        format!("00-{self}-{:016x}-01", u64::try_from(self.0 & u128::from(u64::MAX)).unwrap_or(1).max(1))
    }

    /// The one that came with a request, or a new one.
    pub(super) fn of(headers: &HeaderMap, entropy: &mut dyn Entropy) -> Self {
        let sent = headers.get("traceparent").and_then(|value| value.to_str().ok());
        sent.and_then(Self::from_traceparent).unwrap_or_else(|| Self::mint(entropy))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TraceId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let missing = || super::fault::RequestFault::Internal.refuse().logged("a handler without a trace id");
        parts.extensions.get::<Self>().copied().ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_their_one_form() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let id = TraceId::from_traceparent(text).unwrap();
        assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(TraceId::from_traceparent(&id.to_traceparent()), Some(id));
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceId::from_traceparent(wrong), None, "{wrong}");
        }
    }
}
