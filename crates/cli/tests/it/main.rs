//! Goal: what a user sees of the real binary: statuses, messages, JSON shapes. Method: every test
//! starts `edgecoder` in a home of its own with a scrubbed environment.

mod check_exec;
mod config;
mod home;
mod signals;
mod surface;
