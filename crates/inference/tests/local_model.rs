//! The contract of [`Model`], against the default model itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::OnceLock;

use edgecoder_inference::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, LocalModel, LocalOptions, Message,
    Model, OutputFormat, Prompt, Role, Sampling, Sequence,
};

fn path() -> PathBuf {
    std::env::var_os("EDGECODER_TEST_MODEL")
        .map(PathBuf::from)
        .expect("set EDGECODER_TEST_MODEL to the default model's GGUF file (`make test` fetches it and does so)")
}

fn model() -> &'static LocalModel {
    static MODEL: OnceLock<LocalModel> = OnceLock::new();
    MODEL.get_or_init(|| LocalModel::load(&path(), LocalOptions::default()).unwrap())
}

fn request(prompt: &str, seeds: &[u64], tokens_max: u32) -> GenerateRequest {
    let sequences = seeds.iter().map(|seed| Sequence { seed: *seed, sampling: Sampling::default() }).collect();
    GenerateRequest {
        prompt: Prompt::Text(prompt.to_owned()),
        sequences,
        tokens_max,
        tokens_all_max: None,
        stop: Vec::new(),
        format: None,
    }
}

fn generate(request: &GenerateRequest) -> Vec<Generated> {
    model().generate(request, &Cancel::default(), &mut |_| {}).unwrap().0
}

fn message(role: Role, content: &str) -> Message {
    Message { role, content: content.to_owned() }
}

const STORY: &str = "Once upon a time there was a small robot who";

#[test]
fn the_same_request_gives_the_same_texts_whatever_ran_before() {
    let request = request(STORY, &[1, 2, 3, 4], 24);
    let first = generate(&request);
    // Another length, another width, and a cache that had to grow.
    generate(&self::request(&STORY.repeat(40), &[9, 8], 40));
    assert_eq!(generate(&request), first);
    let fresh = LocalModel::load(&path(), LocalOptions::default()).unwrap();
    assert_eq!(fresh.generate(&request, &Cancel::default(), &mut |_| {}).unwrap().0, first);
}

#[test]
fn a_sequence_ends_where_its_caller_says_it_is_over() {
    let request = request(STORY, &[1, 2], 24);
    let whole = generate(&request);
    let is_over = |text: &str| text.split(' ').count() > 4;
    let (ended, usage) = model().generate_until(&request, &is_over, &Cancel::default(), &mut |_| {}).unwrap();
    for (short, long) in ended.iter().zip(&whole) {
        assert!(is_over(&short.text) && long.text.starts_with(&short.text), "{short:?} {long:?}");
        assert!(short.finish == FinishReason::Stop && short.tokens < long.tokens, "{short:?}");
    }
    assert_eq!(usage.completion_tokens, ended.iter().map(|one| u64::from(one.tokens)).sum::<u64>());
}

#[test]
fn seeds_differ_and_equal_seeds_agree_within_a_batch() {
    let texts: Vec<String> = generate(&request(STORY, &[5, 6, 5], 24)).into_iter().map(|one| one.text).collect();
    assert_eq!(texts[0], texts[2]);
    assert_ne!(texts[0], texts[1]);
    assert!(texts.iter().all(|text| text.len() > 20), "{texts:?}");
}

#[test]
fn events_carry_the_text_and_usage_counts_the_prompt_once() {
    let request = request(STORY, &[1, 2, 3], 20);
    let mut texts = vec![String::new(); 3];
    let mut ends = vec![None; 3];
    let mut prompt = (0, 0);
    let (generated, usage) = model()
        .generate(&request, &Cancel::default(), &mut |event| match event {
            GenerateEvent::Prompt { done, total } => prompt = (done, total),
            GenerateEvent::Text { sequence, text } => texts[sequence].push_str(&text),
            GenerateEvent::Finished { sequence, reason } => assert!(ends[sequence].replace(reason).is_none()),
            GenerateEvent::Sending(_) | GenerateEvent::Waiting => panic!("{event:?} of a model that is here"),
        })
        .unwrap();
    let tokens = model().count_tokens(&request.prompt).unwrap();
    assert_eq!(prompt, (tokens, tokens));
    assert_eq!(usage.prompt_tokens, u64::from(tokens));
    assert_eq!(usage.completion_tokens, generated.iter().map(|one| u64::from(one.tokens)).sum::<u64>());
    for ((one, text), end) in generated.iter().zip(&texts).zip(&ends) {
        assert_eq!(one.text, *text);
        assert_eq!(Some(one.finish), *end);
        assert!(one.tokens <= 20 && (one.finish != FinishReason::Length || one.tokens == 20));
    }
}

#[test]
fn a_stop_text_ends_a_sequence_before_itself() {
    let mut request = request("1, 2, 3, 4, 5, 6, 7,", &[1], 40);
    request.sequences[0].sampling.temperature = 0.0;
    let free = generate(&request);
    assert!(free[0].text.contains(" 11, 12"), "{}", free[0].text);
    request.stop = vec!["11, 12".to_owned()];
    let stopped = generate(&request);
    assert_eq!(stopped[0].finish, FinishReason::Stop);
    assert_eq!(stopped[0].text, free[0].text.split("11, 12").next().unwrap());
    assert!(stopped[0].tokens < free[0].tokens);
}

#[test]
fn cancelling_ends_within_one_token_and_returns_what_was_there() {
    let request = request(STORY, &[1, 2], 200);
    let cancel = Cancel::default();
    let mut after = 0;
    let (generated, _) = model()
        .generate(&request, &cancel, &mut |event| {
            if let GenerateEvent::Text { .. } = event {
                after += u32::from(cancel.is_cancelled());
                if after == 0 {
                    cancel.cancel();
                }
            }
        })
        .unwrap();
    assert!(generated.iter().all(|one| one.finish == FinishReason::Cancelled && one.tokens <= 2), "{generated:?}");
    assert!(after <= 1);
    assert!(!generated[0].text.is_empty());
}

/// The texts of a request that is stopped when its first sequence ends, and which one that was.
fn until_the_first_end(request: &GenerateRequest) -> (Vec<Generated>, usize) {
    let (cancel, mut first) = (Cancel::default(), None);
    let (generated, _) = model()
        .generate(request, &cancel, &mut |event| {
            if let GenerateEvent::Finished { sequence, reason } = event
                && reason != FinishReason::Cancelled
            {
                assert!(first.replace(sequence).is_none(), "nobody ends after the stop");
                cancel.cancel();
            }
        })
        .unwrap();
    (generated, first.unwrap())
}

#[test]
fn an_end_is_told_at_once_and_stopping_there_is_reproducible() {
    let mut request = request(STORY, &[1, 2, 3, 4, 5, 6], 60);
    request.stop = vec![".".to_owned()];
    let all = generate(&request);
    let shortest = all.iter().map(|one| one.tokens).min().unwrap();
    assert!(all.iter().any(|one| one.tokens > shortest + 1), "they end at different places: {all:?}");
    let (stopped, first) = until_the_first_end(&request);
    assert_eq!(stopped[first], all[first]);
    for (one, whole) in stopped.iter().zip(&all) {
        assert!(whole.text.starts_with(&one.text), "{one:?} is no beginning of {whole:?}");
        assert!(one.tokens <= shortest + 1, "{one:?} went on after the stop");
    }
    for _ in 0..3 {
        assert_eq!(until_the_first_end(&request), (stopped.clone(), first));
    }
}

#[test]
fn cancelling_ends_a_long_prompt_too() {
    let request = request(&STORY.repeat(300), &[1], 10);
    let cancel = Cancel::default();
    let stopper = cancel.clone();
    let start = std::time::Instant::now();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        stopper.cancel();
    });
    let (generated, usage) = model().generate(&request, &cancel, &mut |_| {}).unwrap();
    thread.join().unwrap();
    assert_eq!(generated[0].finish, FinishReason::Cancelled);
    assert_eq!(generated[0].tokens, 0);
    assert!(usage.prompt_tokens < u64::from(model().count_tokens(&request.prompt).unwrap()), "{:?}", start.elapsed());
}

#[test]
fn what_does_not_fit_is_refused_with_the_numbers() {
    let window = model().info().context_tokens;
    let error = model().generate(&request(STORY, &[1], window), &Cancel::default(), &mut |_| {}).unwrap_err();
    let tokens = model().count_tokens(&Prompt::Text(STORY.to_owned())).unwrap();
    assert!(
        matches!(error, InferenceError::DoesNotFit { prompt_tokens, tokens_max, context_tokens }
            if prompt_tokens == tokens && tokens_max == window && context_tokens == window),
        "{error}"
    );
    let options = LocalOptions { context_tokens: Some(16), cache_bytes_max: Some(1 << 20), ..LocalOptions::default() };
    let small = LocalModel::load(&path(), options).unwrap();
    assert_eq!(small.info().context_tokens, 16);
    assert!(small.generate(&request(STORY, &[1], 8), &Cancel::default(), &mut |_| {}).is_err());
    let error = small.generate(&request("a", &[1], 8), &Cancel::default(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "model_unavailable", "{error}");
}

#[test]
fn requests_that_break_the_contract_are_refused() {
    let nine: Vec<u64> = (0..9).collect();
    let mut wrong = vec![request(STORY, &[], 8), request(STORY, &nine, 8), request(STORY, &[1], 0)];
    for sampling in [
        Sampling { temperature: -1.0, ..Sampling::default() },
        Sampling { temperature: f32::NAN, ..Sampling::default() },
        Sampling { top_p: 0.0, ..Sampling::default() },
        Sampling { top_p: 1.5, ..Sampling::default() },
    ] {
        let mut request = request(STORY, &[1], 8);
        request.sequences[0].sampling = sampling;
        wrong.push(request);
    }
    let mut stop = request(STORY, &[1], 8);
    stop.stop = vec![String::new()];
    wrong.push(stop);
    let mut chat = request(STORY, &[1], 8);
    chat.prompt = Prompt::Chat(Vec::new());
    wrong.push(chat);
    for request in wrong {
        let error = model().generate(&request, &Cancel::default(), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), "inference_request_invalid", "{request:?}: {error}");
    }
}

#[test]
fn a_final_assistant_message_is_continued() {
    let ask = message(Role::User, "Write a Python function is_even(n).");
    let open = Prompt::Chat(vec![ask.clone()]);
    let begun = Prompt::Chat(vec![ask, message(Role::Assistant, "```python\ndef is_even(n):\n   ")]);
    let added = model().count_tokens(&begun).unwrap() - model().count_tokens(&open).unwrap();
    assert!((8..20).contains(&added), "{added} tokens: an end of turn would add more");
    let mut request = request("", &[1], 24);
    request.prompt = begun;
    request.sequences[0].sampling.temperature = 0.0;
    request.stop = vec!["\n".to_owned()];
    assert_eq!(generate(&request)[0].text, " return n % 2 == 0");
}

#[test]
fn content_cannot_close_its_own_turn() {
    let count = |content: &str| model().count_tokens(&Prompt::Chat(vec![message(Role::User, content)])).unwrap();
    // As a control token it would be one; as text it is several.
    assert!(count("a<|im_end|>b") - count("ab") > 3);
    let text = |content: &str| model().count_tokens(&Prompt::Text(content.to_owned())).unwrap();
    assert!(text("<|im_end|>") > 3);
}

#[test]
fn an_empty_prompt_starts_where_texts_start() {
    assert_eq!(model().count_tokens(&Prompt::Text(String::new())).unwrap(), 1);
    assert_eq!(generate(&request("", &[1], 4)).len(), 1);
}

#[test]
fn two_callers_are_served_one_after_the_other() {
    let request = request(STORY, &[1, 2], 12);
    let alone = generate(&request);
    let (left, right) = std::thread::scope(|scope| {
        let left = scope.spawn(|| generate(&request));
        let right = scope.spawn(|| generate(&request));
        (left.join().unwrap(), right.join().unwrap())
    });
    assert_eq!((&left, &right), (&alone, &alone));
}

#[test]
fn a_caller_that_panics_leaves_a_model_that_works() {
    let model = LocalModel::load(&path(), LocalOptions::default()).unwrap();
    let request = request(STORY, &[1], 8);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        model.generate(&request, &Cancel::default(), &mut |_| panic!("a caller's fault"))
    }));
    assert!(outcome.is_err());
    assert_eq!(model.generate(&request, &Cancel::default(), &mut |_| {}).unwrap().0, generate(&request));
}

/// A request whose answer must have a form.
fn formed(format: OutputFormat, seeds: &[u64], tokens_max: u32) -> GenerateRequest {
    let chat = Prompt::Chat(vec![message(Role::User, "Say hello to the sea, with its name and its age.")]);
    GenerateRequest { prompt: chat, format: Some(format), ..request("", seeds, tokens_max) }
}

#[test]
fn json_always_parses_when_it_ends() {
    let mut ended = 0;
    for round in 0..2_u64 {
        let seeds: Vec<u64> = (1..=6).map(|seed| round * 6 + seed).collect();
        let mut asked = formed(OutputFormat::Json, &seeds, 80);
        for sequence in &mut asked.sequences {
            sequence.sampling.temperature = 1.2;
        }
        for one in generate(&asked).iter().filter(|one| one.finish == FinishReason::Stop) {
            ended += 1;
            let value: serde_json::Value =
                serde_json::from_str(&one.text).unwrap_or_else(|e| panic!("{e}: {}", one.text));
            assert!(value.is_object());
        }
    }
    assert!(ended >= 2, "{ended} of 12 answers ended");
}

#[test]
fn a_schema_is_held_to() {
    let schema = serde_json::json!({"type": "object", "required": ["zebra", "kind", "list"], "properties": {
        "zebra": {"type": "integer"},
        "kind": {"enum": ["sea", "lake \"b\""]},
        "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
    }});
    let mut asked = formed(OutputFormat::JsonSchema(schema), &[1, 2, 3, 4], 120);
    for sequence in &mut asked.sequences {
        sequence.sampling.temperature = 1.0;
    }
    for one in generate(&asked) {
        assert_eq!(one.finish, FinishReason::Stop, "{one:?}");
        let value: serde_json::Value = serde_json::from_str(&one.text).unwrap();
        assert!(value["zebra"].is_i64() && value["list"].as_array().unwrap().len() <= 3, "{value}");
        assert!(["sea", "lake \"b\""].contains(&value["kind"].as_str().unwrap()), "{value}");
    }
}

#[test]
fn a_grammar_is_held_to_and_a_wrong_one_refused() {
    let grammar = OutputFormat::Grammar("root ::= \"violet-\" [0-9]{2}".to_owned());
    for one in generate(&formed(grammar, &[1, 2, 3], 40)) {
        let rest = one.text.strip_prefix("violet-").unwrap_or_else(|| panic!("{one:?}"));
        assert!(rest.len() == 2 && rest.bytes().all(|byte| byte.is_ascii_digit()), "{one:?}");
        assert_eq!(one.finish, FinishReason::Stop);
    }
    for wrong in ["root ::= (", "start ::= \"a\"", "root ::= root \"a\"", "root ::= nowhere", "root ::= \"a\0\""] {
        let asked = formed(OutputFormat::Grammar(wrong.to_owned()), &[1], 8);
        let error = model().generate(&asked, &Cancel::default(), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), "inference_request_invalid", "{wrong}");
    }
}
