//! Names of methods whose answer a test takes for a verdict.
//!
//! An object of the code under test that answers them as the test wants would decide what is decided about it.

use super::has;

/// Methods of mocks that say that a test holds.
pub const ASSERTIONS: &[&str] = &[
    "assert_any_await",
    "assert_any_call",
    "assert_awaited",
    "assert_awaited_once",
    "assert_awaited_once_with",
    "assert_awaited_with",
    "assert_called",
    "assert_called_once",
    "assert_called_once_with",
    "assert_called_with",
    "assert_has_awaits",
    "assert_has_calls",
    "assert_not_awaited",
    "assert_not_called",
];

/// Methods of plain values that say that a value is as a test wants it.
pub const PREDICATES: &[&str] = &[
    "endswith",
    "is_integer",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isdisjoint",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "issubset",
    "issuperset",
    "istitle",
    "isupper",
    "samefile",
    "startswith",
];

/// Comparisons by name.
pub const COMPARISONS: &[&str] = &["__contains__", "__eq__", "__ge__", "__gt__", "__le__", "__lt__", "__ne__"];

/// Whether a test takes the answer of a method of this name for a verdict.
pub fn is_judging(name: &str) -> bool {
    has(PREDICATES, name) || has(ASSERTIONS, name) || has(COMPARISONS, name)
}
