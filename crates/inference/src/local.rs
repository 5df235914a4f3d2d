//! A GGUF model run in this process by llama.cpp.

mod chat;
mod decode;
mod ffi;
mod format;
mod sampler;
mod threads;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use edgecoder_types::Digest;

use crate::contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Model, ModelInfo, Prompt,
    PromptStyle, Usage,
};
use crate::gguf;
use ffi::{Context, ContextSize, Weights};

pub(crate) use ffi::tensor_block;

/// Most prompt tokens in one step of the model.
const PROMPT_TOKENS_PER_STEP: u32 = 512;

/// The cache grows in steps of this many cells. The library looks at whole steps anyway, so that what a sequence gets does
/// not depend on the cache's size.
const CELLS_STEP: u32 = 256;

/// Most sequences that a request may have, whatever [`LocalOptions::batch_max`] says.
pub const SEQUENCES_MAX: u32 = 64;

/// How a local model is run.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// Threads; `None` takes one for each physical core that this process may use.
    pub threads: Option<u32>,
    /// Context window of a sequence in tokens; `None` takes the model's own. Never more than the model's own.
    pub context_tokens: Option<u32>,
    /// Most sequences decoded together, 1 to [`SEQUENCES_MAX`].
    pub batch_max: u32,
    /// Most bytes of key/value cache; `None` takes three quarters of the memory that is available when it is needed.
    pub cache_bytes_max: Option<u64>,
    /// Name shown in [`ModelInfo`]; `None` takes the file's own.
    pub name: Option<String>,
    /// Digest shown in [`ModelInfo`], where the caller knows it.
    pub digest: Option<Digest>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { threads: None, context_tokens: None, batch_max: 8, cache_bytes_max: None, name: None, digest: None }
    }
}

/// A loaded model.
///
/// The same request gives the same text as long as the build, the processor's features, the number of threads and the batch
/// width (how many sequences the request has) stay the same: wider batches use other arithmetic kernels, whose rounding
/// differs. Requests are served one after another.
#[derive(Debug)]
pub struct LocalModel {
    weights: Arc<Weights>,
    info: ModelInfo,
    threads: u32,
    cache_bytes_max: Option<u64>,
    path: PathBuf,
    /// Made at the first request and kept; made anew when a request needs a larger one.
    context: Mutex<Option<Context>>,
}

impl LocalModel {
    /// Checks and maps a model file. Memory for generating is taken at the first request.
    pub fn load(path: &Path, options: LocalOptions) -> Result<Self, InferenceError> {
        if !(1..=SEQUENCES_MAX).contains(&options.batch_max) {
            return Err(InferenceError::Invalid(format!(
                "batch_max is {}, but must be from 1 to {SEQUENCES_MAX}",
                options.batch_max
            )));
        }
        let header = gguf::check_file(path)?;
        let weights = Weights::load(path).map_err(|why| gguf::corrupt(path, &why))?;
        let shape = weights.shape();
        let window = options.context_tokens.map_or(shape.context_tokens, |wanted| wanted.min(shape.context_tokens));
        if window == 0 {
            return Err(InferenceError::Invalid("context_tokens is 0".to_owned()));
        }
        let batch_max = if shape.shares_prompt { options.batch_max } else { 1 };
        let file_name = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Ok(Self {
            weights: Arc::new(weights),
            info: ModelInfo {
                name: options.name.or(header.name).or_else(file_name).unwrap_or_default(),
                digest: options.digest,
                context_tokens: window,
                batch_max,
                reproducible: true,
                style: PromptStyle::Continue,
            },
            threads: options.threads.unwrap_or_else(threads::physical_cores).clamp(1, threads::THREADS_MAX),
            cache_bytes_max: options.cache_bytes_max,
            path: path.to_owned(),
            context: Mutex::new(None),
        })
    }

    /// Threads in use.
    pub fn threads(&self) -> u32 {
        self.threads
    }

    /// The file the model was loaded from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn tokens(&self, prompt: &Prompt) -> Result<Vec<i32>, InferenceError> {
        let mut tokens = match prompt {
            Prompt::Text(text) => self.weights.tokenize(text, true, false).map_err(InferenceError::Invalid)?,
            Prompt::Chat(messages) => chat::tokens(&self.weights, messages)?,
        };
        // A text that is to be continued has no end token, even where the tokenizer would add one.
        if tokens.last().is_some_and(|last| self.weights.last_token() == Some(*last)) {
            tokens.pop();
        }
        if tokens.is_empty() {
            // Nothing to continue: start where any text starts.
            tokens.extend(self.weights.first_token());
        }
        if tokens.is_empty() {
            return Err(InferenceError::Invalid(
                "the prompt is empty and the model has no token to start with".to_owned(),
            ));
        }
        Ok(tokens)
    }

    fn check(&self, request: &GenerateRequest, prompt_tokens: usize) -> Result<(), InferenceError> {
        let invalid = |why: String| Err(InferenceError::Invalid(why));
        let count = request.sequences.len();
        if count == 0 || count > self.info.batch_max as usize {
            return invalid(format!(
                "{count} sequences, but from 1 to {} can be decoded together",
                self.info.batch_max
            ));
        }
        if request.tokens_max == 0 || request.tokens_all_max == Some(0) {
            return invalid("tokens_max or tokens_all_max is 0".to_owned());
        }
        if request.stop.iter().any(String::is_empty) {
            return invalid("a stop text is empty".to_owned());
        }
        for sequence in &request.sequences {
            let sampling = sequence.sampling;
            if !sampling.temperature.is_finite() || sampling.temperature < 0.0 {
                return invalid(format!("temperature is {}, but must be at least 0", sampling.temperature));
            }
            if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
                return invalid(format!("top_p is {}, but must be above 0 and at most 1", sampling.top_p));
            }
        }
        let window = self.info.context_tokens;
        let room = (window as usize).checked_sub(prompt_tokens);
        if room.is_none_or(|room| room < request.tokens_max as usize) {
            return Err(InferenceError::DoesNotFit {
                prompt_tokens: u32::try_from(prompt_tokens).unwrap_or(u32::MAX),
                tokens_max: request.tokens_max,
                context_tokens: window,
            });
        }
        Ok(())
    }

    /// Cells for the shared prompt and every sequence's own tokens.
    fn size_for(&self, request: &GenerateRequest, prompt_tokens: usize) -> Result<ContextSize, InferenceError> {
        let sequences = request.sequences.len() as u64;
        let cells =
            (prompt_tokens as u64 + sequences * u64::from(request.tokens_max)).next_multiple_of(u64::from(CELLS_STEP));
        let bytes = cells * self.weights.shape().cache_bytes_per_token;
        let budget = self.cache_bytes_max.or_else(|| threads::memory_available().map(|bytes| bytes / 4 * 3));
        if budget.is_some_and(|budget| bytes > budget) {
            return Err(InferenceError::Unavailable(format!(
                "{sequences} candidates of {} tokens after a prompt of {prompt_tokens} need {} MB of cache, but {} MB are \
                 available: ask for fewer candidates or tokens",
                request.tokens_max,
                bytes.div_ceil(1 << 20),
                budget.unwrap_or(0) >> 20
            )));
        }
        let cells = u32::try_from(cells).map_err(|_| InferenceError::Invalid("the request is too large".to_owned()))?;
        Ok(ContextSize { cells, sequences: self.info.batch_max, batch: PROMPT_TOKENS_PER_STEP, threads: self.threads })
    }

    /// Waits for the running request, or for a cancel.
    fn claim(&self, cancel: &Cancel) -> Option<MutexGuard<'_, Option<Context>>> {
        loop {
            match self.context.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Some(PoisonError::into_inner(poisoned)),
                Err(TryLockError::WouldBlock) if cancel.is_cancelled() => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn prepare<'slot>(
        &self,
        slot: &'slot mut Option<Context>,
        size: ContextSize,
    ) -> Result<&'slot mut Context, InferenceError> {
        if slot.as_ref().is_some_and(|context| context.size().cells < size.cells) {
            *slot = None;
        }
        let context = match slot.take() {
            Some(context) => context,
            None => Context::new(Arc::clone(&self.weights), size).map_err(|why| {
                InferenceError::Unavailable(format!("no memory for a context of {} tokens: {why}", size.cells))
            })?,
        };
        let context = slot.insert(context);
        context.clear();
        Ok(context)
    }
}

impl Model for LocalModel {
    fn info(&self) -> ModelInfo {
        self.info.clone()
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<u32, InferenceError> {
        let count = self.tokens(prompt)?.len();
        u32::try_from(count).map_err(|_| InferenceError::Invalid(format!("the prompt has {count} tokens")))
    }

    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        self.generate_until(request, &|_| false, cancel, on_event)
    }

    fn generate_until(
        &self,
        request: &GenerateRequest,
        is_over: &dyn Fn(&str) -> bool,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        let prompt = self.tokens(&request.prompt)?;
        self.check(request, prompt.len())?;
        let grammar = request.format.as_ref().map(format::to_grammar).transpose().map_err(InferenceError::Invalid)?;
        let size = self.size_for(request, prompt.len())?;
        let Some(mut slot) = self.claim(cancel) else {
            return Ok((vec![cancelled_before_start(); request.sequences.len()], Usage::default()));
        };
        let context = self.prepare(&mut slot, size)?;
        decode::run(context, &self.weights, &prompt, (request, grammar.as_deref()), is_over, cancel, on_event)
    }
}

fn cancelled_before_start() -> Generated {
    Generated { text: String::new(), tokens: 0, finish: FinishReason::Cancelled }
}
