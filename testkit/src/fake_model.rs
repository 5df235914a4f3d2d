//! A model that says what a script tells it to, and checks every request against the contract.

use std::sync::Mutex;

use edgecoder_inference::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Model, ModelInfo, Prompt,
    PromptStyle, Role, Usage,
};

/// Decides the text of one sequence: the request, its number from 0, and the sequence's index.
pub type Script = dyn Fn(&GenerateRequest, usize, usize) -> String + Send + Sync;

/// A scripted model. Keeps every request.
pub struct FakeModel {
    script: Box<Script>,
    batch_max: u32,
    style: PromptStyle,
    requests: Mutex<Vec<GenerateRequest>>,
    /// Cancelled by the model itself after this many requests, to stand for a user's interrupt.
    interrupt: Option<(usize, edgecoder_executor::Cancel)>,
}

impl std::fmt::Debug for FakeModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeModel").field("batch_max", &self.batch_max).finish_non_exhaustive()
    }
}

impl FakeModel {
    /// A model whose texts come from a function.
    pub fn new(script: impl Fn(&GenerateRequest, usize, usize) -> String + Send + Sync + 'static) -> Self {
        Self {
            script: Box::new(script),
            batch_max: 4,
            style: PromptStyle::Continue,
            requests: Mutex::new(Vec::new()),
            interrupt: None,
        }
    }

    /// A model that answers every sequence of the n-th request with the n-th text, then with the last one.
    pub fn saying(texts: &[&str]) -> Self {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Self::new(move |_, number, _| texts.get(number).or(texts.last()).cloned().unwrap_or_default())
    }

    /// The same model, which wants chats that end with a question.
    #[must_use]
    pub fn chatting(mut self) -> Self {
        self.style = PromptStyle::Chat;
        self
    }

    /// The same model, which raises the flag while it works on request `number` (from 0).
    #[must_use]
    pub fn interrupting(mut self, number: usize, cancel: &edgecoder_executor::Cancel) -> Self {
        self.interrupt = Some((number, cancel.clone()));
        self
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<GenerateRequest> {
        self.requests.lock().map(|requests| requests.clone()).unwrap_or_default()
    }

    /// The contract, checked on every request.
    fn check(&self, request: &GenerateRequest) -> Result<(), InferenceError> {
        let wrong = |what: &str| Err(InferenceError::Invalid(what.to_owned()));
        if request.sequences.is_empty() || request.sequences.len() > self.batch_max as usize {
            return wrong("the number of sequences is not between 1 and batch_max");
        }
        let mut seeds: Vec<u64> = request.sequences.iter().map(|sequence| sequence.seed).collect();
        for earlier in self.requests() {
            seeds.extend(earlier.sequences.iter().map(|sequence| sequence.seed));
        }
        let count = seeds.len();
        seeds.sort_unstable();
        seeds.dedup();
        if seeds.len() != count {
            return wrong("a seed was used twice");
        }
        if request.sequences.iter().any(|s| !(0.0..=2.0).contains(&s.sampling.temperature) || s.sampling.top_p <= 0.0) {
            return wrong("a sampling is out of range");
        }
        if request.tokens_max == 0 || request.stop.iter().any(String::is_empty) {
            return wrong("tokens_max is 0 or a stop text is empty");
        }
        let ends_with_answer = match &request.prompt {
            Prompt::Text(_) => true,
            Prompt::Chat(messages) => messages.last().is_some_and(|last| last.role == Role::Assistant),
        };
        if self.style == PromptStyle::Chat && ends_with_answer {
            return wrong("the chat does not end with a question");
        }
        Ok(())
    }
}

/// Bytes of text that count as one token.
const BYTES_PER_TOKEN: usize = 4;

fn tokens_of(text: &str) -> u32 {
    u32::try_from(text.len() / BYTES_PER_TOKEN + 1).unwrap_or(u32::MAX)
}

impl Model for FakeModel {
    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: "fake".to_owned(),
            digest: None,
            context_tokens: 4_096,
            batch_max: self.batch_max,
            reproducible: true,
            style: self.style,
        }
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<u32, InferenceError> {
        let length = match prompt {
            Prompt::Text(text) => text.len(),
            Prompt::Chat(messages) => messages.iter().map(|message| message.content.len() + 8).sum(),
        };
        Ok(u32::try_from(length / 4 + 1).unwrap_or(u32::MAX))
    }

    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        self.check(request)?;
        let number = self.requests().len();
        if let Ok(mut requests) = self.requests.lock() {
            requests.push(request.clone());
        }
        if let Some((at, flag)) = &self.interrupt
            && *at == number
        {
            flag.cancel();
        }
        let written: Vec<String> = (0..request.sequences.len())
            .map(|sequence| {
                let mut text = (self.script)(request, number, sequence);
                let stop = request.stop.iter().filter_map(|stop| text.find(stop)).min();
                text.truncate(stop.unwrap_or(text.len()));
                text
            })
            .collect();
        // Shorter texts end first, as in a batch that is decoded token by token.
        let mut order: Vec<usize> = (0..written.len()).collect();
        order.sort_by_key(|sequence| written.get(*sequence).map(|text| tokens_of(text)));
        let mut generated =
            vec![Generated { text: String::new(), tokens: 0, finish: FinishReason::Cancelled }; written.len()];
        let mut step = u32::MAX;
        for sequence in order {
            let mut text = written.get(sequence).cloned().unwrap_or_default();
            let mut finish = FinishReason::Stop;
            if cancel.is_cancelled() {
                step = step.min(tokens_of(&text));
                finish = FinishReason::Cancelled;
                text.truncate(text.floor_char_boundary(step as usize * BYTES_PER_TOKEN));
            } else {
                step = tokens_of(&text);
            }
            on_event(GenerateEvent::Text { sequence, text: text.clone() });
            if cancel.is_cancelled() {
                finish = FinishReason::Cancelled;
            }
            on_event(GenerateEvent::Finished { sequence, reason: finish });
            if let Some(place) = generated.get_mut(sequence) {
                *place = Generated { tokens: tokens_of(&text), text, finish };
            }
        }
        let usage = Usage {
            prompt_tokens: u64::from(self.count_tokens(&request.prompt)?),
            completion_tokens: generated.iter().map(|one| u64::from(one.tokens)).sum(),
            is_estimated: false,
        };
        Ok((generated, usage))
    }
}
