//! The table of routes. Everything about a route that isn't its work stands in its entry: who may use it, how large a body it
//! takes, whether it may be sent twice. Tests and documents are made from the same table.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::de::DeserializeOwned;

use super::caller::{Caller, Policy};
use super::schema::{Schema, schema_of};

/// Largest body of a route that does not say otherwise.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Asks.
    Get,
    /// Creates, or does something.
    Post,
    /// Puts something at a known place.
    Put,
    /// Removes.
    Delete,
}

impl Verb {
    /// As it stands in the first line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// What is known of a route besides its handler.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// Its method.
    pub verb: Verb,
    /// Its path, with variables such as `{id}`.
    pub path: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Who may use it.
    pub policy: Policy,
    /// What a token has to allow.
    pub scope: Option<&'static str>,
    /// Largest body, in bytes.
    pub body_bytes_max: usize,
    /// Whether it takes an `Idempotency-Key` and answers a repeated request with the first answer.
    pub is_idempotent: bool,
    /// The JSON that it takes.
    pub takes: Option<fn() -> Schema>,
    /// The JSON that it gives.
    pub gives: Option<fn() -> Schema>,
}

/// A route: its entry and its handler.
#[derive(Clone, Debug)]
pub struct Route<S> {
    pub(super) info: RouteInfo,
    pub(super) handler: MethodRouter<S>,
}

/// A handler whose first argument is its caller.
pub trait AsksFor {
    /// That caller.
    type Caller: Caller;
}

macro_rules! asks_for {
    ($($argument:ident),*) => {
        impl<M, C: Caller, $($argument),*> AsksFor for (M, C, $($argument),*) {
            type Caller = C;
        }
    };
}

asks_for!();
asks_for!(T2);
asks_for!(T2, T3);
asks_for!(T2, T3, T4);
asks_for!(T2, T3, T4, T5);
asks_for!(T2, T3, T4, T5, T6);
asks_for!(T2, T3, T4, T5, T6, T7);
asks_for!(T2, T3, T4, T5, T6, T7, T8);

impl<S: Clone + Send + Sync + 'static> Route<S> {
    /// A route. Its policy is that of the handler's first argument, which has to be a caller.
    pub fn new<H, T>(verb: Verb, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: AsksFor + 'static,
    {
        let info = RouteInfo {
            verb,
            path,
            summary,
            policy: T::Caller::POLICY,
            scope: None,
            body_bytes_max: BODY_BYTES_MAX,
            is_idempotent: false,
            takes: None,
            gives: None,
        };
        Self { info, handler: on(verb.filter(), handler) }
    }

    /// Needs a scope of the caller's token.
    #[must_use]
    pub fn scope(mut self, scope: &'static str) -> Self {
        self.info.scope = Some(scope);
        self
    }

    /// Takes bodies of up to that many bytes.
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.info.body_bytes_max = bytes;
        self
    }

    /// Needs an `Idempotency-Key`; a repeated request gets the first answer.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.info.is_idempotent = true;
        self
    }

    /// Takes this as JSON.
    #[must_use]
    pub fn takes<T: DeserializeOwned>(mut self) -> Self {
        self.info.takes = Some(schema_of::<T>);
        self
    }

    /// Gives this as JSON.
    #[must_use]
    pub fn gives<T: DeserializeOwned>(mut self) -> Self {
        self.info.gives = Some(schema_of::<T>);
        self
    }
}
