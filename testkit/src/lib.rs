//! Development only: fakes of what the agent stands on, and generated programs.

pub mod clock;
pub mod cpython_runner;
pub mod fake_model;
pub mod http_server;
pub mod model_contract;
pub mod model_server;
pub mod programs;
pub mod scripts;

pub use clock::{CountingEntropy, TestClock};
pub use cpython_runner::CpythonRunner;
pub use fake_model::FakeModel;
pub use http_server::HttpServer;
pub use model_server::{Behaviour, Fault, ModelServer};
