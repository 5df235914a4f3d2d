//! The only place that speaks HTTP: [`client`] asks the model servers and hubs that the user names.
//!
//! Invariant: nothing is sent that [`client::Client::wire_head`] and [`client::Request::body`] do not show; a redirect
//! never takes a secret or a body to another origin; a proxy is used only when the caller hands one over.
//!
//! Deliberately absent: cookies, a cache, compression, keeping connections: every request has a connection of its own.

pub mod client;
mod error;

pub use error::HttpError;
