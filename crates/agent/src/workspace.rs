//! The agent's own copy of the user's files. Nothing here writes to the repository.

pub(crate) mod scan;
pub(crate) mod tree;

pub(crate) use tree::Tree;
