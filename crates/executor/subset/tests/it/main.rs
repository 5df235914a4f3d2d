//! Tests of the subset as its users see it: sources in, violations and compilable trees out.

mod library;
mod mbpp;
mod support;
mod tables;
