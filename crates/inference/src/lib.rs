//! Models behind one contract: [`Model`]. The local one is llama.cpp in process.

pub mod catalogue;
pub mod contract;
pub mod gguf;
mod gguf_rules;
pub mod local;
pub mod store;

pub use catalogue::{Catalogue, CatalogueModel};
pub use contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Message, Model, ModelInfo, Prompt,
    Role, Sampling, Sequence, Usage,
};
pub use local::{LocalModel, LocalOptions};
pub use store::{ModelStatus, ModelStore, Presence, PullOutcome, PullProgress, ResolvedModel, Selection, WheelFetcher};
