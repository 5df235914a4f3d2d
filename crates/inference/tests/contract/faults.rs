//! Servers that fail in every way that is known.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use edgecoder_http::client::Client;
use edgecoder_inference::provider::{ProviderKind, RemoteModel, RemoteOptions};
use edgecoder_inference::{
    Cancel, FinishReason, GenerateEvent, GenerateRequest, Generated, InferenceError, Model as _, Usage,
};
use edgecoder_testkit::model_contract::{self, question, request};
use edgecoder_testkit::{Behaviour, Fault, HttpServer, ModelServer};

use crate::support::{KEY, KINDS, STORY, at, model, with};

const HOUR: Duration = Duration::from_hours(1);

fn ask(model: &RemoteModel) -> Result<(Vec<Generated>, Usage), InferenceError> {
    model_contract::generate(model, &request(question(), &[1, 2], 30), &Cancel::default(), &mut |_| {})
}

fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Status(status, headers, body.to_owned())
}

#[test]
fn passing_faults_are_waited_out() {
    for kind in KINDS {
        let faults = |number| match number {
            0 => Some(status(429, &[("retry-after", "1")], "slow down")),
            1 => Some(status(500, &[], "oops")),
            2 => Some(status(503, &[], "")),
            _ => None,
        };
        let server = ModelServer::start(kind, Behaviour::saying(STORY).failing(faults)).unwrap();
        let began = Instant::now();
        let (generated, usage) = ask(&model(&server)).unwrap();
        assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After is honoured");
        assert!(generated.iter().all(|one| one.text == STORY[..30] && one.finish == FinishReason::Length));
        assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.is_estimated), (11, 60, false));
        assert_eq!(server.prompts().len(), 5);
    }
}

#[test]
fn lasting_faults_are_errors_and_never_half_an_answer() {
    let rows: Vec<(Fault, &str, bool)> = vec![
        (status(500, &[], "oops"), "server_refused", true),
        (status(429, &[("retry-after", "4000")], "tomorrow"), "server_refused", true),
        (status(401, &[], &format!("bad key {KEY}")), "server_refused", false),
        (status(400, &[], "temperature is odd"), "server_refused", false),
        (Fault::Cut, "answer_cut", true),
        (Fault::BadJson, "provider_failed", true),
        (Fault::Failure(format!("out of memory, {KEY}")), "provider_failed", true),
        (Fault::SlowStart(HOUR), "server_timed_out", true),
        (Fault::Stall(HOUR), "server_timed_out", true),
        (Fault::HugeLine, "provider_failed", true),
        (Fault::WrongType("text/plain".to_owned()), "provider_failed", true),
        (Fault::Redirect("http://127.0.0.1:1/elsewhere".to_owned()), "redirect_refused", false),
        (Fault::Redirect("http://192.0.2.1/elsewhere".to_owned()), "redirect_refused", false),
    ];
    for kind in KINDS {
        for (fault, code, retryable) in &rows {
            let shown = format!("{kind:?} {fault:?}");
            let always = fault.clone();
            let behaviour = Behaviour::saying(STORY).failing(move |_| Some(always.clone()));
            let server = ModelServer::start(kind, behaviour).unwrap();
            let began = Instant::now();
            let error = ask(&model(&server)).unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), (*code, *retryable), "{shown}: {error}");
            assert!(error.to_string().contains(&server.http.place()), "{shown}: {error}");
            assert!(kind == ProviderKind::Ollama || !format!("{error} {error:?}").contains(KEY), "{shown}: {error:?}");
            assert!(began.elapsed() < Duration::from_secs(10), "{shown}");
            assert!(server.http.closes_within(Duration::from_secs(1)), "{shown}: a connection stays");
        }
    }
}

#[test]
fn a_slow_stream_is_no_fault() {
    for kind in KINDS {
        let behaviour = Behaviour::saying("slow").failing(|_| Some(Fault::SlowPieces(Duration::from_millis(150))));
        let server = ModelServer::start(kind, behaviour).unwrap();
        let (generated, _) = ask(&model(&server)).unwrap();
        assert!(generated.iter().all(|one| one.text == "slow" && one.finish == FinishReason::Stop));
    }
}

#[test]
fn tokens_that_nobody_counts_are_estimated_and_marked() {
    for kind in KINDS {
        let server = ModelServer::start(kind, Behaviour::saying(STORY).failing(|_| Some(Fault::NoUsage))).unwrap();
        let (generated, usage) = ask(&model(&server)).unwrap();
        assert!(usage.is_estimated && usage.prompt_tokens > 0, "{usage:?}");
        assert_eq!(generated[0].tokens, 30);
    }
}

#[test]
fn a_window_that_is_too_small_is_told_with_its_numbers() {
    // The server tells it beforehand.
    let behaviour = Behaviour { context_tokens: Some(300), ..Behaviour::saying(STORY) };
    let server = ModelServer::start(ProviderKind::OpenAi, behaviour).unwrap();
    let error = ask(&model(&server)).unwrap_err();
    assert!(matches!(error, InferenceError::DoesNotFit { tokens_max: 30, context_tokens: 300, .. }), "{error:?}");
    assert_eq!(server.prompts().len(), 0);
    // It tells at the prompt only.
    let words =
        r#"{"error":{"message":"This model's maximum context length is 40 tokens. However, you requested 99 tokens"}}"#;
    for kind in KINDS {
        let behaviour = Behaviour::saying(STORY).failing(move |_| Some(status(400, &[], words)));
        let server = ModelServer::start(kind, behaviour).unwrap();
        let error = ask(&model(&server)).unwrap_err();
        assert!(matches!(error, InferenceError::DoesNotFit { prompt_tokens: 99, context_tokens: 40, .. }), "{error:?}");
        // It counts more than fits, so it must have cut something.
        let behaviour = Behaviour::saying(STORY).failing(|_| Some(Fault::TooMuchUsage(8_190)));
        let server = ModelServer::start(kind, behaviour).unwrap();
        let error = ask(&model(&server)).unwrap_err();
        assert!(matches!(error, InferenceError::DoesNotFit { prompt_tokens: 8_190, .. }), "{error:?}");
    }
}

#[test]
fn ollama_has_to_load_the_window_that_is_asked_for() {
    let small = |context_tokens, loaded_tokens| {
        let behaviour = Behaviour { context_tokens, loaded_tokens, ..Behaviour::saying(STORY) };
        ModelServer::start(ProviderKind::Ollama, behaviour).unwrap()
    };
    for (server, number) in [(small(Some(2_048), None), "2048"), (small(Some(32_768), Some(4_096)), "4096")] {
        let error = ask(&model(&server)).unwrap_err();
        assert!(error.to_string().contains(number) && error.to_string().contains("model.context_tokens"), "{error}");
        assert_eq!(server.prompts().len(), 0, "nothing that could be cut is sent");
        let options = RemoteOptions { context_tokens: number.parse().ok(), ..RemoteOptions::default() };
        ask(&with(&server, options)).unwrap();
    }
    // A server that says neither is given the window with each request.
    let server = small(None, None);
    ask(&model(&server)).unwrap();
    assert!(server.prompts().iter().all(|prompt| prompt.json()["options"]["num_ctx"] == 8_192));
}

#[test]
fn nobody_there_and_wrong_servers_are_told() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let other = HttpServer::start(|_, _| edgecoder_testkit::http_server::answer(200, &[], b"<p>hello")).unwrap();
    let (tls, _) = HttpServer::start_tls(|_, _| vec![]).unwrap();
    let rows = [
        (format!("http://{place}"), "server_unreachable"),
        (other.url(), "provider_failed"),
        (tls.url(), "server_untrusted"),
    ];
    for kind in KINDS {
        for (base, code) in &rows {
            let server = at(kind, base);
            let model = RemoteModel::new(server.clone(), "tiny", RemoteOptions::default()).unwrap();
            assert_eq!(ask(&model).unwrap_err().code(), *code, "{kind:?} {base}");
            assert_eq!(server.offers(&Cancel::default()).unwrap_err().code(), *code, "{kind:?} {base}");
        }
    }
    assert_eq!(tls.received().len(), 0, "no key went to a server that nobody vouches for");
}

#[test]
fn cancelling_ends_a_silent_server_at_once() {
    for kind in KINDS {
        for fault in [Fault::SlowStart(HOUR), Fault::Stall(HOUR), status(503, &[("retry-after", "50")], "")] {
            let always = fault.clone();
            let behaviour = Behaviour::saying(STORY).failing(move |_| Some(always.clone()));
            let server = ModelServer::start(kind, behaviour).unwrap();
            let patient =
                edgecoder_inference::provider::Server { client: Client::default(), ..at(kind, &server.base()) };
            let model = RemoteModel::new(patient, "tiny", RemoteOptions::default()).unwrap();
            let cancel = Cancel::default();
            let mut waited = None;
            let asked: GenerateRequest = request(question(), &[1], 30);
            let mut on_event = |event| {
                // As an interrupt does: from outside, while nothing comes.
                if matches!(event, GenerateEvent::Waiting) && server.prompts().len() == 1 && waited.is_none() {
                    waited = Some(Instant::now());
                    cancel.cancel();
                }
            };
            let (generated, _) = model.generate(&asked, &cancel, &mut on_event).unwrap();
            assert_eq!(generated[0].finish, FinishReason::Cancelled);
            assert!(waited.unwrap().elapsed() < Duration::from_millis(500), "{kind:?} {fault:?}");
            assert!(server.http.closes_within(Duration::from_millis(500)), "{kind:?} {fault:?}");
        }
    }
}
