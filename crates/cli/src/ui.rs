//! How things look on a terminal. Pure: text in, lines out.

pub(crate) mod violation;
pub(crate) mod words;
