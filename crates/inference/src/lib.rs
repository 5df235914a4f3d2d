//! Models behind one contract: [`Model`]. The local one is llama.cpp in process.

pub mod contract;

pub use contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Message, Model, ModelInfo, Prompt,
    Role, Sampling, Sequence, Usage,
};
