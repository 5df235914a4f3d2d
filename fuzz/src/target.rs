//! What is fuzzed: each target has a file of its own.

mod answer;
mod apply;
mod catalogue;
mod dataset;
mod gguf;
mod http;
mod javascript;
mod patch;
mod python;
mod receipt;
mod settings;
mod stream;
mod violations;

use anyhow::Result;

use crate::grammar::Grammar;

/// Says what is wrong with what our code made of an input.
pub type Check = Box<dyn FnMut(&[u8]) -> Result<()>>;

/// Something that reads foreign bytes.
pub struct Target {
    /// Its name, also of its folders in `data/`.
    pub name: &'static str,
    /// What is checked, in a few words.
    pub about: &'static str,
    /// Words of its language.
    pub words: &'static [&'static str],
    /// Where sentences come from, and the rule they begin with.
    pub grammar: Option<(Grammar, &'static str)>,
    /// Cases of the smoke run.
    pub smoke_cases: u64,
    /// Begins.
    pub open: fn() -> Result<Check>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All of them.
pub static TARGETS: &[Target] = &[
    answer::TARGET,
    apply::TARGET,
    catalogue::TARGET,
    dataset::TARGET,
    gguf::TARGET,
    http::TARGET,
    javascript::TARGET,
    patch::TARGET,
    python::TARGET,
    receipt::TARGET,
    settings::TARGET,
    stream::TARGET,
];

/// The target of that name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
