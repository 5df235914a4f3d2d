//! The only place that speaks HTTP: [`client`] asks the model servers and hubs that the user names, [`server`] is what our
//! own services are made of.
//!
//! Invariant: nothing is sent that [`client::Client::wire_head`] and [`client::Request::body`] do not show; a redirect
//! never takes a secret or a body to another origin; a proxy is used only when the caller hands one over.
//!
//! Deliberately absent: cookies, a cache, compression.

pub mod client;
mod date;
mod error;
pub mod pin;
pub mod server;

pub use error::HttpError;
pub use pin::Pin;
