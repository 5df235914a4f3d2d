//! One file per subcommand: its arguments and what it does.

pub(crate) mod apply;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod exec;
pub(crate) mod man;
pub(crate) mod model;
pub(crate) mod probe;
pub(crate) mod receipt;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod version;
