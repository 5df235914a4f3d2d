//! Every place where a file leaves the subset.

mod bindings;
mod imports;
mod names;
mod visit;

pub(crate) use imports::STAR;

use edgecoder_types::{FileRole, Violation};
use rustpython_ruff_python_ast::visitor::Visitor as _;
use rustpython_ruff_text_size::TextSize;

use crate::parse::Parsed;
use crate::place::{self, Found};
use bindings::Scopes;

/// Every place where the file leaves the subset, in source order. `local_modules` are the dotted
/// names importable from the program's own files; a module of the library goes before a file of the same name.
///
/// Both roles obey the same rules here. What a candidate may change is decided at run time, where the objects
/// are known, by the guards that [`crate::instrument`] adds.
pub fn check(parsed: &Parsed, role: FileRole, local_modules: &[String]) -> Vec<Violation> {
    let _ = role;
    let mut checker = Checker {
        parsed,
        local_modules,
        scopes: Scopes::of(&parsed.module.body),
        listed: Vec::new(),
        within: Within::default(),
        found: Vec::new(),
    };
    checker.visit_body(&parsed.module.body);
    place::placed(&parsed.source, checker.found)
}

struct Checker<'a> {
    parsed: &'a Parsed,
    local_modules: &'a [String],
    scopes: Scopes<'a>,
    /// Where `__slots__` and `__match_args__` are assigned lists that were looked through.
    listed: Vec<TextSize>,
    /// Whether `return` and `yield` have a function to leave, and `break` and `continue` a loop.
    within: Within,
    found: Vec<Found>,
}

#[derive(Clone, Copy, Default)]
struct Within {
    function: bool,
    in_loop: bool,
}

impl Checker<'_> {
    fn report(&mut self, at: TextSize, code: &str, message: String, hint: &str) {
        self.found.push(Found { at, code: code.to_owned(), message, hint: hint.to_owned() });
    }
}
