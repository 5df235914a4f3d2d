//! Models behind one contract: [`Model`]. The local one is llama.cpp in process.

pub mod contract;
pub mod gguf;
mod gguf_rules;
pub mod local;

pub use contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Message, Model, ModelInfo, Prompt,
    Role, Sampling, Sequence, Usage,
};
pub use local::{LocalModel, LocalOptions};
