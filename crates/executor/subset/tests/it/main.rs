//! Tests of the subset as its users see it: sources in, violations and compilable trees out.

#[cfg(test)]
mod instrument;
#[cfg(test)]
mod library;
#[cfg(test)]
mod mbpp;
#[cfg(test)]
mod nesting;
#[cfg(test)]
mod places;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod unparse;
