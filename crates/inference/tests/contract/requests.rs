//! What goes over the wire, and what never does.

use edgecoder_http::client::REDACTED;
use edgecoder_inference::provider::{Egress, ProviderKind, RemoteModel, RemoteOptions};
use edgecoder_inference::{
    Cancel, GenerateEvent, GenerateRequest, InferenceError, Message, Model as _, OutputFormat, Prompt, Role, Sampling,
    Sending, Sequence,
};
use edgecoder_testkit::http_server::Received;
use edgecoder_testkit::model_contract::{question, request};
use edgecoder_testkit::{Behaviour, ModelServer};
use edgecoder_types::ErrorKind;
use serde_json::{Value, json};

use crate::support::{KEY, KINDS, at, model, with};

fn sent(model: &RemoteModel, asked: &GenerateRequest) -> Vec<Sending> {
    let mut sent = Vec::new();
    model
        .generate(asked, &Cancel::default(), &mut |event| {
            if let GenerateEvent::Sending(sending) = event {
                sent.push(sending);
            }
        })
        .unwrap();
    sent
}

#[test]
fn what_is_previewed_is_what_is_sent() {
    for kind in KINDS {
        let server = ModelServer::start(kind, Behaviour::saying("yes")).unwrap();
        let model = model(&server);
        let asked = request(question(), &[1, 2], 12);
        let shown = model.preview(&asked).unwrap();
        assert_eq!(server.http.received().len(), 0, "a preview sends nothing");
        let told = sent(&model, &asked);
        let mut wire: Vec<String> =
            server.http.received().iter().map(|one| String::from_utf8(one.raw.clone()).unwrap()).collect();
        let mut expected: Vec<String> =
            shown.iter().map(|one| one.head.replace(REDACTED, &format!("Bearer {KEY}")) + &one.body).collect();
        assert_eq!(wire.len(), expected.len());
        // Candidates are sent at once, in any order.
        wire.sort();
        expected.sort();
        assert_eq!(wire, expected);
        let of = |sending: &Sending| (sending.to.clone(), sending.bytes, sending.digest, sending.leaves);
        let mut told: Vec<_> = told.iter().map(of).collect();
        let mut previewed: Vec<_> =
            shown.iter().map(|one| (one.to.clone(), one.bytes, one.digest, one.leaves)).collect();
        told.sort();
        previewed.sort();
        assert_eq!(told, previewed, "every request is told");
        assert!(shown.iter().all(|one| !one.head.contains(KEY) && !one.leaves));
    }
}

#[test]
fn samplings_seeds_and_stops_are_passed() {
    let sampling = Sampling { temperature: 0.6, top_p: 0.9, top_k: 40 };
    let asked = GenerateRequest {
        tokens_all_max: None,
        prompt: Prompt::Text("def f(".to_owned()),
        sequences: vec![Sequence { seed: (1 << 40) + 7, sampling }],
        tokens_max: 30,
        stop: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
        format: Some(OutputFormat::JsonSchema(json!({"type": "object"}))),
    };
    let server = ModelServer::start(ProviderKind::OpenAi, Behaviour::saying("x")).unwrap();
    sent(&model(&server), &asked);
    let prompt = server.prompts().remove(0);
    assert_eq!(prompt.path, "/v1/completions");
    assert_eq!(prompt.header("authorization").as_deref(), Some("Bearer sk-very-secret"));
    let body = prompt.json();
    let schema = json!({"name": "answer", "strict": true, "schema": {"type": "object"}});
    assert_eq!(
        body,
        json!({"model": "tiny", "prompt": "def f(", "max_tokens": 30, "temperature": 0.6, "top_p": 0.9, "seed": 7,
            "stream": true, "stream_options": {"include_usage": true}, "stop": ["a", "b", "c", "d"],
            "response_format": {"type": "json_schema", "json_schema": schema}})
    );
    let server = ModelServer::start(ProviderKind::Ollama, Behaviour::saying("x")).unwrap();
    let options = RemoteOptions { context_tokens: Some(4_096), ..RemoteOptions::default() };
    sent(&with(&server, options), &asked);
    let body = server.prompts().remove(0).json();
    assert_eq!(
        body,
        json!({"model": "tiny", "prompt": "def f(", "raw": true, "stream": true, "truncate": false, "shift": false,
            "format": {"type": "object"}, "options": {"num_ctx": 4096, "num_predict": 30, "temperature": 0.6,
            "top_p": 0.9, "top_k": 40, "seed": 7, "stop": ["a", "b", "c", "d", "e"]}})
    );
}

#[test]
fn the_server_is_asked_about_a_model_once() {
    for kind in KINDS {
        let server = ModelServer::start(kind, Behaviour::saying("yes")).unwrap();
        let model = model(&server);
        for _ in 0..3 {
            sent(&model, &request(question(), &[1], 12));
        }
        let questions = server.http.received().len() - server.prompts().len();
        assert_eq!(questions, if kind == ProviderKind::Ollama { 3 } else { 1 });
    }
}

#[test]
fn nothing_leaves_without_a_word() {
    // An address of documentation (RFC 5737): nobody is there, and nothing may even try.
    for kind in KINDS {
        let mut server = at(kind, "https://192.0.2.1/v1");
        let model = RemoteModel::new(server.clone(), "tiny", RemoteOptions::default()).unwrap();
        let nothing = &mut |event| panic!("{event:?}");
        let error = model.generate(&request(question(), &[1], 12), &Cancel::default(), nothing).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("egress_refused", ErrorKind::Forbidden), "{error}");
        assert!(error.to_string().contains("192.0.2.1:443"), "{error}");
        assert_eq!(server.offers(&Cancel::default()).unwrap_err().code(), "egress_refused");
        assert!(model.preview(&request(question(), &[1], 12)).unwrap().iter().all(|one| one.leaves));
        // A key in the clear is refused even with the user's word.
        server = at(ProviderKind::OpenAi, "http://192.0.2.1/v1");
        server.egress = Egress::Allowed;
        let error = server.offers(&Cancel::default()).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("key_unprotected", ErrorKind::Forbidden));
        assert!(!error.to_string().contains(KEY));
    }
}

#[test]
fn a_caller_that_cancels_at_a_sending_keeps_it_here() {
    for kind in KINDS {
        let server = ModelServer::start(kind, Behaviour::saying("yes")).unwrap();
        let model = model(&server);
        let cancel = Cancel::default();
        let mut told = 0;
        let (generated, _) = model
            .generate(&request(question(), &[1], 12), &cancel, &mut |event| {
                if matches!(event, GenerateEvent::Sending(_)) {
                    told += 1;
                    cancel.cancel();
                }
            })
            .unwrap();
        assert_eq!((told, server.http.received().len(), generated[0].text.as_str()), (1, 0, ""));
    }
}

#[test]
fn offers_are_listed_and_absent_models_named() {
    for kind in KINDS {
        let behaviour = Behaviour { models: vec!["tiny".to_owned(), "org/big:7b".to_owned()], ..Behaviour::saying("") };
        let server = ModelServer::start(kind, behaviour).unwrap();
        let at = at(kind, &server.base());
        let offers = at.offers(&Cancel::default()).unwrap();
        let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
        let prefix = kind.prefix();
        assert_eq!(names, [format!("{prefix}:tiny"), format!("{prefix}:org/big:7b")]);
        let absent = RemoteModel::new(at.clone(), "absent", RemoteOptions::default()).unwrap();
        let error = absent.generate(&request(question(), &[1], 12), &Cancel::default(), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), "model_not_found");
        assert!(error.to_string().contains("tiny, org/big:7b"), "{error}");
        assert_eq!(server.prompts().len(), 0);
    }
}

#[test]
fn an_answer_is_continued_where_that_is_possible_and_else_refused() {
    let chat = vec![
        Message { role: Role::User, content: "Count.".to_owned() },
        Message { role: Role::Assistant, content: "One, ".to_owned() },
    ];
    let asked = request(Prompt::Chat(chat), &[1], 12);
    let server = ModelServer::start(ProviderKind::Ollama, Behaviour::saying("two")).unwrap();
    sent(&model(&server), &asked);
    let messages = server.prompts().remove(0).json()["messages"].clone();
    assert_eq!(messages[1], json!({"role": "assistant", "content": "One, "}));
    let server = ModelServer::start(ProviderKind::OpenAi, Behaviour::saying("two")).unwrap();
    let error = model(&server).generate(&asked, &Cancel::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, InferenceError::Invalid(_)), "{error:?}");
    assert_eq!(server.prompts().iter().map(Received::json).collect::<Vec<Value>>(), [] as [Value; 0]);
}
