//! edgecoder-testkit

pub mod programs;
