//! What this layer itself refuses, before any handler is asked.

use axum::http::StatusCode;
use edgecoder_types::ErrorKind;

use super::problem::{Refused, ServiceError, status_of};

/// A request that no handler sees.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// No such route.
    #[error("there is nothing at this path")]
    NoRoute,
    /// The route has other methods.
    #[error("this path has other methods")]
    Method,
    /// `Host` names none of the names under which this service is reached.
    #[error("this service is not {0:?}: ask it by a name that it was told to answer to")]
    Host(String),
    /// A browser's page of another origin asks.
    #[error("pages of {0:?} may not ask this service")]
    Origin(String),
    /// Who asks is not known. Nothing more is said; the reason is in the log.
    #[error("who asks is not known here; the answer's Date is this service's time")]
    Unauthenticated,
    /// Who asks is known, and may not.
    #[error("{0}")]
    Forbidden(String),
    /// The node is known, and may not work.
    #[error("the node is {0}")]
    NodeNotActive(&'static str),
    /// The body is no JSON, or not the JSON that is wanted.
    #[error("{why}")]
    Json {
        /// What is wrong.
        why: String,
        /// Line and column, from 1.
        place: Option<(usize, usize)>,
    },
    /// The body is of another type.
    #[error("the body has to be application/json")]
    MediaType,
    /// The body is larger than this route takes.
    #[error("the body has more than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// The body did not come in time, or broke off.
    #[error("the body did not come whole within {seconds} s")]
    Slow {
        /// How long was waited.
        seconds: u64,
    },
    /// A part of the path or of the query is not what it has to be.
    #[error("{0}")]
    Parameter(String),
    /// `Idempotency-Key` is missing or no key.
    #[error("this request needs an Idempotency-Key of 20 to 64 letters, digits, - or _")]
    IdempotencyKey,
    /// The key was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyConflict,
    /// The first request with this key is still under way.
    #[error("the first request with this Idempotency-Key is still under way")]
    IdempotencyBusy,
    /// Too many wait already.
    #[error("too many requests wait already")]
    Busy,
    /// The service is going down.
    #[error("the service is going down")]
    Draining,
    /// A store did not answer.
    #[error("a store does not answer")]
    Store,
    /// A fault of ours. What it is stands in the log.
    #[error("a fault of this service")]
    Internal,
}

impl ServiceError for RequestFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRoute => ErrorKind::NotFound,
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Host(_) | Self::Origin(_) | Self::Forbidden(_) | Self::NodeNotActive(_) => ErrorKind::Forbidden,
            Self::Method
            | Self::Json { .. }
            | Self::MediaType
            | Self::TooLarge { .. }
            | Self::Slow { .. }
            | Self::Parameter(_)
            | Self::IdempotencyKey => ErrorKind::Invalid,
            Self::IdempotencyConflict | Self::IdempotencyBusy => ErrorKind::Conflict,
            Self::Busy => ErrorKind::Exhausted,
            Self::Draining | Self::Store => ErrorKind::Unavailable,
            Self::Internal => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoRoute => "route_not_found",
            Self::Method => "method_not_allowed",
            Self::Host(_) => "host_refused",
            Self::Origin(_) => "origin_refused",
            Self::Unauthenticated => "auth_failed",
            Self::Forbidden(_) => "forbidden",
            Self::NodeNotActive(_) => "node_not_active",
            Self::Json { .. } => "json_invalid",
            Self::MediaType => "media_type_unsupported",
            Self::TooLarge { .. } => "body_too_large",
            Self::Slow { .. } => "body_too_slow",
            Self::Parameter(_) => "parameter_invalid",
            Self::IdempotencyKey => "idempotency_key_invalid",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::IdempotencyBusy => "idempotency_busy",
            Self::Busy => "service_busy",
            Self::Draining => "service_draining",
            Self::Store => "store_unavailable",
            Self::Internal => "internal",
        }
    }

    fn refuse(&self) -> Refused {
        let words = if *self == Self::Internal { String::new() } else { self.to_string() };
        let refused = Refused::with_status(self.status(), self.code(), words);
        match self {
            Self::Json { place: Some((line, column)), .. } => refused.at(*line, *column),
            Self::IdempotencyBusy | Self::Busy | Self::Draining | Self::Store => refused.retry_after(1),
            _ => refused,
        }
    }
}

impl RequestFault {
    /// The status; HTTP has better ones than the kind's for some.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::IdempotencyConflict => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoRoute
            | Self::Origin(_)
            | Self::Unauthenticated
            | Self::Forbidden(_)
            | Self::NodeNotActive(_)
            | Self::Json { .. }
            | Self::Parameter(_)
            | Self::IdempotencyKey
            | Self::IdempotencyBusy
            | Self::Busy
            | Self::Draining
            | Self::Store
            | Self::Internal => status_of(self.kind()),
        }
    }
}
