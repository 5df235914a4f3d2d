//! The search strategy: many candidates, each run, the best repaired.

pub(crate) mod batch;
pub(crate) mod chat;
pub(crate) mod ending;
pub(crate) mod extract;
pub(crate) mod missing;
pub(crate) mod prompt;
pub(crate) mod score;
pub(crate) mod solved;
pub(crate) mod target;
