//! One request of the contract: what the server has to be asked first, then all sequences at once.

use edgecoder_http::HttpError;
use edgecoder_http::client::{Flow, Request, Step};
use std::sync::PoisonError;

use super::dialect::{BadPiece, Learned, does_not_fit};
use super::sequence::Candidate;
use super::{ProviderKind, RemoteModel, ollama, openai};
use crate::contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Model as _, Usage,
};

/// Longest stream of one sequence, in bytes.
const STREAM_BYTES_MAX: u64 = 64 << 20;
/// Bytes of text that stand for a token where a server does not count.
const BYTES_PER_TOKEN: u64 = 4;

type OnEvent<'a> = &'a mut dyn FnMut(GenerateEvent);

pub(super) fn generate(
    model: &RemoteModel,
    request: &GenerateRequest,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<(Vec<Generated>, Usage), InferenceError> {
    model.check(request)?;
    let request = &shared_out(request);
    model.server.admit()?;
    let prompt_tokens = model.count_tokens(&request.prompt)?;
    // What can be seen to be too long is not sent anywhere.
    fits(prompt_tokens, request.tokens_max, model.window())?;
    match learn(model, cancel, on_event) {
        Ok(()) => fits(prompt_tokens, request.tokens_max, model.window())?,
        Err(InferenceError::Http(HttpError::Cancelled)) => return Ok(nothing(request, on_event)),
        Err(error) => return Err(error),
    }
    send(model, request, prompt_tokens, Some(model.window()), cancel, on_event)
}

/// A server bounds each answer alone: what all of them may have is shared out among them.
fn shared_out(request: &GenerateRequest) -> GenerateRequest {
    let mut request = request.clone();
    let each = request.tokens_all_max.map(|all| all / (request.sequences.len().max(1) as u64));
    if let Some(each) = each {
        request.tokens_max = request.tokens_max.min(u32::try_from(each).unwrap_or(u32::MAX)).max(1);
    }
    request
}

/// Sends the prompt whether or not it fits.
pub(super) fn unchecked(
    model: &RemoteModel,
    request: &GenerateRequest,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<(Vec<Generated>, Usage), InferenceError> {
    model.server.admit()?;
    learn(model, cancel, on_event)?;
    send(model, request, model.count_tokens(&request.prompt)?, None, cancel, on_event)
}

/// Sends all sequences. `window`: what the server counts has to fit it.
fn send(
    model: &RemoteModel,
    request: &GenerateRequest,
    prompt_tokens: u32,
    window: Option<u32>,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<(Vec<Generated>, Usage), InferenceError> {
    let requests = model.requests(request)?;
    let mut work = Work {
        model,
        requests: &requests,
        cancel,
        on_event,
        candidates: requests.iter().map(|_| Candidate::new(model.name.kind, &request.stop)).collect(),
        failure: None,
    };
    model.server.client.exchange(&requests, STREAM_BYTES_MAX, &mut |index, step| work.step(index, step))?;
    if let Some(error) = work.failure.take() {
        return Err(match &error {
            InferenceError::Http(refusal) => does_not_fit(refusal, prompt_tokens, request.tokens_max).unwrap_or(error),
            _ => error,
        });
    }
    work.finish(prompt_tokens, request, window)
}

fn fits(prompt_tokens: u32, tokens_max: u32, context_tokens: u32) -> Result<(), InferenceError> {
    if u64::from(prompt_tokens) + u64::from(tokens_max) <= u64::from(context_tokens) {
        return Ok(());
    }
    Err(InferenceError::DoesNotFit { prompt_tokens, tokens_max, context_tokens })
}

/// Cancelled before anything was written.
fn nothing(request: &GenerateRequest, on_event: OnEvent<'_>) -> (Vec<Generated>, Usage) {
    let one = |sequence| {
        on_event(GenerateEvent::Finished { sequence, reason: FinishReason::Cancelled });
        Generated { text: String::new(), tokens: 0, finish: FinishReason::Cancelled }
    };
    ((0..request.sequences.len()).map(one).collect(), Usage::default())
}

/// Asks the server about the model, once.
fn learn(model: &RemoteModel, cancel: &Cancel, on_event: OnEvent<'_>) -> Result<(), InferenceError> {
    if model.learned().is_some() {
        return Ok(());
    }
    let requests = model.preflight()?;
    let learned = match (model.name.kind, requests.as_slice()) {
        (ProviderKind::Ollama, [show, load, loaded]) => learn_ollama(model, [show, load, loaded], cancel, on_event)?,
        (_, [list]) => learn_openai(model, list, cancel, on_event)?,
        _ => Learned::default(),
    };
    *model.learned.lock().unwrap_or_else(PoisonError::into_inner) = Some(learned);
    Ok(())
}

fn learn_openai(
    model: &RemoteModel,
    list: &Request,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<Learned, InferenceError> {
    let body = match model.server.ask(list, cancel, on_event) {
        // It has no list: whether the model is there shows at the first prompt.
        Err(InferenceError::Http(HttpError::Status { status: 404 | 405 | 501, .. })) => return Ok(Learned::default()),
        other => other?,
    };
    let models = openai::read_list(&body).ok_or_else(|| model.server.failed("its list of models cannot be read"))?;
    openai::learn(&models, &model.name.model, &model.server.base.host_and_port())
}

fn learn_ollama(
    model: &RemoteModel,
    [show, load, loaded]: [&Request; 3],
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<Learned, InferenceError> {
    let name = &model.name.model;
    let shown = match model.server.ask(show, cancel, on_event) {
        Err(InferenceError::Http(HttpError::Status { status: 404, .. })) => {
            let list = ollama::list_request(&model.server.base)?;
            let names = ollama::read_list(&model.server.ask(&list, cancel, on_event)?).unwrap_or_default();
            let to = model.server.base.host_and_port();
            return Err(super::no_such_model(name, &to, names.iter().map(String::as_str)));
        }
        other => other?,
    };
    let made_with = ollama::read_show(&shown);
    let too_small = |has: u32, what: &str| {
        InferenceError::Invalid(format!(
            "{name} {what} {has} tokens, but {} are asked for: set model.context_tokens to at most {has}",
            model.context_tokens
        ))
    };
    if let Some(has) = made_with.filter(|has| *has < model.context_tokens) {
        return Err(too_small(has, "has a context window of"));
    }
    model.server.ask(load, cancel, on_event)?;
    let context = ollama::read_loaded(&model.server.ask(loaded, cancel, on_event)?, name);
    match context.filter(|has| *has < model.context_tokens) {
        Some(has) => Err(too_small(has, "was loaded with a context window of")),
        None => Ok(Learned { context_tokens: context.or(made_with) }),
    }
}

/// All sequences under way.
struct Work<'a> {
    model: &'a RemoteModel,
    requests: &'a [Request],
    cancel: &'a Cancel,
    on_event: OnEvent<'a>,
    candidates: Vec<Candidate<'a>>,
    failure: Option<InferenceError>,
}

impl Work<'_> {
    fn step(&mut self, index: usize, step: Step<'_>) -> Flow {
        let flow = match step {
            Step::Tick => {
                (self.on_event)(GenerateEvent::Waiting);
                Flow::Continue
            }
            Step::Attempt(attempt) => {
                if let Some(request) = self.requests.get(index) {
                    (self.on_event)(GenerateEvent::Sending(self.model.server.sending(request, attempt)));
                }
                Flow::Continue
            }
            Step::Head(head) => {
                let checked = self.candidates.get(index).map_or(Ok(()), |candidate| candidate.check_head(head));
                self.or_fail(checked.map(|()| false))
            }
            Step::Bytes(bytes) => {
                let pushed = self.candidates.get_mut(index).map_or(Ok(true), |candidate| candidate.push(bytes));
                self.show(index, matches!(pushed, Ok(true)));
                self.or_fail(pushed)
            }
            Step::End(error) => self.end(index, error),
        };
        if self.cancel.is_cancelled() { Flow::Stop } else { flow }
    }

    /// A candidate that is done needs no connection any more.
    fn or_fail(&mut self, outcome: Result<bool, BadPiece>) -> Flow {
        match outcome {
            Ok(true) => Flow::Drop,
            Ok(false) => Flow::Continue,
            Err(BadPiece::Malformed(why) | BadPiece::Failed(why)) => {
                self.failure = self.failure.take().or_else(|| Some(self.model.server.failed(&why)));
                Flow::Stop
            }
        }
    }

    fn end(&mut self, index: usize, error: Option<&HttpError>) -> Flow {
        let Some(candidate) = self.candidates.get_mut(index) else { return Flow::Continue };
        if let Some(error) = error {
            self.failure = self.failure.take().or_else(|| Some(error.clone().into()));
            return Flow::Stop;
        }
        match candidate.end() {
            Ok(true) => self.show(index, true),
            Ok(false) => {
                let (to, bytes) = (self.model.server.base.host_and_port(), candidate.tokens().0);
                self.failure = self.failure.take().or(Some(HttpError::Cut { to, bytes }.into()));
                return Flow::Stop;
            }
            Err(bad) => return self.or_fail(Err(bad)),
        }
        Flow::Continue
    }

    /// Tells new text, and the end, once.
    fn show(&mut self, index: usize, ended: bool) {
        let Some(candidate) = self.candidates.get_mut(index) else { return };
        let text = if ended { candidate.finish_text() } else { candidate.release() };
        if let Some(text) = text {
            (self.on_event)(GenerateEvent::Text { sequence: index, text });
        }
        if ended && !std::mem::replace(&mut candidate.is_announced, true) {
            let reason = candidate.reason();
            (self.on_event)(GenerateEvent::Finished { sequence: index, reason });
        }
    }

    fn finish(
        mut self,
        prompt_tokens: u32,
        request: &GenerateRequest,
        window: Option<u32>,
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        // What was stopped keeps what it had.
        for index in 0..self.candidates.len() {
            self.show(index, true);
        }
        let mut usage = Usage::default();
        let counted = self.candidates.iter().filter_map(Candidate::prompt_tokens).max();
        for candidate in &self.candidates {
            let (tokens, is_counted) = candidate.tokens();
            usage.completion_tokens += tokens;
            usage.is_estimated |= !is_counted;
            // The server counts more than it has room for: something was cut after all.
            let all = candidate.prompt_tokens().unwrap_or(0) + tokens;
            if let Some(context_tokens) = window.filter(|window| all > u64::from(*window)) {
                return Err(InferenceError::DoesNotFit {
                    prompt_tokens: counted.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(prompt_tokens),
                    tokens_max: request.tokens_max,
                    context_tokens,
                });
            }
        }
        usage.is_estimated |= counted.is_none();
        usage.prompt_tokens = counted.unwrap_or_else(|| u64::from(prompt_tokens) / BYTES_PER_TOKEN);
        Ok((self.candidates.into_iter().map(Candidate::into_generated).collect(), usage))
    }
}
