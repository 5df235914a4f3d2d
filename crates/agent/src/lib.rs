//! The agent: a task in words becomes a diff that the executor has verified.
//!
//! [`Agent::run`] takes a checkpoint of the repository, finds the oracle (the tests), sees it fail, lets a model write
//! candidates in batches, runs each of them, repairs the best with its own error, and stops at the first that passes
//! everything, or at the budget. Every step is journaled, and [`Agent::resume`] continues after a kill.
//!
//! Invariant: the user's files are only ever written by [`RunStore::apply`] and [`RunStore::undo`].
//! Invariant: `verified` needs a receipt of the executor for the exact final files, with the test files of the
//! original checkpoint; no candidate can touch these.
//! Absent on purpose: no shell, no network, no git.

mod agent;
mod edit;
mod error;
pub mod eval;
mod event;
#[doc(hidden)]
pub mod fuzzing;
mod journal;
mod options;
mod oracle;
mod patch;
mod python;
mod report;
mod search;
mod seed;
mod state;
mod store;
mod store_apply;
mod workspace;

pub use agent::Agent;
pub use edit::{AppliedEdit, EditKind};
pub use error::AgentError;
pub use event::AgentEvent;
pub use options::{Budget, RunOptions, SAMPLES_DEFAULT};
pub use oracle::OracleKind;
pub use patch::{ChangeKind, FilePatch, Hunk, LineKind, Patch};
pub use report::{Outcome, RunReport, RunUsage};
pub use search::prompt::PromptKind;
pub use state::{InvalidTransition, State, StateEvent, Transition, apply};
pub use store::{Manifest, RunDetail, RunStore, RunSummary};
pub use store_apply::Written;
