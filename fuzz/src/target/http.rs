//! Whole answers of servers, broken ones too: an end in every case, within the bounds, the same however the bytes come.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use edgecoder_http::client::{Client, ClientOptions, Request, RetryPolicy, Timeouts, Url};
use edgecoder_inference::provider::{Egress, ProviderKind, RemoteModel, RemoteOptions, Server};
use edgecoder_inference::{
    Cancel, GenerateEvent, GenerateRequest, Message, Model as _, Prompt, Role, Sampling, Sequence,
};
use edgecoder_testkit::HttpServer;
use edgecoder_testkit::http_server::{Act, json as json_answer};
use serde_json::json;

use super::{Check, Target};
use crate::draw::{cut, decisions};

pub(super) const TARGET: Target = Target {
    name: "http",
    about: "answers of servers, head and body: bounded, told apart, and the same however the bytes are cut",
    words: WORDS,
    grammar: None,
    smoke_cases: 700,
    open,
};

/// Cases of one server: it remembers every request.
const CASES_MAX: u32 = 400;
/// Most bytes of an answer that is read as a whole.
const BODY_MAX: u64 = 4_096;
/// Longest silence; none is part of a case, so it is reached only if something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that says what it is given, and a model behind it.
struct Scene {
    says: Arc<Mutex<Vec<Act>>>,
    server: HttpServer,
    client: Client,
    model: RemoteModel,
    cases: u32,
}

fn open() -> Result<Check> {
    let mut scene = begin()?;
    Ok(Box::new(move |data| {
        scene.cases += 1;
        if scene.cases > CASES_MAX {
            scene = begin()?;
        }
        scene.one(data)
    }))
}

fn begin() -> Result<Scene> {
    let says: Arc<Mutex<Vec<Act>>> = Arc::default();
    let given = Arc::clone(&says);
    let server = HttpServer::start(move |request, _| match request.path.as_str() {
        "/v1/models" => json_answer(200, &json!({"data": [{"id": "tiny"}]})),
        _ => given.lock().unwrap_or_else(PoisonError::into_inner).clone(),
    })?;
    let timeouts = Timeouts { connect: PATIENCE, first_byte: PATIENCE, between_bytes: PATIENCE };
    let retry = RetryPolicy { attempts_max: 1, ..RetryPolicy::default() };
    let client = Client::new(ClientOptions { timeouts, retry, ..ClientOptions::default() });
    let base = Url::parse(&format!("{}/v1", server.url()))?;
    let place = Server { kind: ProviderKind::OpenAi, base, key: None, egress: Egress::Refused, client: client.clone() };
    let model = RemoteModel::new(place, "tiny", RemoteOptions::default())?;
    Ok(Scene { says, server, client, model, cases: 0 })
}

impl Scene {
    fn one(&self, data: &[u8]) -> Result<()> {
        let mut random = decisions(data);
        let whole = vec![data];
        let parts = cut(&mut random, data, 6);
        let mut last: Option<(String, String)> = None;
        for parts in [whole, parts] {
            self.say(&parts);
            let generated = self.generate()?;
            self.say(&parts);
            let body = self.read()?;
            if let Some((text, bytes)) = &last {
                ensure!(is_alike(text, &generated), "cut otherwise: {text}, {generated}");
                ensure!(is_alike(bytes, &body), "read otherwise: {bytes}, {body}");
            }
            last = Some((generated, body));
        }
        Ok(())
    }

    fn say(&self, parts: &[&[u8]]) {
        let acts = parts.iter().map(|part| Act::Send(part.to_vec())).collect();
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = acts;
    }

    /// What the model makes of the answer, in words.
    fn generate(&self) -> Result<String> {
        let request = GenerateRequest {
            prompt: Prompt::Chat(vec![Message { role: Role::User, content: "hello".to_owned() }]),
            sequences: vec![Sequence { seed: 1, sampling: Sampling::default() }],
            tokens_max: 16,
            tokens_all_max: None,
            stop: vec!["STOP".to_owned()],
            format: None,
        };
        let mut shown = String::new();
        let generated = self.model.generate(&request, &Cancel::default(), &mut |event| {
            if let GenerateEvent::Text { text, .. } = event {
                shown.push_str(&text);
            }
        });
        Ok(match generated {
            Err(error) => refused(error.code())?,
            Ok((texts, usage)) => {
                let text = texts.first().map(|one| one.text.clone()).unwrap_or_default();
                ensure!(texts.len() == 1 && shown == text, "shown is {shown:?}, but the text {text:?}");
                ensure!(!text.contains("STOP"), "a stop in {text:?}");
                format!("{texts:?} {usage:?}")
            }
        })
    }

    /// What a client reads, in words.
    fn read(&self) -> Result<String> {
        let url = Url::parse(&format!("{}/file", self.server.url()))?;
        Ok(match self.client.send(&Request::get(url), BODY_MAX, &|| false) {
            Err(error) => refused(error.code())?,
            Ok(answer) => {
                ensure!(answer.body.len() as u64 <= BODY_MAX, "{} bytes were read", answer.body.len());
                ensure!((200..300).contains(&answer.head.status), "status {}", answer.head.status);
                format!("{answer:?}")
            }
        })
    }
}

/// Errors are alike here: whether a broken head is called malformed or cut short hangs on how much of it was there at once.
const REFUSED: &str = "refused as ";

fn refused(code: &str) -> Result<String> {
    ensure!(CODES.contains(&code), "an error of another kind: {code}");
    Ok(format!("{REFUSED}{code}"))
}

fn is_alike(one: &str, other: &str) -> bool {
    one == other || (one.starts_with(REFUSED) && other.starts_with(REFUSED))
}

/// What can be wrong with an answer.
const CODES: &[&str] = &[
    "answer_malformed",
    "answer_cut",
    "answer_too_large",
    "redirect_refused",
    "server_refused",
    "provider_failed",
    "context_too_small",
    // A refusal over the context window that names no number.
    "inference_request_invalid",
];

const WORDS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 ",
    "HTTP/1.1 404 No\r\n",
    "HTTP/1.1 307 T\r\n",
    "HTTP/1.1 100 C\r\n\r\n",
    "HTTP/1.1 101 U\r\n",
    "content-type: text/event-stream\r\n",
    "content-length: ",
    "transfer-encoding: chunked\r\n",
    "connection: close\r\n",
    "location: /v1/models\r\n",
    "location: http://elsewhere/\r\n",
    "retry-after: 9\r\n",
    "content-encoding: gzip\r\n",
    "trailer: x\r\n",
    "\r\n",
    "\r\n\r\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "ffffffffffffffff\r\n",
    ";ext=1\r\n",
    "data: ",
    "[DONE]\n\n",
    "STOP",
    "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
    "x: \u{1}\r\n",
    ": no name\r\n",
    " folded\r\n",
];
