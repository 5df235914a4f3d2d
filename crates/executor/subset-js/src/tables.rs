//! The subset as data. Each reason carries examples; the tests run every one.

pub mod globals;
pub mod members;
pub mod modules;
pub mod reasons;
