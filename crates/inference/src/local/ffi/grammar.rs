//! A grammar over the vocabulary: which tokens may come next.

use std::ffi::CString;
use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use super::{Weights, take_log};

/// Where one text stands in a grammar.
#[derive(Debug)]
pub(crate) struct Grammar<'weights> {
    raw: NonNull<sys::llama_sampler>,
    weights: &'weights Weights,
    /// Scores of every token, as the library wants them.
    rows: Vec<sys::llama_token_data>,
    /// The same after the grammar.
    masked: Vec<f32>,
}

impl<'weights> Grammar<'weights> {
    /// Reads a grammar in GBNF, whose rule `root` is the whole text.
    pub(crate) fn new(weights: &'weights Weights, text: &str) -> Result<Self, String> {
        take_log();
        let c_text = CString::new(text).map_err(|_| "the grammar holds a NUL byte".to_owned())?;
        #[expect(unsafe_code, reason = "reading a grammar through the C interface")]
        // SAFETY: the vocabulary outlives the grammar (`weights` is borrowed); both texts are NUL-terminated and copied; the
        // library catches what its parser throws and answers null.
        let raw = unsafe { sys::llama_sampler_init_grammar(weights.vocab.as_ptr(), c_text.as_ptr(), c"root".as_ptr()) };
        let raw = NonNull::new(raw).ok_or_else(|| {
            let log = take_log();
            if log.is_empty() { "the grammar cannot be read".to_owned() } else { log }
        })?;
        Ok(Self { raw, weights, rows: Vec::new(), masked: Vec::new() })
    }

    /// Whether a token may come next.
    pub(crate) fn allows(&mut self, token: i32) -> bool {
        self.rows.clear();
        self.rows.push(sys::llama_token_data { id: token, logit: 0.0, p: 0.0 });
        self.apply();
        self.rows.first().is_some_and(|row| row.logit.is_finite()) && !self.is_spelled_control(token)
    }

    /// A control token that ends nothing has a spelling that a grammar may take for text.
    fn is_spelled_control(&self, token: i32) -> bool {
        self.weights.is_control(token) && !self.weights.is_eog(token)
    }

    /// The scores, with negative infinity for what may not come next.
    pub(crate) fn mask(&mut self, scores: &[f32]) -> &[f32] {
        self.rows.clear();
        let rows = scores.iter().zip(0_i32..);
        self.rows.extend(rows.map(|(score, id)| sys::llama_token_data { id, logit: *score, p: 0.0 }));
        self.apply();
        let mut masked = std::mem::take(&mut self.masked);
        masked.clear();
        masked.extend(self.rows.iter().map(|row| row.logit));
        for (token, score) in (0_i32..).zip(&mut masked) {
            if score.is_finite() && self.is_spelled_control(token) {
                *score = f32::NEG_INFINITY;
            }
        }
        self.masked = masked;
        &self.masked
    }

    /// Takes the score of what may not come next from each row.
    fn apply(&mut self) {
        let mut array = sys::llama_token_data_array {
            data: self.rows.as_mut_ptr(),
            size: self.rows.len(),
            selected: -1,
            sorted: false,
        };
        #[expect(unsafe_code, reason = "applying a grammar through the C interface")]
        // SAFETY: the grammar is live and borrowed mutably; the array names `rows`, which has that many entries, each with a
        // token of this vocabulary, and is not touched elsewhere during the call, which changes scores in place.
        unsafe {
            sys::llama_sampler_apply(self.raw.as_ptr(), &raw mut array);
        }
    }

    /// Goes on by a token that may come next and that is no end.
    pub(crate) fn accept(&mut self, token: i32) {
        #[expect(unsafe_code, reason = "going on in a grammar through the C interface")]
        // SAFETY: the grammar is live and borrowed mutably. The library throws only for a token that the grammar does not
        // allow here, and the caller gives one that `allows` or `mask` found allowed.
        unsafe {
            sys::llama_sampler_accept(self.raw.as_ptr(), token);
        }
    }
}

impl Drop for Grammar<'_> {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "giving the grammar back")]
        // SAFETY: the grammar is live, nobody else has it, and it is not used again.
        unsafe {
            sys::llama_sampler_free(self.raw.as_ptr());
        }
    }
}
