//! The smoke run: every target checks its seeds, everything that once failed, and a fixed number of inputs from a fixed seed.
//! And the engine itself: it has to find what is there.

mod engine;
mod smoke;
