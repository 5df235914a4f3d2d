//! What every model keeps, whoever it is: called with a local one and with those of servers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking, like the tests that call it")]

use std::time::{Duration, Instant};

use edgecoder_inference::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Message, Model, Prompt, Role,
    Sampling, Sequence, Usage,
};

/// Longest time until a cancelled request has ended.
const CANCEL_WAIT: Duration = Duration::from_secs(2);

/// A prompt that every model continues with more than a few tokens.
pub fn question() -> Prompt {
    let content = "Tell a story about a small robot who wants to see the sea.".to_owned();
    Prompt::Chat(vec![Message { role: Role::User, content }])
}

/// A request with these seeds.
pub fn request(prompt: Prompt, seeds: &[u64], tokens_max: u32) -> GenerateRequest {
    let sequences = seeds.iter().map(|seed| Sequence { seed: *seed, sampling: Sampling::default() }).collect();
    GenerateRequest { prompt, sequences, tokens_max, tokens_all_max: None, stop: Vec::new(), format: None }
}

/// Runs a request and checks its events against what it gives.
///
/// # Errors
/// What the model says.
///
/// # Panics
/// Where the contract is broken.
pub fn generate(
    model: &dyn Model,
    request: &GenerateRequest,
    cancel: &Cancel,
    on_event: &mut dyn FnMut(&GenerateEvent),
) -> Result<(Vec<Generated>, Usage), InferenceError> {
    let mut texts = vec![String::new(); request.sequences.len()];
    let mut ends: Vec<Option<FinishReason>> = vec![None; request.sequences.len()];
    let (generated, usage) = model.generate(request, cancel, &mut |event| {
        match &event {
            GenerateEvent::Text { sequence, text } => {
                assert!(ends[*sequence].is_none(), "text of sequence {sequence} after its end");
                assert!(!text.is_empty(), "an event without text");
                texts[*sequence].push_str(text);
            }
            GenerateEvent::Finished { sequence, reason } => {
                assert!(ends[*sequence].replace(*reason).is_none(), "sequence {sequence} ended twice");
            }
            GenerateEvent::Prompt { done, total } => assert!(done <= total),
            GenerateEvent::Sending(_) | GenerateEvent::Waiting => {}
        }
        on_event(&event);
    })?;
    assert_eq!(generated.len(), request.sequences.len());
    for (index, one) in generated.iter().enumerate() {
        assert_eq!(one.text, texts[index], "the events' text is the text");
        assert_eq!(Some(one.finish), ends[index], "every sequence's end is told");
        assert!(one.tokens <= request.tokens_max, "{} tokens", one.tokens);
        assert!(request.stop.iter().all(|stop| !one.text.contains(stop.as_str())), "a stop text in {:?}", one.text);
    }
    let tokens: u64 = generated.iter().map(|one| u64::from(one.tokens)).sum();
    assert_eq!(usage.completion_tokens, tokens);
    Ok((generated, usage))
}

/// Checks the contract.
///
/// # Panics
/// Where the contract is broken.
pub fn check(model: &dyn Model) {
    let info = model.info();
    assert!(info.batch_max >= 2 && info.context_tokens > 64, "{info:?}");
    let never = Cancel::default();
    let asked = request(question(), &[1, 2], 12);
    let (generated, usage) = generate(model, &asked, &never, &mut |_| {}).unwrap();
    assert!(generated.iter().all(|one| !one.text.is_empty() && one.finish != FinishReason::Cancelled), "{generated:?}");
    assert!(usage.prompt_tokens > 0 && usage.prompt_tokens < u64::from(info.context_tokens), "{usage:?}");
    assert!(model.count_tokens(&asked.prompt).unwrap() > 0);
    if info.reproducible {
        assert_eq!(generate(model, &asked, &never, &mut |_| {}).unwrap().0, generated);
    }
    stops(model, &asked, &generated[0].text);
    refusals(model, &asked);
    cancelling(model);
}

fn stops(model: &dyn Model, asked: &GenerateRequest, text: &str) {
    let stop: String = text.chars().skip(2).take(2).collect();
    let asked = GenerateRequest { stop: vec![stop.clone()], ..asked.clone() };
    let (generated, _) = generate(model, &asked, &Cancel::default(), &mut |_| {}).unwrap();
    assert!(!generated[0].text.contains(&stop));
    if model.info().reproducible {
        assert_eq!(generated[0].text, text.split(&stop).next().unwrap());
        assert_eq!(generated[0].finish, FinishReason::Stop);
    }
}

fn refusals(model: &dyn Model, asked: &GenerateRequest) {
    let window = model.info().context_tokens;
    let too_many = vec![asked.sequences[0]; model.info().batch_max as usize + 1];
    let with = |temperature, top_p| {
        let sampling = Sampling { temperature, top_p, top_k: 0 };
        GenerateRequest { sequences: vec![Sequence { seed: 1, sampling }], ..asked.clone() }
    };
    let rows = [
        GenerateRequest { sequences: Vec::new(), ..asked.clone() },
        GenerateRequest { sequences: too_many, ..asked.clone() },
        GenerateRequest { tokens_max: 0, ..asked.clone() },
        GenerateRequest { stop: vec![String::new()], ..asked.clone() },
        with(f32::NAN, 1.0),
        with(-1.0, 1.0),
        with(0.5, 0.0),
        with(0.5, 1.5),
    ];
    let nothing = &mut |event: &GenerateEvent| panic!("{event:?} for a request that is refused");
    for wrong in rows {
        let error = generate(model, &wrong, &Cancel::default(), nothing).unwrap_err();
        assert_eq!(error.code(), "inference_request_invalid", "{wrong:?}");
    }
    let long = "word ".repeat(window as usize * 2);
    let long = Prompt::Chat(vec![Message { role: Role::User, content: long }]);
    for (prompt, tokens_max) in [(long, 8), (asked.prompt.clone(), window)] {
        let asked = GenerateRequest { prompt, tokens_max, ..asked.clone() };
        match generate(model, &asked, &Cancel::default(), nothing).unwrap_err() {
            InferenceError::DoesNotFit { prompt_tokens, tokens_max: most, context_tokens } => {
                assert_eq!((most, context_tokens), (tokens_max, window));
                assert!(prompt_tokens + most > context_tokens);
            }
            other => panic!("{other:?}"),
        }
    }
}

fn cancelling(model: &dyn Model) {
    let asked = request(question(), &[5, 6], 200);
    let cancel = Cancel::default();
    let mut at = None;
    let (generated, _) = generate(model, &asked, &cancel, &mut |event| {
        if matches!(event, GenerateEvent::Text { .. }) && at.is_none() {
            at = Some(Instant::now());
            cancel.cancel();
        }
    })
    .unwrap();
    assert!(at.unwrap().elapsed() < CANCEL_WAIT);
    assert!(generated.iter().any(|one| one.finish == FinishReason::Cancelled), "{generated:?}");
    assert!(generated.iter().any(|one| !one.text.is_empty()), "what was written stays");
    let (generated, _) = generate(model, &asked, &cancel, &mut |_| {}).unwrap();
    assert!(generated.iter().all(|one| one.text.is_empty() && one.finish == FinishReason::Cancelled), "{generated:?}");
}
