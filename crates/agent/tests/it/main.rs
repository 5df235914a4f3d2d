//! The agent against a scripted model, judged by the machine's CPython.

mod support;
mod run;
