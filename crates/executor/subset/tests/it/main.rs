//! Tests of the subset as its users see it: sources in, violations and compilable trees out.

mod instrument;
mod library;
mod mbpp;
mod nesting;
mod places;
mod reference;
mod support;
mod tables;
mod unparse;
