//! The subset as data: every table is sorted by name and searched by bisection.
//!
//! Each entry carries its reason and an example; the tests run every example and want exactly the
//! entry's code of a denied one and nothing of an allowed one.

pub mod attributes;
pub mod builtins;
pub mod denied_modules;
pub mod modules;
pub mod reasons;
pub mod verdicts;

pub use attributes::{is_denied_attribute, is_denied_definition, is_denied_setting};
pub use modules::module_names;

/// Whether `name` stands in a sorted table.
pub(crate) fn has(table: &[&str], name: &str) -> bool {
    table.binary_search(&name).is_ok()
}
