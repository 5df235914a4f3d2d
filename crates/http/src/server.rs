//! The server side: what every service of ours is made of.
//!
//! A service is a table of [`route::Route`]s and a state. Each request passes the gate before its handler: host and origin,
//! the caller that the route's policy asks for, the bounds of its body, its idempotency key. A handler extracts, calls a
//! function of the service, and maps the answer; what goes wrong is a [`problem::Refused`].
//!
//! Invariant: a route's policy is its handler's first argument, and a service whose callers can't be known does not start.
//!
//! Deliberately absent: HTTP/2, compression, cookies, and serving files.

pub mod auth;
pub mod caller;
pub mod extract;
pub mod fault;
mod gate;
pub mod idempotency;
pub mod lifecycle;
pub mod listen;
pub mod log;
pub mod metrics;
mod openapi;
pub mod paging;
pub mod problem;
pub mod route;
pub mod schema;
pub mod service;
pub mod tls;
pub mod trace;
pub mod waiting;

pub use axum::extract::State;
pub use axum::http::StatusCode;
pub use axum::response::{IntoResponse, Response};

pub use auth::{Auth, MemoryNonces, NodeAuth, NodeDirectory, NodeEntry, Standing, TokenDirectory, TokenEntry};
pub use caller::{EnrolledNodeCaller, NodeCaller, OperatorCaller, Policy, PublicCaller, ServiceCaller, UserCaller};
pub use extract::{Json, Path, Query};
pub use lifecycle::{Drained, Lifecycle};
pub use listen::{ListenOptions, Listener};
pub use problem::{Problem, Refused, ServiceError};
pub use route::{Route, RouteInfo, Verb};
pub use service::{Service, ServiceOptions, StartError, authorities_of};
pub use tls::TlsIdentity;
