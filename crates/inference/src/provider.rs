//! Models of other processes and machines, behind the contract: `ollama:NAME` and `openai:NAME`.
//!
//! Invariant: a request leaves only after [`RemoteModel`] has checked that it may ([`Egress`]) and has told its caller what
//! goes where ([`GenerateEvent::Sending`]). A prompt that may not fit the window is refused: nothing is cut, here or there.
//!
//! Nobody but the server can count its tokens, so prompts are measured by what they have at most: one token for each byte.

mod dialect;
#[doc(hidden)]
pub mod fuzzing;
mod lines;
mod measure;
mod ollama;
mod openai;
mod preview;
mod sequence;
mod serve;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use edgecoder_http::client::{Client, Flow, Request, Secret, Step, Url};
use edgecoder_types::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::contract::{
    Cancel, GenerateEvent, GenerateRequest, Generated, InferenceError, Message, Model, ModelInfo, Prompt, PromptStyle,
    Role, Sending, Sequence, Usage,
};
use crate::probe::Finding;
use dialect::Learned;

pub use preview::Preview;

/// Window that is assumed and asked for where nobody says otherwise.
pub const CONTEXT_TOKENS_DEFAULT: u32 = 8_192;
/// Requests at once where nobody says otherwise.
pub const PARALLEL_DEFAULT: u32 = 4;
/// Most requests at once.
pub const PARALLEL_MAX: u32 = 16;
/// Longest answer to a question about models, in bytes.
const FACTS_BYTES_MAX: u64 = 16 << 20;
/// Tokens that a chat's template puts around each message, at most.
const MESSAGE_TOKENS: usize = 16;
/// Tokens that a chat's template puts around the whole, at most: some carry instructions of their own.
const TEMPLATE_TOKENS: usize = 256;
/// Models named in an error.
const NAMED_MAX: usize = 12;

/// Which interface a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Ollama's own.
    Ollama,
    /// The chat completions interface.
    OpenAi,
}

impl ProviderKind {
    /// The prefix of its models' names.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::OpenAi => "openai",
        }
    }
}

/// A model of a server: `ollama:qwen2.5-coder:7b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteName {
    /// The interface.
    pub kind: ProviderKind,
    /// The server's name for it.
    pub model: String,
}

impl RemoteName {
    /// Reads a name with a provider's prefix; `None` for every other one.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, model) = text.split_once(':')?;
        let kind = [ProviderKind::Ollama, ProviderKind::OpenAi].into_iter().find(|kind| kind.prefix() == prefix)?;
        Some(Self { kind, model: model.to_owned() })
    }
}

impl fmt::Display for RemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.prefix(), self.model)
    }
}

/// Whether requests may leave this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Egress {
    /// Only loopback.
    #[default]
    Refused,
    /// The user said so for this server.
    Allowed,
}

/// Where a server is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Server {
    /// The interface.
    pub kind: ProviderKind,
    /// Its address; for `openai` with `/v1` or what else stands before `/chat/completions`.
    pub base: Url,
    /// The key.
    pub key: Option<Secret>,
    /// Whether requests may go there, if it is another machine.
    pub egress: Egress,
    /// Who carries them.
    pub client: Client,
}

/// How a remote model is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemoteOptions {
    /// The window, in tokens; `None` takes [`CONTEXT_TOKENS_DEFAULT`].
    pub context_tokens: Option<u32>,
    /// Most requests at once; `None` takes [`PARALLEL_DEFAULT`].
    pub parallel: Option<u32>,
}

/// A model that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name with the provider's prefix.
    pub name: String,
    /// Its window, where the list says it.
    pub context_tokens: Option<u32>,
}

impl Offer {
    /// Whether it is the model of that name. Of Ollama, a name without a tag means `latest`.
    pub fn is(&self, name: &RemoteName) -> bool {
        RemoteName::parse(&self.name).is_some_and(|own| {
            let same = own.model == name.model
                || name.kind == ProviderKind::Ollama && ollama::is_same(&own.model, &name.model);
            own.kind == name.kind && same
        })
    }
}

impl Server {
    /// Whether requests go to another machine.
    pub fn leaves(&self) -> bool {
        !self.base.is_loopback()
    }

    /// What it offers.
    ///
    /// # Errors
    /// The server is not reachable, refuses, or answers nonsense; [`InferenceError::Egress`] where it may not be asked.
    pub fn offers(&self, cancel: &Cancel) -> Result<Vec<Offer>, InferenceError> {
        self.admit()?;
        let request = match self.kind {
            ProviderKind::Ollama => ollama::list_request(&self.base)?,
            ProviderKind::OpenAi => openai::list_request(&self.base, self.key.clone())?,
        };
        let body = self.ask(&request, cancel, &mut |_| {})?;
        let name = |model: String| RemoteName { kind: self.kind, model }.to_string();
        let offers = match self.kind {
            ProviderKind::Ollama => ollama::read_list(&body).map(|names| {
                names.into_iter().map(|model| Offer { name: name(model), context_tokens: None }).collect()
            }),
            ProviderKind::OpenAi => openai::read_list(&body).map(|models| {
                models.into_iter().map(|(model, context_tokens)| Offer { name: name(model), context_tokens }).collect()
            }),
        };
        offers.ok_or_else(|| self.failed("its list of models cannot be read"))
    }

    /// Refuses what must not be sent at all.
    fn admit(&self) -> Result<(), InferenceError> {
        let to = self.base.host_and_port();
        if self.leaves() && self.key.is_some() && !self.base.is_tls() {
            return Err(InferenceError::KeyUnprotected(format!(
                "the key would go to {to} unencrypted, for anybody on the way to read: use an https:// address"
            )));
        }
        if self.leaves() && self.egress == Egress::Refused { Err(InferenceError::Egress { to }) } else { Ok(()) }
    }

    /// Asks about models. Every attempt is told first.
    fn ask(
        &self,
        request: &Request,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Value, InferenceError> {
        let mut body = Vec::new();
        let ends = self.client.exchange(std::slice::from_ref(request), FACTS_BYTES_MAX, &mut |_, step| {
            match step {
                Step::Attempt(attempt) => on_event(GenerateEvent::Sending(self.sending(request, attempt))),
                Step::Bytes(bytes) => body.extend_from_slice(bytes),
                Step::Tick => on_event(GenerateEvent::Waiting),
                Step::Head(_) | Step::End(_) => {}
            }
            if cancel.is_cancelled() { Flow::Stop } else { Flow::Continue }
        })?;
        ends.into_iter().collect::<Result<(), _>>()?;
        let value = serde_json::from_slice(&body)
            .map_err(|error| self.failed(&format!("its answer to {} cannot be read: {error}", request.url().path())))?;
        match dialect::error_in(&value) {
            Some(error) => Err(self.failed(&error)),
            None => Ok(value),
        }
    }

    fn sending(&self, request: &Request, attempt: u32) -> Sending {
        Sending {
            what: format!("{} {}", request.method().as_str(), request.url()),
            to: request.url().host_and_port(),
            leaves: self.leaves(),
            bytes: request.body().len() as u64,
            digest: Digest(Sha256::digest(request.body()).into()),
            attempt,
        }
    }

    fn failed(&self, why: &str) -> InferenceError {
        let why = self.key.as_ref().map_or_else(|| why.to_owned(), |key| key.hidden_in(why));
        InferenceError::Server { to: self.base.host_and_port(), why }
    }
}

/// A model of a server.
#[derive(Debug)]
pub struct RemoteModel {
    server: Server,
    name: RemoteName,
    context_tokens: u32,
    parallel: u32,
    learned: Mutex<Option<Learned>>,
}

impl RemoteModel {
    /// A model; the server is first asked when something is generated.
    ///
    /// # Errors
    /// [`InferenceError::Invalid`] for a name or an option that is none.
    pub fn new(server: Server, model: &str, options: RemoteOptions) -> Result<Self, InferenceError> {
        let invalid = |why: String| Err(InferenceError::Invalid(why));
        if model.trim().is_empty() || model.chars().any(char::is_control) {
            return invalid(format!("{}: names no model; `edgecoder model list` shows them", server.kind.prefix()));
        }
        let parallel = options.parallel.unwrap_or(PARALLEL_DEFAULT);
        if !(1..=PARALLEL_MAX).contains(&parallel) {
            return invalid(format!("{parallel} requests at once; from 1 to {PARALLEL_MAX} can be"));
        }
        let context_tokens = options.context_tokens.unwrap_or(CONTEXT_TOKENS_DEFAULT);
        if context_tokens == 0 {
            return invalid("a context window of 0 tokens".to_owned());
        }
        let name = RemoteName { kind: server.kind, model: model.to_owned() };
        Ok(Self { server, name, context_tokens, parallel, learned: Mutex::new(None) })
    }

    /// Where it is.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Its name.
    pub fn name(&self) -> &RemoteName {
        &self.name
    }

    /// What is sent before the first prompt.
    fn preflight(&self) -> Result<Vec<Request>, InferenceError> {
        let (base, model) = (&self.server.base, &self.name.model);
        Ok(match self.name.kind {
            ProviderKind::Ollama => vec![
                ollama::show_request(base, model)?,
                ollama::load_request(base, model, self.context_tokens)?,
                ollama::loaded_request(base)?,
            ],
            ProviderKind::OpenAi => vec![openai::list_request(base, self.server.key.clone())?],
        })
    }

    /// The requests of a question, one for each sequence.
    fn requests(&self, asked: &GenerateRequest) -> Result<Vec<Request>, InferenceError> {
        let (base, model) = (&self.server.base, &self.name.model);
        let one = |sequence: &Sequence| match self.name.kind {
            ProviderKind::Ollama => ollama::request(base, model, self.context_tokens, asked, sequence),
            ProviderKind::OpenAi => openai::request(base, self.server.key.clone(), model, asked, sequence),
        };
        asked.sequences.iter().map(one).collect()
    }

    fn check(&self, request: &GenerateRequest) -> Result<(), InferenceError> {
        let invalid = |why: String| Err(InferenceError::Invalid(why));
        let count = request.sequences.len();
        if count == 0 || count > self.parallel as usize {
            return invalid(format!("{count} sequences, but from 1 to {} can be under way at once", self.parallel));
        }
        if request.tokens_max == 0 {
            return invalid("tokens_max is 0".to_owned());
        }
        if request.stop.iter().any(String::is_empty) {
            return invalid("a stop text is empty".to_owned());
        }
        for sampling in request.sequences.iter().map(|sequence| sequence.sampling) {
            if !sampling.temperature.is_finite() || sampling.temperature < 0.0 {
                return invalid(format!("temperature is {}, but must be at least 0", sampling.temperature));
            }
            if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
                return invalid(format!("top_p is {}, but must be above 0 and at most 1", sampling.top_p));
            }
        }
        Ok(())
    }

    /// What the server said, if it was asked.
    fn learned(&self) -> Option<Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The window that holds: the smaller one of what is wanted and of what the server has.
    fn window(&self) -> u32 {
        let told = self.learned().and_then(|learned| learned.context_tokens);
        told.map_or(self.context_tokens, |told| told.min(self.context_tokens))
    }
}

impl Model for RemoteModel {
    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: self.name.to_string(),
            digest: None,
            context_tokens: self.window(),
            batch_max: self.parallel,
            reproducible: false,
            style: PromptStyle::Chat,
        }
    }

    /// At most so many: the server alone can count them.
    fn count_tokens(&self, prompt: &Prompt) -> Result<u32, InferenceError> {
        let tokens = match prompt {
            Prompt::Text(text) => text.len() + MESSAGE_TOKENS,
            Prompt::Chat(messages) => {
                TEMPLATE_TOKENS + messages.iter().map(|message| message.content.len() + MESSAGE_TOKENS).sum::<usize>()
            }
        };
        Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
    }

    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        serve::generate(self, request, cancel, on_event)
    }

    fn calls_tools(&self, cancel: &Cancel, on_event: &mut dyn FnMut(GenerateEvent)) -> Result<Finding, InferenceError> {
        self.tools(cancel, on_event)
    }

    fn read_words(
        &self,
        words: u32,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Option<u64>, InferenceError> {
        self.read(words, cancel, on_event)
    }
}

fn messages(messages: &[Message]) -> Value {
    let one = |message: &Message| {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "content": message.content})
    };
    messages.iter().map(one).collect()
}

/// Servers take seeds of 31 bits.
fn seed(seed: u64) -> u64 {
    seed & 0x7fff_ffff
}

/// `0.6` and not what is nearest to it in 32 bits.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, |value| json!(value))
}

fn no_such_model<'a>(model: &str, to: &str, offered: impl Iterator<Item = &'a str>) -> InferenceError {
    let names: Vec<&str> = offered.take(NAMED_MAX).collect();
    let offered = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    InferenceError::NotFound(format!("{to} has no model {model}; it offers {offered}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_tags() {
        let name = RemoteName::parse("ollama:qwen2.5-coder:7b").unwrap();
        assert_eq!((name.kind, name.model.as_str()), (ProviderKind::Ollama, "qwen2.5-coder:7b"));
        assert_eq!(name.to_string(), "ollama:qwen2.5-coder:7b");
        assert_eq!(RemoteName::parse("openai:org/model").unwrap().model, "org/model");
        for other in ["smollm2", "./ollama.gguf", "/a:b.gguf", "OLLAMA:x"] {
            assert_eq!(RemoteName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_as_they_were_written() {
        assert_eq!(number(0.6).to_string(), "0.6");
        assert_eq!(number(0.0).to_string(), "0.0");
        assert_eq!(seed(u64::MAX), (1 << 31) - 1);
    }
}
