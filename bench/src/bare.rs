//! The peer of the decode benchmark: a decode loop with nothing around it. The prompt once, then eight sequences as one
//! batch a step, the most likely token of each, a fixed number of steps; no sampling, no text, no stop, no cancel.

use std::mem::ManuallyDrop;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;

/// A model and the proof that the library runs; the product started it, so it isn't this one's to stop.
pub(crate) struct Bare {
    backend: ManuallyDrop<LlamaBackend>,
    model: LlamaModel,
    threads: i32,
}

impl Bare {
    /// Loads a model. The library has to be started.
    pub(crate) fn load(path: &Path, threads: u32) -> anyhow::Result<Self> {
        let backend = ManuallyDrop::new(LlamaBackend {});
        let params = LlamaModelParams::default().with_n_gpu_layers(0);
        let model = LlamaModel::load_from_file(&backend, path, &params)
            .with_context(|| format!("loading {}", path.display()))?;
        Ok(Self { backend, model, threads: i32::try_from(threads)? })
    }

    /// Decodes `width` sequences of `steps` tokens; returns the seconds that it took, prompt included.
    pub(crate) fn run(&self, prompt: &str, width: u32, steps: u32) -> anyhow::Result<f64> {
        let tokens = self.model.vocab().tokenize(prompt.as_bytes(), true, false);
        let length = u32::try_from(tokens.len())?;
        let cells = (length + width * steps).next_multiple_of(256);
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(cells))
            .with_n_batch(512)
            .with_n_ubatch(512)
            .with_n_seq_max(width)
            .with_kv_unified(true)
            .with_n_threads(self.threads)
            .with_n_threads_batch(self.threads);
        let mut context = self.model.new_context(&self.backend, params)?;
        let started = Instant::now();
        let mut batch = LlamaBatch::new(512, 1);
        for (position, token) in (0_u32..).zip(&tokens) {
            batch.add(*token, position.cast_signed(), &[0], position + 1 == length)?;
        }
        context.decode(&mut batch)?;
        let first = most_likely(context.get_logits_ith(batch.n_tokens() - 1));
        for sequence in 1..width.cast_signed() {
            context.copy_kv_cache_seq(0, sequence, None, None)?;
        }
        let mut next = vec![first; width as usize];
        // The first token of each came with the prompt.
        for step in 0..steps - 1 {
            batch.clear();
            for (sequence, token) in (0_i32..).zip(&next) {
                batch.add(*token, (length + step).cast_signed(), &[sequence], true)?;
            }
            context.decode(&mut batch)?;
            for (row, token) in (0_i32..).zip(&mut next) {
                *token = most_likely(context.get_logits_ith(row));
            }
        }
        Ok(started.elapsed().as_secs_f64())
    }
}

fn most_likely(scores: &[f32]) -> LlamaToken {
    let mut best = (0_i32, f32::NEG_INFINITY);
    for (token, score) in (0_i32..).zip(scores) {
        if *score > best.1 {
            best = (token, *score);
        }
    }
    LlamaToken(best.0)
}
