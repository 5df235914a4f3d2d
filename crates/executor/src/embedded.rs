//! The embedded layer: one program per locked-down process, forked ahead of need.
//!
//! A *zygote* process boots the interpreter once and drops every privilege. For each run it forks a
//! child, which locks itself down further, takes the memory that a run needs, waits for one request, runs it, answers
//! and dies.
//!
//! Invariant: a child runs one program. Nothing that a program does is seen by the next one.

mod frame;
mod lockdown;
mod pool;
mod rehearsal;
mod zygote;

pub use pool::{ChildEnd, ChildReport, Pool};
pub use zygote::helper_main;
pub(crate) use zygote::{EXIT_LOCKDOWN, EXIT_PANIC};
