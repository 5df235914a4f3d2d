//! Models behind one contract: [`Model`]. The local one is llama.cpp in process; [`provider`] has those of servers.

pub mod catalogue;
pub mod contract;
pub mod gguf;
mod gguf_rules;
pub mod local;
pub mod probe;
pub mod provider;
pub mod store;
mod text_stream;

pub use catalogue::{Catalogue, CatalogueModel, Pin, Source};
pub use contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Message, Model, ModelInfo,
    OutputFormat, Prompt, PromptStyle, Role, Sampling, Sending, Sequence, Usage,
};
pub use local::{LocalModel, LocalOptions};
pub use store::{ModelStatus, ModelStore, Presence, PullOutcome, PullProgress, ResolvedModel, Selection, WheelFetcher};
