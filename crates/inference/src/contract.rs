//! The contract between whoever wants text and whatever makes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgecoder_http::HttpError;
use edgecoder_types::{Digest, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::probe::{Finding, filler};

/// A flag that ends generation within one token. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks to stop. Safe in a signal handler.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether someone asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The person or the agent.
    User,
    /// The model.
    Assistant,
}

/// One message of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What.
    pub content: String,
}

/// What to continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Raw text, tokenised as it stands.
    Text(String),
    /// A chat, rendered with the model's own template; a final assistant message is continued.
    Chat(Vec<Message>),
}

/// How tokens are chosen. Temperature 0 is greedy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Softmax temperature, at least 0.
    pub temperature: f32,
    /// Nucleus, in (0, 1].
    pub top_p: f32,
    /// Most likely tokens kept; 0 keeps all.
    pub top_k: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.6, top_p: 0.95, top_k: 40 }
    }
}

/// One of the candidates decoded together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// Seed of this sequence's sampler.
    pub seed: u64,
    /// Its sampling.
    pub sampling: Sampling,
}

/// A form that the text must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// One JSON object.
    Json,
    /// JSON that this schema allows.
    JsonSchema(serde_json::Value),
    /// What the rule `root` of a grammar in GBNF derives.
    Grammar(String),
}

/// A request for one or more continuations of one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// What to continue.
    pub prompt: Prompt,
    /// The candidates; decoded as one batch that shares the prompt. Bound: the model's `batch_max`.
    pub sequences: Vec<Sequence>,
    /// Most tokens of each sequence.
    pub tokens_max: u32,
    /// Most tokens of all sequences together; `None` leaves it to `tokens_max`. When it is reached, all end as
    /// [`FinishReason::Length`]: the first sequences may then have one token more than the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_all_max: Option<u64>,
    /// A sequence ends before the first of these texts.
    pub stop: Vec<String>,
    /// The form of the text; `None`: any. A provider that cannot hold to it refuses the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<OutputFormat>,
}

/// Why a sequence ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// End token or stop text.
    Stop,
    /// `tokens_max`.
    Length,
    /// The caller cancelled.
    Cancelled,
}

/// A request that a provider sends to a server, told before it leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Method and whole address.
    pub what: String,
    /// Host and port.
    pub to: String,
    /// Whether that is another machine.
    pub leaves: bool,
    /// Bytes of its body.
    pub bytes: u64,
    /// SHA-256 of its body.
    pub digest: Digest,
    /// 1, or more when an earlier attempt failed.
    pub attempt: u32,
}

/// What happens while generating, for live display and early exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GenerateEvent {
    /// Prompt tokens evaluated so far, of all.
    Prompt {
        /// Done.
        done: u32,
        /// All.
        total: u32,
    },
    /// New text of one sequence (whole UTF-8 characters only).
    Text {
        /// Index into the request's sequences.
        sequence: usize,
        /// The text.
        text: String,
    },
    /// A sequence ended; the texts before are all of it. Told when it ends, not when the request does: in the order
    /// of tokens, among equals of index. A caller that cancels here stops the others before they take another
    /// token, so that what they have depends on tokens alone and never on the clock.
    Finished {
        /// Index into the request's sequences.
        sequence: usize,
        /// Why.
        reason: FinishReason,
    },
    /// A request is sent to a server now. Nothing of it has left before, and a caller that cancels here keeps it so.
    Sending(Sending),
    /// Nothing happened for a moment: the caller may cancel.
    Waiting,
}

/// Tokens that were worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens (once, though all sequences share them).
    pub prompt_tokens: u64,
    /// Generated tokens over all sequences.
    pub completion_tokens: u64,
    /// Whether some of it was not counted by the model: a server did not tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_estimated: bool,
}

/// One finished continuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// Text before any stop text.
    pub text: String,
    /// Its tokens.
    pub tokens: u32,
    /// Why it ended.
    pub finish: FinishReason,
}

/// How a model wants to be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptStyle {
    /// Text, or a chat whose last answer is begun: the model goes on with it.
    #[default]
    Continue,
    /// A chat that ends with a question.
    Chat,
}

/// What a model is, measured or read from its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Name, e.g. `smollm2-135m-instruct`.
    pub name: String,
    /// Digest of the weights, where there is a file.
    pub digest: Option<Digest>,
    /// Context window, in tokens.
    pub context_tokens: u32,
    /// Most sequences in one request.
    pub batch_max: u32,
    /// Whether the same request gives the same text.
    pub reproducible: bool,
    /// How it wants to be asked.
    #[serde(default)]
    pub style: PromptStyle,
}

/// Why a model gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// The request breaks the contract.
    #[error("bad request: {0}")]
    Invalid(String),
    /// The prompt and the tokens asked for do not fit; nothing is ever cut silently.
    #[error(
        "the prompt has {prompt_tokens} tokens and {tokens_max} may follow, but the context window is {context_tokens}"
    )]
    DoesNotFit {
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Tokens asked for.
        tokens_max: u32,
        /// The window.
        context_tokens: u32,
    },
    /// No such model, or its file is missing.
    #[error("{0}")]
    NotFound(String),
    /// The file is not what it should be (digest, format).
    #[error("{0}")]
    Corrupt(String),
    /// The disk is full or not writable, or a download failed.
    #[error("{0}")]
    Unavailable(String),
    /// A fault inside the model library.
    #[error("model library: {0}")]
    Internal(String),
    /// Nobody allowed that anything leaves this machine for there.
    #[error("{to} is not this machine, and nothing may leave for it without your word")]
    Egress {
        /// Host and port.
        to: String,
    },
    /// A key that anybody could read.
    #[error("{0}")]
    KeyUnprotected(String),
    /// A server answered nonsense, or said that it failed.
    #[error("{to}: {why}")]
    Server {
        /// Host and port.
        to: String,
        /// What is wrong.
        why: String,
    },
    /// The exchange with a server failed.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl InferenceError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) | Self::DoesNotFit { .. } | Self::Corrupt(_) => ErrorKind::Invalid,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Unavailable(_) | Self::Server { .. } => ErrorKind::Unavailable,
            Self::Internal(_) => ErrorKind::Internal,
            Self::Egress { .. } | Self::KeyUnprotected(_) => ErrorKind::Forbidden,
            // What a server refuses is no refusal by a policy of ours.
            Self::Http(HttpError::Status { .. }) => ErrorKind::Unavailable,
            Self::Http(error) => error.kind(),
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Http(error) => error.is_retryable(),
            Self::Server { .. } => true,
            _ => false,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "inference_request_invalid",
            Self::DoesNotFit { .. } => "context_too_small",
            Self::NotFound(_) => "model_not_found",
            Self::Corrupt(_) => "model_corrupt",
            Self::Unavailable(_) => "model_unavailable",
            Self::Internal(_) => "model_fault",
            Self::Egress { .. } => "egress_refused",
            Self::KeyUnprotected(_) => "key_unprotected",
            Self::Server { .. } => "provider_failed",
            Self::Http(error) => error.code(),
        }
    }
}

/// Something that continues prompts.
pub trait Model: Send + Sync {
    /// What it is.
    fn info(&self) -> ModelInfo;

    /// How many tokens the prompt has.
    fn count_tokens(&self, prompt: &Prompt) -> Result<u32, InferenceError>;

    /// Whether it calls a function that it is offered.
    fn calls_tools(
        &self,
        _cancel: &Cancel,
        _on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Finding, InferenceError> {
        Ok(Finding::no("it is not asked with tools"))
    }

    /// Reads a prompt of so many equal words, however long, and says how many tokens these were. None: nobody counted.
    fn read_words(
        &self,
        words: u32,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Option<u64>, InferenceError> {
        let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
        let request = GenerateRequest {
            prompt: Prompt::Chat(vec![Message { role: Role::User, content: filler(words) }]),
            sequences: vec![Sequence { seed: 1, sampling }],
            tokens_max: 1,
            tokens_all_max: None,
            stop: Vec::new(),
            format: None,
        };
        let (_, usage) = self.generate(&request, cancel, on_event)?;
        Ok((!usage.is_estimated).then_some(usage.prompt_tokens))
    }

    /// Continues the prompt once for every sequence, in the request's order. `on_event` sees the text as it comes; `cancel` ends all
    /// sequences within one token, and what they had is returned.
    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError>;

    /// As [`Self::generate`], and a sequence also ends when `is_over` says so of its text. The answer has to follow from the
    /// text alone. A provider that sees texts only when they have ended never asks.
    fn generate_until(
        &self,
        request: &GenerateRequest,
        _is_over: &dyn Fn(&str) -> bool,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        self.generate(request, cancel, on_event)
    }
}
