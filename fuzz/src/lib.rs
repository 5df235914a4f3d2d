//! Fuzzing of everything that reads what others wrote: programs, receipts, patches, streams of servers, model files, settings.
//!
//! A [`target`] takes bytes and says what is wrong with what our code made of them; "no panic" is only the least of it. The
//! [`engine`] feeds it: seeds and found failures from `data/`, changed by [`mutate`], sentences of a [`grammar`], and, where
//! the build counts what it executes ([`coverage`]), every input that reached something new.
//!
//! Invariant: the same seed and number of cases give the same inputs. Only the guided build, whose inputs depend on
//! what they reach, and runs bounded by time differ.

pub mod coverage;
pub mod draw;
pub mod engine;
pub mod grammar;
pub mod material;
mod minimise;
pub mod mutate;
pub mod target;
