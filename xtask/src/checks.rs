//! The checks, each with tests that show it failing.

pub mod bounds;
pub mod codes;
pub mod dead;
pub mod layers;
pub mod lints;
pub mod size;
pub mod words;

use crate::{Package, Problem, Tree};

/// Runs them all; the problems in order of place.
pub fn all(tree: &Tree, packages: &[Package]) -> Vec<Problem> {
    let mut problems = size::check(tree);
    problems.extend(lints::check(tree, packages));
    problems.extend(layers::check(packages));
    problems.extend(layers::check_pure(tree));
    problems.extend(codes::check(tree));
    problems.extend(words::check(tree));
    problems.extend(bounds::check(tree));
    problems.extend(dead::check(tree));
    problems.sort();
    problems
}
