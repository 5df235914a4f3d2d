//! The only door to llama.cpp: owned handles with the checks that its C interface leaves to the caller.
//!
//! Invariant: nothing outside this file and its submodule calls a foreign function of the model library.

mod grammar;

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_sys_2 as sys;

use crate::contract::Cancel;

pub(crate) use grammar::Grammar;

/// Most bytes of the library's own messages kept for an error.
const LOG_BYTES_MAX: usize = 4096;

/// What the library said at level warning or error since the last [`take_log`].
static LOG: Mutex<String> = Mutex::new(String::new());

/// Starts the library once per process, with its own output kept off the terminal.
pub(crate) fn start() -> Result<(), String> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    BACKEND
        .get_or_init(|| {
            #[expect(unsafe_code, reason = "the safe wrapper can only drop messages or send them to `tracing`")]
            // SAFETY: `keep_log` has the expected signature, never unwinds and ignores its null user data.
            unsafe {
                sys::llama_log_set(Some(keep_log), std::ptr::null_mut());
            }
            LlamaBackend::init().map_err(|error| error.to_string())
        })
        .as_ref()
        .map(|_| ())
        .map_err(Clone::clone)
}

/// What the library complained about, for an error's text.
pub(crate) fn take_log() -> String {
    let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *log).trim().replace('\n', "; ")
}

#[expect(unsafe_code, reason = "called by the library with a C string")]
unsafe extern "C" fn keep_log(level: sys::ggml_log_level, text: *const c_char, _user_data: *mut c_void) {
    if text.is_null() || (level != sys::GGML_LOG_LEVEL_ERROR && level != sys::GGML_LOG_LEVEL_WARN) {
        return;
    }
    // SAFETY: the library passes a NUL-terminated string that lives for the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() + text.len() <= LOG_BYTES_MAX {
        log.push_str(&text);
    }
}

/// Elements and bytes of one block of a tensor type, or `None` for a type that this build does not know.
pub(crate) fn tensor_block(kind: u32) -> Option<(u64, u64)> {
    if kind >= sys::GGML_TYPE_COUNT {
        return None;
    }
    #[expect(unsafe_code, reason = "a table lookup in the library")]
    // SAFETY: both functions index a table that has `GGML_TYPE_COUNT` entries; `kind` was checked above.
    let (elements, bytes) = unsafe { (sys::ggml_blck_size(kind), sys::ggml_type_size(kind)) };
    let (elements, bytes) = (u64::try_from(elements).ok()?, u64::try_from(bytes).ok()?);
    (elements > 0 && bytes > 0).then_some((elements, bytes))
}

/// Numbers that the library reads from a model's file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Tokens the model was trained to look back on.
    pub(crate) context_tokens: u32,
    /// Size of the vocabulary.
    pub(crate) vocabulary: usize,
    /// Bytes of key/value cache that one token takes over all layers (16-bit floats).
    pub(crate) cache_bytes_per_token: u64,
    /// Whether several sequences can share a prompt's cache cells.
    pub(crate) shares_prompt: bool,
}

/// Loaded weights and vocabulary. Immutable.
#[derive(Debug)]
pub(crate) struct Weights {
    model: NonNull<sys::llama_model>,
    vocab: NonNull<sys::llama_vocab>,
    shape: Shape,
}

#[expect(unsafe_code, reason = "the library documents a loaded model as shareable")]
// SAFETY: after loading, the library only reads a model; contexts (which mutate) are made under `Context::new`'s lock.
unsafe impl Send for Weights {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as for `Send`.
unsafe impl Sync for Weights {}

impl Weights {
    /// Maps a model file. The caller has checked its header: the library aborts the process on some malformed ones.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        start()?;
        take_log();
        let text = path.to_str().ok_or("the path is not UTF-8")?;
        let c_path = CString::new(text).map_err(|_| "the path holds a NUL byte".to_owned())?;
        #[expect(unsafe_code, reason = "loading through the C interface")]
        // SAFETY: the path is NUL-terminated, the parameters are the library's defaults without callbacks, and the
        // library catches its own exceptions here and answers null.
        let model = unsafe {
            let mut params = sys::llama_model_default_params();
            params.n_gpu_layers = 0;
            sys::llama_model_load_from_file(c_path.as_ptr(), params)
        };
        let model = NonNull::new(model).ok_or_else(take_log)?;
        #[expect(unsafe_code, reason = "getters of the C interface")]
        // SAFETY: `model` is live; these calls only read it.
        let (vocab, shape) = unsafe { (sys::llama_model_get_vocab(model.as_ptr()), read_shape(model)) };
        let vocab = NonNull::new(vocab.cast_mut());
        match vocab {
            Some(vocab) if shape.vocabulary > 0 && shape.context_tokens > 0 => Ok(Self { model, vocab, shape }),
            _ => {
                #[expect(unsafe_code, reason = "giving the model back")]
                // SAFETY: `model` is live, nobody else has it, and it is not used again.
                unsafe {
                    sys::llama_model_free(model.as_ptr());
                }
                Err("the model has no vocabulary or no context window".to_owned())
            }
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// Tokens of a text. `add_special` adds what the model wants at the start; `parse_special` lets the text name control
    /// tokens.
    pub(crate) fn tokenize(&self, text: &str, add_special: bool, parse_special: bool) -> Result<Vec<i32>, String> {
        let length = i32::try_from(text.len()).map_err(|_| "the text is longer than 2 GB".to_owned())?;
        let mut tokens = vec![0_i32; text.len() / 2 + 8];
        for _ in 0..2 {
            let room = i32::try_from(tokens.len()).map_err(|_| "too many tokens".to_owned())?;
            #[expect(unsafe_code, reason = "tokenising through the C interface")]
            // SAFETY: text and tokens are live buffers of the lengths given; the vocabulary lives as long as `self`.
            let count = unsafe {
                sys::llama_tokenize(
                    self.vocab.as_ptr(),
                    text.as_ptr().cast(),
                    length,
                    tokens.as_mut_ptr(),
                    room,
                    add_special,
                    parse_special,
                )
            };
            if let Ok(count) = usize::try_from(count) {
                tokens.truncate(count);
                return Ok(tokens);
            }
            let wanted = count.checked_neg().and_then(|count| usize::try_from(count).ok());
            tokens.resize(wanted.ok_or("the text has too many tokens to count")?, 0);
        }
        Err("the tokenizer asked for more room twice".to_owned())
    }

    /// Appends the bytes of a token; control tokens have none.
    pub(crate) fn piece(&self, token: i32, bytes: &mut Vec<u8>) -> Result<(), String> {
        let start = bytes.len();
        let mut room = 32_usize;
        for _ in 0..2 {
            bytes.resize(start + room, 0);
            let tail = bytes.get_mut(start..).unwrap_or_default();
            #[expect(unsafe_code, reason = "detokenising through the C interface")]
            // SAFETY: `tail` is a live buffer of at least `room` bytes; the vocabulary lives as long as `self`.
            let count = unsafe {
                sys::llama_token_to_piece(
                    self.vocab.as_ptr(),
                    token,
                    tail.as_mut_ptr().cast(),
                    i32::try_from(room).unwrap_or(i32::MAX),
                    0,
                    false,
                )
            };
            if let Ok(count) = usize::try_from(count) {
                bytes.truncate(start + count);
                return Ok(());
            }
            room = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX).min(1 << 20);
        }
        bytes.truncate(start);
        Err(format!("token {token} has no text"))
    }

    /// Whether a token ends a text or is not text at all.
    pub(crate) fn is_end(&self, token: i32) -> bool {
        self.is_eog(token) || self.is_control(token)
    }

    /// Whether a token ends a text.
    pub(crate) fn is_eog(&self, token: i32) -> bool {
        #[expect(unsafe_code, reason = "a lookup in the vocabulary")]
        // SAFETY: the vocabulary lives as long as `self`; out-of-range tokens are answered by an exception-free lookup,
        // and callers pass tokens below the vocabulary's size.
        unsafe {
            sys::llama_vocab_is_eog(self.vocab.as_ptr(), token)
        }
    }

    /// Whether a token is not text at all.
    pub(crate) fn is_control(&self, token: i32) -> bool {
        #[expect(unsafe_code, reason = "a lookup in the vocabulary")]
        // SAFETY: as for `is_eog`.
        unsafe {
            sys::llama_vocab_is_control(self.vocab.as_ptr(), token)
        }
    }

    /// The token that starts a text, where the model has one.
    pub(crate) fn first_token(&self) -> Option<i32> {
        #[expect(unsafe_code, reason = "a getter of the C interface")]
        // SAFETY: the vocabulary lives as long as `self`.
        let token = unsafe { sys::llama_vocab_bos(self.vocab.as_ptr()) };
        (token >= 0).then_some(token)
    }

    /// The token that ends a text, where the model has one.
    pub(crate) fn last_token(&self) -> Option<i32> {
        #[expect(unsafe_code, reason = "a getter of the C interface")]
        // SAFETY: the vocabulary lives as long as `self`.
        let token = unsafe { sys::llama_vocab_eos(self.vocab.as_ptr()) };
        (token >= 0).then_some(token)
    }

    /// The chat template that the model's file carries.
    pub(crate) fn chat_template(&self) -> Option<CString> {
        #[expect(unsafe_code, reason = "a getter of the C interface")]
        // SAFETY: the model lives as long as `self`; a non-null answer is a NUL-terminated string that it owns.
        unsafe {
            let template = sys::llama_model_chat_template(self.model.as_ptr(), std::ptr::null());
            (!template.is_null()).then(|| CStr::from_ptr(template).to_owned())
        }
    }
}

impl Drop for Weights {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "giving the model back")]
        // SAFETY: the last owner drops it; contexts hold an `Arc` of it, so none is left.
        unsafe {
            sys::llama_model_free(self.model.as_ptr());
        }
    }
}

#[expect(unsafe_code, reason = "getters of the C interface")]
/// # Safety
/// `model` is live.
unsafe fn read_shape(model: NonNull<sys::llama_model>) -> Shape {
    let count = |number: i32| u64::try_from(number).unwrap_or(0);
    // SAFETY: the caller promises a live model; the calls only read it.
    unsafe {
        let model = model.as_ptr();
        let heads = count(sys::llama_model_n_head(model)).max(1);
        let head_width = count(sys::llama_model_n_embd(model)).div_ceil(heads);
        let per_layer = count(sys::llama_model_n_head_kv(model)) * head_width * 2 * 2;
        Shape {
            context_tokens: u32::try_from(sys::llama_model_n_ctx_train(model)).unwrap_or(0),
            vocabulary: usize::try_from(sys::llama_vocab_n_tokens(sys::llama_model_get_vocab(model))).unwrap_or(0),
            cache_bytes_per_token: count(sys::llama_model_n_layer(model)) * per_layer,
            shares_prompt: !sys::llama_model_is_recurrent(model)
                && !sys::llama_model_is_hybrid(model)
                && !sys::llama_model_has_encoder(model)
                && !sys::llama_model_is_diffusion(model),
        }
    }
}

/// Renders a chat with a template. `None` when the library does not know the template.
pub(crate) fn render_chat(template: &CStr, messages: &[(CString, CString)], open_answer: bool) -> Option<String> {
    let chat: Vec<sys::llama_chat_message> = messages
        .iter()
        .map(|(role, content)| sys::llama_chat_message { role: role.as_ptr(), content: content.as_ptr() })
        .collect();
    let mut buffer = vec![0_u8; 1024 + messages.iter().map(|(_, content)| content.as_bytes().len() * 2).sum::<usize>()];
    for _ in 0..2 {
        let room = i32::try_from(buffer.len()).ok()?;
        #[expect(unsafe_code, reason = "rendering through the C interface")]
        // SAFETY: template and messages are NUL-terminated and outlive the call; the buffer has `room` bytes.
        let length = unsafe {
            sys::llama_chat_apply_template(
                template.as_ptr(),
                chat.as_ptr(),
                chat.len(),
                open_answer,
                buffer.as_mut_ptr().cast(),
                room,
            )
        };
        let length = usize::try_from(length).ok()?;
        if length <= buffer.len() {
            buffer.truncate(length);
            return String::from_utf8(buffer).ok();
        }
        buffer.resize(length, 0);
    }
    None
}

/// Sizes of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContextSize {
    /// Cells of the key/value cache, shared by all sequences.
    pub(crate) cells: u32,
    /// Most sequences.
    pub(crate) sequences: u32,
    /// Most tokens of one [`Context::decode`].
    pub(crate) batch: u32,
    /// Threads.
    pub(crate) threads: u32,
}

/// Why a batch was not decoded.
#[derive(Debug)]
pub(crate) enum DecodeError {
    /// Someone cancelled while it ran.
    Cancelled,
    /// The library's code.
    Failed(i32),
}

/// A key/value cache and scratch memory over weights.
#[derive(Debug)]
pub(crate) struct Context {
    raw: NonNull<sys::llama_context>,
    /// Read by the library while it computes; boxed, so that its address stays.
    stop: Box<StopFlag>,
    weights: Arc<Weights>,
    size: ContextSize,
}

/// What the abort callback reads: the request's own flag.
type StopFlag = Mutex<Cancel>;

#[expect(unsafe_code, reason = "the library's contexts are not bound to a thread")]
// SAFETY: a context has no thread affinity; `&mut self` on every mutating call keeps two threads from using it at once.
unsafe impl Send for Context {}

#[expect(unsafe_code, reason = "called by the library with the data registered beside it")]
unsafe extern "C" fn wants_abort(data: *mut c_void) -> bool {
    // SAFETY: `data` is the boxed flag of the context that is computing, which outlives the computation.
    let flag = unsafe { &*data.cast::<StopFlag>() };
    flag.lock().unwrap_or_else(PoisonError::into_inner).is_cancelled()
}

impl Context {
    /// Allocates the cache. All sequences share one pool of cells, so that a prompt is stored once.
    pub(crate) fn new(weights: Arc<Weights>, size: ContextSize) -> Result<Self, String> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        take_log();
        let stop = Box::<StopFlag>::default();
        let threads = i32::try_from(size.threads).map_err(|_| "too many threads".to_owned())?;
        #[expect(unsafe_code, reason = "allocating through the C interface")]
        // SAFETY: the model is live and outlives the context (`weights` is kept); the flag is boxed and kept; the lock
        // above keeps two contexts of one model from being made at once, which the library does not allow.
        let context = unsafe {
            let mut params = sys::llama_context_default_params();
            params.n_ctx = size.cells;
            params.n_batch = size.batch;
            params.n_ubatch = size.batch;
            params.n_seq_max = size.sequences;
            params.n_outputs_max = size.sequences;
            params.n_threads = threads;
            params.n_threads_batch = threads;
            params.kv_unified = true;
            params.swa_full = true;
            params.no_perf = true;
            params.flash_attn_type = flash_attention();
            params.abort_callback = Some(wants_abort);
            params.abort_callback_data = std::ptr::from_ref::<StopFlag>(&stop).cast_mut().cast();
            sys::llama_init_from_model(weights.model.as_ptr(), params)
        };
        let context = NonNull::new(context).ok_or_else(take_log)?;
        Ok(Self { raw: context, stop, weights, size })
    }

    pub(crate) fn size(&self) -> ContextSize {
        self.size
    }

    fn memory(&self) -> sys::llama_memory_t {
        #[expect(unsafe_code, reason = "a getter of the C interface")]
        // SAFETY: the context is live.
        unsafe {
            sys::llama_get_memory(self.raw.as_ptr())
        }
    }

    /// Forgets every sequence.
    pub(crate) fn clear(&mut self) {
        #[expect(unsafe_code, reason = "a call of the C interface")]
        // SAFETY: the memory belongs to the live context, borrowed mutably.
        unsafe {
            sys::llama_memory_clear(self.memory(), false);
        }
    }

    /// Lets sequence `to` begin with everything that sequence 0 has, without copying the cells.
    pub(crate) fn share_prompt(&mut self, to: u32) {
        debug_assert!(to < self.size.sequences);
        #[expect(unsafe_code, reason = "a call of the C interface")]
        // SAFETY: the memory belongs to the live context; `to` is below its number of sequences.
        unsafe {
            sys::llama_memory_seq_cp(self.memory(), 0, to.cast_signed(), -1, -1);
        }
    }

    /// Frees a sequence's own cells.
    pub(crate) fn forget(&mut self, sequence: u32) {
        #[expect(unsafe_code, reason = "a call of the C interface")]
        // SAFETY: the memory belongs to the live context; removing a whole sequence never fails.
        unsafe {
            sys::llama_memory_seq_rm(self.memory(), sequence.cast_signed(), -1, -1);
        }
    }

    /// Runs the model over a batch. Ends early, with [`DecodeError::Cancelled`], when `cancel` is set.
    pub(crate) fn decode(&mut self, batch: &mut Batch, cancel: &Cancel) -> Result<(), DecodeError> {
        let count = i32::try_from(batch.tokens.len()).map_err(|_| DecodeError::Failed(-1))?;
        if count == 0 || batch.tokens.len() > self.size.batch as usize {
            return Err(DecodeError::Failed(-1));
        }
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone_from(cancel);
        let mut sequence_pointers: Vec<*mut i32> = batch.sequences.iter_mut().map(std::ptr::from_mut).collect();
        let raw = sys::llama_batch {
            n_tokens: count,
            token: batch.tokens.as_mut_ptr(),
            embd: std::ptr::null_mut(),
            pos: batch.positions.as_mut_ptr(),
            n_seq_id: batch.ones.as_mut_ptr(),
            seq_id: sequence_pointers.as_mut_ptr(),
            logits: batch.wanted.as_mut_ptr(),
        };
        #[expect(unsafe_code, reason = "decoding through the C interface")]
        // SAFETY: every array of `raw` has `count` entries and outlives the call (`Batch::push` fills them together); the
        // library only reads them; the context is borrowed mutably.
        let code = unsafe { sys::llama_decode(self.raw.as_ptr(), raw) };
        match code {
            0 => Ok(()),
            2 => Err(DecodeError::Cancelled),
            code => Err(DecodeError::Failed(code)),
        }
    }

    /// Scores of the next token after the batch's entry `index`, which must have asked for them.
    pub(crate) fn scores(&mut self, index: usize) -> Option<&[f32]> {
        let index = i32::try_from(index).ok()?;
        #[expect(unsafe_code, reason = "reading through the C interface")]
        // SAFETY: a non-null answer points at one row of the vocabulary's size, valid until the next decode, which needs
        // `&mut self` and so cannot happen while the slice lives.
        unsafe {
            let scores = sys::llama_get_logits_ith(self.raw.as_ptr(), index);
            (!scores.is_null()).then(|| std::slice::from_raw_parts(scores, self.weights.shape.vocabulary))
        }
    }
}

/// Chosen by measurement; see the benchmark of decoding.
fn flash_attention() -> sys::llama_flash_attn_type {
    sys::LLAMA_FLASH_ATTN_TYPE_AUTO
}

impl Drop for Context {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "giving the context back")]
        // SAFETY: the context is live and not used again; its weights are dropped after it.
        unsafe {
            sys::llama_free(self.raw.as_ptr());
        }
    }
}

/// Tokens to run through the model together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    tokens: Vec<i32>,
    positions: Vec<i32>,
    sequences: Vec<i32>,
    ones: Vec<i32>,
    wanted: Vec<i8>,
}

impl Batch {
    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
        self.positions.clear();
        self.sequences.clear();
        self.ones.clear();
        self.wanted.clear();
    }

    /// Adds a token of a sequence and returns its index, for [`Context::scores`] when `wants_scores`.
    pub(crate) fn push(&mut self, token: i32, position: u32, sequence: u32, wants_scores: bool) -> usize {
        self.tokens.push(token);
        self.positions.push(position.cast_signed());
        self.sequences.push(sequence.cast_signed());
        self.ones.push(1);
        self.wanted.push(i8::from(wants_scores));
        self.tokens.len() - 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}
