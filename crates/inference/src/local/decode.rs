//! One request: the prompt once, then all sequences as one batch per step.

use crate::contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Sequence, Usage,
};

use super::ffi::{Batch, Context, DecodeError, Grammar, Weights};
use super::sampler::Sampler;
use crate::text_stream::TextStream;

/// A candidate that is being written.
struct Candidate<'request> {
    index: u32,
    sampler: Sampler,
    stream: TextStream<'request>,
    /// Where it stands in the form that is asked for.
    grammar: Option<Grammar<'request>>,
    tokens: u32,
    /// Chosen, and not yet run through the model.
    pending: i32,
    /// Where `pending` stands in the batch that is decoded now.
    row: usize,
    finish: Option<FinishReason>,
    /// Whether the caller was told that it ended.
    announced: bool,
}

/// Serves a checked request on a cleared context that has room for it.
pub(super) fn run(
    context: &mut Context,
    weights: &Weights,
    prompt: &[i32],
    (request, grammar): (&GenerateRequest, Option<&str>),
    is_over: &dyn Fn(&str) -> bool,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(GenerateEvent),
) -> Result<(Vec<Generated>, Usage), InferenceError> {
    let candidate = |(index, sequence): (u32, &Sequence)| {
        let grammar = grammar.map(|text| Grammar::new(weights, text)).transpose();
        Ok(Candidate {
            index,
            sampler: Sampler::new(*sequence),
            stream: TextStream::new(&request.stop),
            grammar: grammar.map_err(|why| InferenceError::Invalid(format!("the grammar: {why}")))?,
            tokens: 0,
            pending: 0,
            row: 0,
            finish: None,
            announced: false,
        })
    };
    let candidates: Result<Vec<Candidate>, InferenceError> = (0_u32..).zip(&request.sequences).map(candidate).collect();
    let mut candidates = candidates?;
    let mut batch = Batch::default();
    let mut usage = Usage::default();
    let row = read_prompt(context, &mut batch, prompt, cancel, &mut usage, on_event)?;
    if let Some(row) = row {
        for candidate in &mut candidates {
            candidate.row = row;
            if candidate.index > 0 {
                context.share_prompt(candidate.index);
            }
        }
        let most = Most { each: request.tokens_max, all: request.tokens_all_max.unwrap_or(u64::MAX) };
        write(context, weights, &mut batch, &mut candidates, prompt.len(), most, is_over, cancel, on_event)?;
    }
    usage.completion_tokens = candidates.iter().map(|candidate| u64::from(candidate.tokens)).sum();
    Ok((candidates.into_iter().map(|candidate| candidate.end(on_event)).collect(), usage))
}

/// Most tokens of a sequence and of all of them.
#[derive(Clone, Copy)]
struct Most {
    each: u32,
    all: u64,
}

/// Evaluates the prompt into sequence 0. Answers the row of its last scores, or `None` when cancelled.
fn read_prompt(
    context: &mut Context,
    batch: &mut Batch,
    prompt: &[i32],
    cancel: &Cancel,
    usage: &mut Usage,
    on_event: &mut dyn FnMut(GenerateEvent),
) -> Result<Option<usize>, InferenceError> {
    let total = u32::try_from(prompt.len()).unwrap_or(u32::MAX);
    let mut position = 0_u32;
    let mut row = None;
    for chunk in prompt.chunks(context.size().batch as usize) {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        batch.clear();
        for token in chunk {
            row = Some(batch.push(*token, position, 0, position + 1 == total));
            position += 1;
        }
        match context.decode(batch, cancel) {
            Ok(()) => {}
            Err(DecodeError::Cancelled) => return Ok(None),
            Err(DecodeError::Failed(code)) => return Err(failed(code)),
        }
        usage.prompt_tokens = u64::from(position);
        on_event(GenerateEvent::Prompt { done: position, total });
    }
    Ok(row)
}

/// Decodes until every candidate has ended. A candidate leaves the batch when it ends, which depends on tokens alone, and
/// the caller is told at once: a caller that cancels then ends the others at a place that depends on tokens alone, too.
#[expect(clippy::too_many_arguments, reason = "one loop over state that is borrowed from its caller")]
fn write(
    context: &mut Context,
    weights: &Weights,
    batch: &mut Batch,
    candidates: &mut [Candidate],
    prompt_length: usize,
    most: Most,
    is_over: &dyn Fn(&str) -> bool,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(GenerateEvent),
) -> Result<(), InferenceError> {
    let mut written = 0_u64;
    let prompt_length = u32::try_from(prompt_length).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    loop {
        for candidate in candidates.iter_mut().filter(|candidate| candidate.finish.is_none()) {
            if cancel.is_cancelled() {
                candidate.finish = Some(FinishReason::Cancelled);
                continue;
            }
            if written >= most.all {
                candidate.finish = Some(FinishReason::Length);
                candidate.announce(on_event);
                continue;
            }
            let scores = context.scores(candidate.row).ok_or_else(|| failed(-1))?;
            let mut chosen = candidate.sampler.choose(scores);
            // Looking at one token is quick, at all of them slow: that is done only when the first choice is not allowed.
            if let Some(grammar) = &mut candidate.grammar
                && !chosen.is_some_and(|token| grammar.allows(token))
            {
                chosen = candidate.sampler.choose(grammar.mask(scores));
            }
            candidate.pending =
                chosen.ok_or_else(|| InferenceError::Internal("the model gave no usable scores".to_owned()))?;
            let before = candidate.tokens;
            candidate.take(weights, most.each, is_over, &mut bytes, on_event)?;
            written += u64::from(candidate.tokens - before);
            if written >= most.all && candidate.finish.is_none() {
                candidate.finish = Some(FinishReason::Length);
            }
            if candidate.finish.is_some() {
                context.forget(candidate.index);
                candidate.announce(on_event);
            }
        }
        batch.clear();
        for candidate in candidates.iter_mut().filter(|candidate| candidate.finish.is_none()) {
            let position = prompt_length + candidate.tokens - 1;
            candidate.row = batch.push(candidate.pending, position, candidate.index, true);
        }
        if batch.is_empty() {
            return Ok(());
        }
        match context.decode(batch, cancel) {
            // A cancelled step is noticed at the top of the loop.
            Ok(()) | Err(DecodeError::Cancelled) => {}
            Err(DecodeError::Failed(code)) => return Err(failed(code)),
        }
    }
}

impl Candidate<'_> {
    /// Takes the pending token into the text and decides whether the candidate ends.
    fn take(
        &mut self,
        weights: &Weights,
        tokens_max: u32,
        is_over: &dyn Fn(&str) -> bool,
        bytes: &mut Vec<u8>,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(), InferenceError> {
        if weights.is_end(self.pending) {
            self.finish = Some(FinishReason::Stop);
            return Ok(());
        }
        if let Some(grammar) = &mut self.grammar {
            grammar.accept(self.pending);
        }
        self.tokens += 1;
        bytes.clear();
        weights.piece(self.pending, bytes).map_err(InferenceError::Internal)?;
        if self.stream.push(bytes) || is_over(self.stream.text()) {
            self.finish = Some(FinishReason::Stop);
        } else if self.tokens >= tokens_max {
            self.finish = Some(FinishReason::Length);
        }
        if self.finish.is_none()
            && let Some(text) = self.stream.release()
        {
            on_event(GenerateEvent::Text { sequence: self.index as usize, text });
        }
        Ok(())
    }

    /// Tells the rest of the text and the end, once.
    fn announce(&mut self, on_event: &mut dyn FnMut(GenerateEvent)) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        let sequence = self.index as usize;
        if let Some(text) = self.stream.finish() {
            on_event(GenerateEvent::Text { sequence, text });
        }
        on_event(GenerateEvent::Finished { sequence, reason: self.finish.unwrap_or(FinishReason::Cancelled) });
    }

    fn end(mut self, on_event: &mut dyn FnMut(GenerateEvent)) -> Generated {
        self.announce(on_event);
        let finish = self.finish.unwrap_or(FinishReason::Cancelled);
        Generated { text: self.stream.into_text(), tokens: self.tokens, finish }
    }
}

fn failed(code: i32) -> InferenceError {
    let log = super::ffi::take_log();
    InferenceError::Internal(format!("decoding failed with code {code}{}{log}", if log.is_empty() { "" } else { ": " }))
}
