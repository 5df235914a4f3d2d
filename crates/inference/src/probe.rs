//! Measures what a model can do, rather than believing what it says: tools, JSON, schemas, grammars, the window, speed.

use edgecoder_types::{Clock, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::contract::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, InferenceError, Message, Model, OutputFormat, Prompt, Role,
    Sampling, Sequence,
};

/// Version of the kept form.
const VERSION: u32 = 1;
/// Tokens of the text whose speed is measured.
const SPEED_TOKENS: u32 = 64;
/// Tokens of an answer in a form.
const FORM_TOKENS: u32 = 96;
/// Words of the smaller of the two prompts that tell how many tokens a word has.
const SCALE_WORDS: u32 = 60;
/// Largest window that is filled to see whether it holds: beyond that a probe takes too long.
const WINDOW_TOKENS_MAX: u32 = 32_768;
/// How long filling it may take, by the speed of a short prompt, in milliseconds.
const FILL_MS: u64 = 10_000;
/// Tokens that are filled in any case.
const FILL_TOKENS: u64 = 512;

/// What was found out about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it works.
    pub works: bool,
    /// What was seen.
    pub detail: String,
}

impl Finding {
    /// It works.
    pub fn yes(detail: impl Into<String>) -> Self {
        Self { works: true, detail: detail.into() }
    }

    /// It does not.
    pub fn no(detail: impl Into<String>) -> Self {
        Self { works: false, detail: detail.into() }
    }
}

/// The window as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// What the model or its server says, as far as it is used.
    pub stated_tokens: u32,
    /// The largest prompt that was read whole, in tokens; none where nobody counts.
    pub read_tokens: Option<u64>,
    /// What happens to a prompt that does not fit.
    pub overflow: Overflow,
    /// In words.
    pub detail: String,
}

/// What happens to a prompt that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// It is refused.
    Refused,
    /// It is cut, and nobody says so.
    Cut,
    /// It fits after all: the window is larger than stated.
    Read,
    /// Nobody counts tokens, so it cannot be known.
    Unknown,
}

/// How fast it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speed {
    /// Milliseconds until the first text.
    pub first_text_ms: u64,
    /// Tokens a second of one text, times ten.
    pub tokens_per_10s: u64,
    /// Tokens a second of as many texts at once as it takes, together, times ten.
    pub together_per_10s: u64,
    /// How many these were.
    pub together: u32,
}

/// All that was found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Format version.
    pub v: u32,
    /// The model.
    pub name: String,
    /// When.
    pub at_ms: UnixMs,
    /// Calls functions.
    pub tools: Finding,
    /// Answers in JSON when it is told to.
    pub json: Finding,
    /// Holds to a JSON schema.
    pub schema: Finding,
    /// Holds to a grammar.
    pub grammar: Finding,
    /// The window.
    pub window: Window,
    /// Speed.
    pub speed: Speed,
}

type OnEvent<'a> = &'a mut dyn FnMut(GenerateEvent);

/// Measures. Takes some requests; the longest fills the window.
///
/// # Errors
/// The model cannot be asked at all. What it cannot do is a finding.
pub fn probe(
    model: &dyn Model,
    clock: &dyn Clock,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<Probe, InferenceError> {
    let speed = speed(model, clock, cancel, on_event)?;
    Ok(Probe {
        v: VERSION,
        name: model.info().name,
        at_ms: clock.now(),
        speed,
        json: form(model, &OutputFormat::Json, &is_object, cancel, on_event)?,
        schema: form(model, &OutputFormat::JsonSchema(schema()), &is_of_schema, cancel, on_event)?,
        grammar: form(model, &OutputFormat::Grammar(GRAMMAR.to_owned()), &is_of_grammar, cancel, on_event)?,
        tools: model.calls_tools(cancel, on_event)?,
        window: window(model, clock, cancel, on_event)?,
    })
}

fn question(content: &str) -> Prompt {
    Prompt::Chat(vec![Message { role: Role::User, content: content.to_owned() }])
}

fn asked(prompt: Prompt, sequences: u32, tokens_max: u32, temperature: f32) -> GenerateRequest {
    let sampling = Sampling { temperature, ..Sampling::default() };
    let sequences = (1..=sequences).map(|seed| Sequence { seed: u64::from(seed), sampling }).collect();
    GenerateRequest { prompt, sequences, tokens_max, tokens_all_max: None, stop: Vec::new(), format: None }
}

fn stopped(cancel: &Cancel) -> Result<(), InferenceError> {
    if cancel.is_cancelled() { Err(InferenceError::Unavailable("the probe was cancelled".to_owned())) } else { Ok(()) }
}

/// One text, then as many as the model takes at once.
fn speed(
    model: &dyn Model,
    clock: &dyn Clock,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<Speed, InferenceError> {
    let story = "Tell a long story about a small robot who wants to see the sea.";
    let mut timed = |sequences: u32| {
        let began = clock.now();
        let mut first = None;
        let request = asked(question(story), sequences, SPEED_TOKENS, 0.8);
        let (_, usage) = model.generate(&request, cancel, &mut |event| {
            if matches!(event, GenerateEvent::Text { .. }) {
                first = first.or_else(|| Some(clock.now()));
            }
            on_event(event);
        })?;
        stopped(cancel)?;
        let end = clock.now();
        let first = first.unwrap_or(end);
        Ok::<_, InferenceError>((millis(began, first), rate(usage.completion_tokens, millis(first, end))))
    };
    // The first request may load the model.
    timed(1)?;
    let (first_text_ms, tokens_per_10s) = timed(1)?;
    let together = model.info().batch_max;
    let (_, together_per_10s) = timed(together)?;
    Ok(Speed { first_text_ms, tokens_per_10s, together_per_10s, together })
}

fn millis(from: UnixMs, to: UnixMs) -> u64 {
    u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0)
}

fn rate(tokens: u64, ms: u64) -> u64 {
    tokens.saturating_mul(10_000) / ms.max(1)
}

/// Nothing in the question asks for these names, so only a server that heeds the schema gives them.
fn schema() -> Value {
    json!({"type": "object", "properties": {"zebra": {"type": "integer"}, "is_violet": {"type": "boolean"}},
        "required": ["zebra", "is_violet"], "additionalProperties": false})
}

/// Nothing in the question asks for this either.
const GRAMMAR: &str = "root ::= \"violet-\" [0-9] [0-9]";

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

fn is_of_schema(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| {
        value.get("zebra").is_some_and(Value::is_i64) && value.get("is_violet").is_some_and(Value::is_boolean)
    })
}

fn is_of_grammar(text: &str) -> bool {
    text.strip_prefix("violet-").is_some_and(|rest| rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the model holds to a form. A refusal is an answer.
fn form(
    model: &dyn Model,
    format: &OutputFormat,
    is_it: &dyn Fn(&str) -> bool,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<Finding, InferenceError> {
    let mut request = asked(question("Say hello to the sea in JSON."), 1, FORM_TOKENS, 0.0);
    request.format = Some(format.clone());
    let generated = match model.generate(&request, cancel, on_event) {
        Ok((generated, _)) => generated,
        Err(InferenceError::Invalid(why)) => return Ok(Finding::no(format!("refused: {why}"))),
        // Some servers fail over a form that they do not know; without one they answered just before.
        Err(InferenceError::Http(error))
            if !error.is_retryable() || matches!(error, edgecoder_http::HttpError::Status { status: 500, .. }) =>
        {
            return Ok(Finding::no(format!("refused: {error}")));
        }
        Err(error) => return Err(error),
    };
    stopped(cancel)?;
    let one = generated.first();
    let text = one.map(|one| one.text.trim()).unwrap_or_default();
    if is_it(text) {
        return Ok(Finding::yes("the answer has the form"));
    }
    let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    let cut = one.is_some_and(|one| one.finish == FinishReason::Length);
    let why = if cut { "the answer did not end" } else { "the form was not heeded" };
    Ok(Finding::no(format!("{why}: {shown:?}")))
}

/// So many words that have the same number of tokens each.
pub(crate) fn filler(words: u32) -> String {
    let mut text = String::from("Answer with yes.");
    for _ in 0..words {
        text.push_str(" apple");
    }
    text
}

/// Fills the window to nine tenths and to more than it has, and looks at what was read.
fn window(
    model: &dyn Model,
    clock: &dyn Clock,
    cancel: &Cancel,
    on_event: OnEvent<'_>,
) -> Result<Window, InferenceError> {
    let mut read = |words: u32| {
        let read = model.read_words(words, cancel, on_event);
        stopped(cancel)?;
        read
    };
    let small = read(SCALE_WORDS)?;
    let began = clock.now();
    let large = read(3 * SCALE_WORDS)?;
    let took = millis(began, clock.now());
    let stated_tokens = model.info().context_tokens;
    let unknown = |detail: &str| Window {
        stated_tokens,
        read_tokens: None,
        overflow: Overflow::Unknown,
        detail: detail.to_owned(),
    };
    let (Some(small), Some(large)) = (small, large) else {
        return Ok(unknown("nobody tells how many tokens were read"));
    };
    let words = u64::from(2 * SCALE_WORDS);
    if large <= small {
        return Ok(unknown("longer prompts are not counted as longer"));
    }
    let around = small.saturating_sub((large - small) * u64::from(SCALE_WORDS) / words);
    let words_for = |tokens: u64| {
        let count = tokens.saturating_sub(around) * words / (large - small);
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let affordable = (large * FILL_MS / took.max(1)).max(FILL_TOKENS);
    let filled = u64::from(stated_tokens.min(WINDOW_TOKENS_MAX)).min(affordable);
    let most = filled * 9 / 10;
    let read_tokens = match read(words_for(most)) {
        Ok(tokens) => tokens,
        Err(error) if is_refusal(&error) => None,
        Err(error) => return Err(error),
    };
    let whole = read_tokens.is_some_and(|tokens| tokens >= most * 49 / 50);
    let beyond = u64::from(stated_tokens) * 6 / 5;
    let tried = if stated_tokens > WINDOW_TOKENS_MAX { Ok(None) } else { read(words_for(beyond)) };
    let overflow = match tried {
        Ok(Some(tokens)) if tokens >= beyond * 49 / 50 => Overflow::Read,
        Ok(Some(_)) => Overflow::Cut,
        Ok(None) => Overflow::Unknown,
        Err(error) if is_refusal(&error) => Overflow::Refused,
        Err(error) => return Err(error),
    };
    let part = if filled < u64::from(stated_tokens) {
        format!("{most} tokens of it, since more takes long,")
    } else {
        "nine tenths of it".to_owned()
    };
    let first = format!("{part} were {}read whole", if whole { "" } else { "not " });
    let second = match overflow {
        Overflow::Refused => "what does not fit is refused",
        Overflow::Cut => "what does not fit is cut without a word",
        Overflow::Read => "a fifth more is read as well",
        Overflow::Unknown => "nobody tells what happens beyond it",
    };
    Ok(Window { stated_tokens, read_tokens, overflow, detail: format!("{first}; {second}") })
}

fn is_refusal(error: &InferenceError) -> bool {
    match error {
        InferenceError::DoesNotFit { .. } | InferenceError::Invalid(_) => true,
        InferenceError::Http(error) => {
            matches!(error, edgecoder_http::HttpError::Status { status: 400 | 413 | 422 | 500, .. })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_talk() {
        assert!(is_object("{\"a\": 1}") && !is_object("[1]") && !is_object("Hello {}"));
        assert!(is_of_schema("{\"zebra\": 3, \"is_violet\": true}") && !is_of_schema("{\"zebra\": 3}"));
        assert!(is_of_grammar("violet-42") && !is_of_grammar("violet-4") && !is_of_grammar("hello"));
        assert_eq!(filler(2), "Answer with yes. apple apple");
        assert_eq!((rate(64, 800), rate(1, 0)), (800, 10_000));
    }
}
