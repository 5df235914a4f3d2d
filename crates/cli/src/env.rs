//! The process environment, read once and passed on as a map.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Environment variables. An empty value counts as unset, as for `NO_COLOR`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env(BTreeMap<String, OsString>);

impl Env {
    /// Reads the environment of this process; names that are no UTF-8 are not ours and are left out.
    pub(crate) fn from_process() -> Self {
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect())
    }

    /// A value that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Whether a variable is set and not empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All names that begin with `prefix` and have a value.
    pub(crate) fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a OsStr)> {
        self.0
            .iter()
            .filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty())
            .map(|(name, value)| (name.as_str(), value.as_os_str()))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }
}
