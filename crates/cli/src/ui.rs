//! How things look on a terminal. Pure: text in, lines out.

pub(crate) mod board;
pub(crate) mod diff;
pub(crate) mod line;
pub(crate) mod live;
pub(crate) mod region;
pub(crate) mod violation;
pub(crate) mod words;
