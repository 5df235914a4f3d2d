//! How things look on a terminal. Most of it is pure: text in, lines out.

pub(crate) mod board;
pub(crate) mod diff;
pub(crate) mod events;
pub(crate) mod follow;
pub(crate) mod line;
pub(crate) mod live;
pub(crate) mod plot;
pub(crate) mod receipt;
pub(crate) mod region;
pub(crate) mod report;
pub(crate) mod violation;
pub(crate) mod words;
