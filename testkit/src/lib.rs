//! Development only: fakes of what the agent stands on, and generated programs.

pub mod cpython_runner;
pub mod fake_model;
pub mod model_contract;
pub mod model_server;
pub mod programs;
pub mod scripts;

pub use cpython_runner::CpythonRunner;
pub use edgecoder_loopback::{CountingEntropy, HttpServer, TestClock, clock, http_server};
pub use fake_model::FakeModel;
pub use model_server::{Behaviour, Fault, ModelServer};
