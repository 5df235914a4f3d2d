//! One process's work on one run: every effect goes through here, and through the journal.

use edgecoder_executor::{Cancel, Runner};
use edgecoder_inference::{Cancel as ModelCancel, GenerateEvent, GenerateRequest, Model, Usage};
use edgecoder_types::{Clock, Digest, RunRequest, RunResult, RunStatus};

use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::journal::{Journal, Record, Recorded, Written};
use crate::options::SAMPLES_DEFAULT;
use crate::report::RunUsage;
use crate::search::score::Score;
use crate::state::{State, StateEvent, apply};
use crate::store::Manifest;
use crate::workspace::tree::digest_of;

/// Bytes of stdout and of stderr that the journal keeps of a run, each.
const KEPT_OUTPUT_BYTES: usize = 2_048;

/// Why the work stops before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// The user asked.
    Cancelled,
    /// A bound is reached; the code says which.
    Budget(&'static str),
    /// The agent cannot go on by itself.
    Refused { reason: String, message: String },
    /// A real failure.
    Failed(AgentError),
}

impl<E: Into<AgentError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

pub(super) struct Session<'a> {
    pub(super) model: &'a dyn Model,
    runner: &'a dyn Runner,
    clock: &'a dyn Clock,
    cancel: &'a Cancel,
    on_event: &'a mut dyn FnMut(&AgentEvent),
    pub(super) manifest: Manifest,
    journal: Journal,
    recorded: Recorded,
    state: State,
    pub(super) usage: RunUsage,
    /// Asserts that the model wrote itself, where there is no other oracle.
    pub(super) self_tests: Vec<String>,
    /// Work before this process, and since when this process works, in milliseconds.
    spent_before_ms: u64,
    began_ms: i64,
    /// While answers come from the journal, the time is the journal's.
    replayed_ms: Option<u64>,
}

impl<'a> Session<'a> {
    #[expect(clippy::too_many_arguments, reason = "called once, by the agent that owns all of them")]
    pub(super) fn new(
        model: &'a dyn Model,
        runner: &'a dyn Runner,
        clock: &'a dyn Clock,
        cancel: &'a Cancel,
        on_event: &'a mut dyn FnMut(&AgentEvent),
        manifest: Manifest,
        journal: Journal,
        recorded: Recorded,
    ) -> Self {
        Self {
            model,
            runner,
            clock,
            cancel,
            on_event,
            manifest,
            journal,
            spent_before_ms: recorded.spent_ms,
            began_ms: clock.now().0,
            replayed_ms: Some(0),
            recorded,
            state: State::Planning,
            usage: RunUsage::default(),
            self_tests: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, event: &AgentEvent) {
        (self.on_event)(event);
    }

    /// Takes a step of the state machine; journals it unless an earlier process did.
    pub(super) fn step(&mut self, event: StateEvent) -> Result<(), AgentError> {
        let step = apply(self.state, event)?;
        match self.recorded.steps.pop_front() {
            Some(known) if known == step => {}
            // The budget's or the user's end of an earlier process is no step of this one.
            Some(known) => {
                return Err(AgentError::Journal(format!("it holds {known:?} where {step:?} follows now")));
            }
            None => self.journal.append(self.clock.now(), Record::Step(step))?,
        }
        self.state = step.to;
        Ok(())
    }

    /// Milliseconds of work so far, over all processes.
    pub(super) fn spent_ms(&self) -> u64 {
        match self.replayed_ms {
            Some(replayed) => replayed,
            None => self.spent_before_ms + u64::try_from(self.clock.now().0 - self.began_ms).unwrap_or(0),
        }
    }

    /// Samples that may still be written.
    pub(super) fn samples_left(&self) -> u32 {
        let most = self.manifest.options.budget.samples.unwrap_or(SAMPLES_DEFAULT);
        most.saturating_sub(self.usage.samples)
    }

    /// Tokens that may still be written, where they are bounded.
    pub(super) fn tokens_left(&self) -> Option<u64> {
        self.manifest.options.budget.tokens.map(|most| most.saturating_sub(self.usage.completion_tokens))
    }

    /// Halts when the user asked to, or when a bound is reached.
    pub(super) fn check_budget(&self) -> Result<(), Halt> {
        let budget = &self.manifest.options.budget;
        if self.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        if self.samples_left() == 0 {
            return Err(Halt::Budget("samples_spent"));
        }
        if budget.tokens.is_some_and(|most| self.usage.completion_tokens >= most) {
            return Err(Halt::Budget("tokens_spent"));
        }
        if self.is_late() {
            return Err(Halt::Budget("time_spent"));
        }
        Ok(())
    }

    /// Continues a prompt, or gives what an earlier process got for the same request. `check` is given each sequence as
    /// soon as it has ended (`is_over` may end it early), in the order of their ends; when it says true, the others are stopped.
    pub(super) fn generate(
        &mut self,
        request: &GenerateRequest,
        is_over: &dyn Fn(&str) -> bool,
        check: &mut dyn FnMut(&mut Self, usize, &str) -> Result<bool, Halt>,
    ) -> Result<(), Halt> {
        let key = key_of("generate", request)?;
        let usage = match self.recorded.generated.remove(&key) {
            Some((written, spent_ms)) => {
                self.replayed_ms = self.replayed_ms.map(|before| before.max(spent_ms));
                for sequence in written.order {
                    let text = written.texts.get(sequence).map(|one| one.text.as_str()).unwrap_or_default();
                    if check(self, sequence, text)? {
                        break;
                    }
                }
                written.usage
            }
            None => self.generate_live(key, request, is_over, check)?,
        };
        self.usage.batches += 1;
        self.usage.samples += u32::try_from(request.sequences.len()).unwrap_or(u32::MAX);
        self.usage.prompt_tokens += usage.prompt_tokens;
        self.usage.completion_tokens += usage.completion_tokens;
        Ok(())
    }

    fn generate_live(
        &mut self,
        key: Digest,
        request: &GenerateRequest,
        is_over: &dyn Fn(&str) -> bool,
        check: &mut dyn FnMut(&mut Self, usize, &str) -> Result<bool, Halt>,
    ) -> Result<Usage, Halt> {
        self.replayed_ms = None;
        let (model, stop) = (self.model, ModelCancel::default());
        let first_sample = self.usage.samples;
        let mut texts = vec![String::new(); request.sequences.len()];
        let mut order = Vec::new();
        let mut checked = Ok(false);
        let mut interrupted = false;
        let (texts, usage) = model.generate_until(request, is_over, &stop, &mut |event| {
            if !stop.is_cancelled() && (self.cancel.is_cancelled() || self.is_late()) {
                interrupted = true;
                stop.cancel();
            }
            match event {
                GenerateEvent::Text { sequence, text } => {
                    let sample = first_sample + u32::try_from(sequence).unwrap_or(0) + 1;
                    if let Some(whole) = texts.get_mut(sequence) {
                        whole.push_str(&text);
                    }
                    self.tell(&AgentEvent::Token { sample, text });
                }
                GenerateEvent::Finished { sequence, .. } if !stop.is_cancelled() => {
                    order.push(sequence);
                    checked = check(self, sequence, texts.get(sequence).map(String::as_str).unwrap_or_default());
                    if !matches!(checked, Ok(false)) {
                        stop.cancel();
                    }
                }
                GenerateEvent::Sending(sending) if !stop.is_cancelled() => {
                    let record = Record::Sent { sending: sending.clone() };
                    match self.journal.append(self.clock.now(), record) {
                        Ok(()) => self.tell(&AgentEvent::Sent { sending }),
                        Err(error) => {
                            // What cannot be written down does not leave.
                            checked = Err(error.into());
                            stop.cancel();
                        }
                    }
                }
                GenerateEvent::Sending(_) | GenerateEvent::Waiting => {}
                GenerateEvent::Finished { .. } | GenerateEvent::Prompt { .. } => {}
            }
        })?;
        checked?;
        if self.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        if interrupted {
            return Err(Halt::Budget("time_spent"));
        }
        let written = Written { texts, order, usage };
        self.journal.append(self.clock.now(), Record::Generated { key, written, spent_ms: self.spent_ms() })?;
        Ok(usage)
    }

    /// What an earlier process learnt from the edits of these candidates.
    pub(super) fn recorded_edits(&mut self, key: &Digest) -> Option<Vec<Score>> {
        let (scores, spent_ms) = self.recorded.edited.remove(key)?;
        self.replayed_ms = self.replayed_ms.map(|before| before.max(spent_ms));
        Some(scores)
    }

    /// Writes down what the edits of these candidates came to.
    pub(super) fn record_edits(&mut self, key: Digest, scores: Vec<Score>) -> Result<(), AgentError> {
        let record = Record::Edited { key, scores, spent_ms: self.spent_ms() };
        self.journal.append(self.clock.now(), record)
    }

    /// Runs a request that is recorded with others of its kind, or not at all.
    pub(super) fn run_unrecorded(&mut self, request: &RunRequest) -> Result<RunResult, Halt> {
        self.replayed_ms = None;
        let result = self.runner.run(request, self.cancel)?;
        if result.status == RunStatus::Cancelled || self.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        if self.is_late() {
            return Err(Halt::Budget("time_spent"));
        }
        Ok(result)
    }

    /// Whether a budget in time is spent.
    fn is_late(&self) -> bool {
        self.manifest.options.budget.wall_ms.is_some_and(|most| self.spent_ms() >= most)
    }

    /// Runs a request, or gives what an earlier process got. `purpose` keeps equal requests of different steps apart.
    pub(super) fn execute(&mut self, purpose: &str, request: &RunRequest) -> Result<RunResult, Halt> {
        let key = key_of(purpose, request)?;
        self.usage.runs += 1;
        if let Some((result, spent_ms)) = self.recorded.ran.get(&key) {
            self.replayed_ms = self.replayed_ms.map(|before| before.max(*spent_ms));
            return Ok(result.clone());
        }
        self.replayed_ms = None;
        if self.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        let mut result = self.runner.run(request, self.cancel)?;
        if result.status == RunStatus::Cancelled || self.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        result.stdout.truncate(KEPT_OUTPUT_BYTES);
        result.stderr = tail(&result.stderr);
        let record = Record::Ran { key, result: Box::new(result.clone()), spent_ms: self.spent_ms() };
        self.journal.append(self.clock.now(), record)?;
        self.recorded.ran.insert(key, (result.clone(), self.spent_ms()));
        Ok(result)
    }
}

/// The end of error output: that is where a traceback says what happened.
fn tail(bytes: &[u8]) -> Vec<u8> {
    bytes.get(bytes.len().saturating_sub(KEPT_OUTPUT_BYTES)..).unwrap_or_default().to_vec()
}

pub(super) fn key_of(purpose: &str, request: &impl serde::Serialize) -> Result<Digest, AgentError> {
    let mut bytes = purpose.as_bytes().to_vec();
    bytes.push(0);
    serde_json::to_writer(&mut bytes, request).map_err(|error| AgentError::Journal(error.to_string()))?;
    Ok(digest_of(&bytes))
}
