//! Development only: a server on loopback that misbehaves as a test says, and time that a test controls.
//!
//! A crate of its own, so that the tests of what speaks HTTP need no interpreter and no model to be built.

pub mod clock;
pub mod http_server;

pub use clock::{CountingEntropy, TestClock};
pub use http_server::HttpServer;
