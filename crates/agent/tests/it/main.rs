//! The agent against a scripted model, judged by the machine's CPython.

mod apply;
mod forged;
mod input;
mod resume;
mod run;
mod support;
