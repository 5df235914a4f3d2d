//! Model servers on loopback, one that speaks Ollama's interface and one that speaks chat completions, with faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use edgecoder_inference::probe::Overflow;
use edgecoder_inference::provider::ProviderKind;
use serde_json::{Value, json};

use crate::http_server::{Act, HttpServer, Received, answer, head, json as json_answer};

/// What goes wrong with one prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer that is no success, with headers and a body.
    Status(u16, Vec<(String, String)>, String),
    /// The connection ends after the first piece.
    Cut,
    /// A piece that is no JSON.
    BadJson,
    /// A piece that says that the server failed.
    Failure(String),
    /// Silence before the answer.
    SlowStart(Duration),
    /// Silence after the first piece.
    Stall(Duration),
    /// A pause before every piece.
    SlowPieces(Duration),
    /// Nothing is said about tokens.
    NoUsage,
    /// More tokens are counted than the window has.
    TooMuchUsage(u64),
    /// A line without end.
    HugeLine,
    /// Another content type.
    WrongType(String),
    /// The answer is elsewhere.
    Redirect(String),
    /// Every byte comes alone.
    Crumbs,
}

type Text = dyn Fn(&Value, usize) -> String + Send + Sync;
type Faults = dyn Fn(usize) -> Option<Fault> + Send + Sync;

/// How a server behaves.
#[derive(Clone)]
pub struct Behaviour {
    /// The whole answer to a prompt's body; the number counts prompts, from 0.
    pub text: Arc<Text>,
    /// What goes wrong with the n-th prompt.
    pub fault: Arc<Faults>,
    /// The window that it tells for its models.
    pub context_tokens: Option<u32>,
    /// The window that it has loaded a model with; only Ollama says.
    pub loaded_tokens: Option<u32>,
    /// Names of its models.
    pub models: Vec<String>,
    /// Whether it calls tools and holds to forms.
    pub is_able: bool,
    /// The window that it really has, in words, and what it does with longer prompts; without one it counts nothing.
    pub real: Option<(usize, Overflow)>,
}

impl std::fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behaviour").field("models", &self.models).finish_non_exhaustive()
    }
}

impl Behaviour {
    /// A server without faults that gives this answer.
    pub fn saying(text: &str) -> Self {
        let text = text.to_owned();
        Self {
            text: Arc::new(move |_, _| text.clone()),
            fault: Arc::new(|_| None),
            context_tokens: Some(32_768),
            loaded_tokens: Some(32_768),
            models: vec!["tiny".to_owned()],
            is_able: false,
            real: None,
        }
    }

    /// The same with faults.
    #[must_use]
    pub fn failing(mut self, fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> Self {
        self.fault = Arc::new(fault);
        self
    }
}

/// A server.
#[derive(Debug)]
pub struct ModelServer {
    kind: ProviderKind,
    /// The server below.
    pub http: HttpServer,
}

impl ModelServer {
    /// Starts one.
    ///
    /// # Errors
    /// The system gives no port.
    pub fn start(kind: ProviderKind, behaviour: Behaviour) -> std::io::Result<Self> {
        let prompts = AtomicUsize::new(0);
        let http = HttpServer::start(move |request, _| route(kind, &behaviour, &prompts, request))?;
        Ok(Self { kind, http })
    }

    /// The address that a provider is given.
    pub fn base(&self) -> String {
        match self.kind {
            ProviderKind::Ollama => self.http.url(),
            ProviderKind::OpenAi => format!("{}/v1", self.http.url()),
        }
    }

    /// The requests that carried a prompt.
    pub fn prompts(&self) -> Vec<Received> {
        self.http.received().into_iter().filter(is_prompt).collect()
    }
}

fn is_prompt(request: &Received) -> bool {
    let body = request.json();
    request.method == "POST" && (body.get("prompt").is_some() || body.get("messages").is_some())
}

fn route(kind: ProviderKind, behaviour: &Behaviour, prompts: &AtomicUsize, request: &Received) -> Vec<Act> {
    let models = &behaviour.models;
    let known = || {
        let body = request.json();
        models.iter().any(|name| body.get("model").and_then(Value::as_str) == Some(name))
    };
    match (kind, request.method.as_str(), request.path.as_str()) {
        (ProviderKind::OpenAi, "GET", "/v1/models") => {
            let one = |name: &String| json!({"id": name, "object": "model", "max_model_len": behaviour.context_tokens});
            json_answer(200, &json!({"object": "list", "data": models.iter().map(one).collect::<Value>()}))
        }
        (ProviderKind::Ollama, "GET", "/api/tags") => {
            let all: Value = models.iter().map(|name| json!({"name": name})).collect();
            json_answer(200, &json!({"models": all}))
        }
        (ProviderKind::Ollama, "GET", "/api/ps") => {
            let one = |name: &String| json!({"name": name, "context_length": behaviour.loaded_tokens});
            json_answer(200, &json!({"models": models.iter().map(one).collect::<Value>()}))
        }
        (_, "POST", _) if !known() => json_answer(404, &json!({"error": "no such model"})),
        (ProviderKind::Ollama, "POST", "/api/show") => {
            let window = behaviour.context_tokens.map_or(json!({}), |tokens| json!({"tiny.context_length": tokens}));
            json_answer(200, &json!({"model_info": window}))
        }
        (ProviderKind::Ollama, "POST", "/api/generate") if !is_prompt(request) => {
            json_answer(200, &json!({"response": "", "done": true, "done_reason": "load"}))
        }
        (_, "POST", _) if request.json().get("tools").is_some() => {
            json_answer(200, &tool_answer(kind, behaviour.is_able))
        }
        (ProviderKind::Ollama, "POST", "/api/generate" | "/api/chat")
        | (ProviderKind::OpenAi, "POST", "/v1/completions" | "/v1/chat/completions") => {
            stream(kind, behaviour, prompts.fetch_add(1, Ordering::SeqCst), request)
        }
        _ => answer(404, &[("content-type", "text/plain")], b"not found"),
    }
}

/// The answer to a question with a tool.
fn tool_answer(kind: ProviderKind, calls: bool) -> Value {
    let said = json!({"role": "assistant", "content": "Sunny, I guess."});
    let message = match (calls, kind) {
        (false, _) => said,
        (true, ProviderKind::Ollama) => {
            json!({"content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Paris"}}}]})
        }
        (true, ProviderKind::OpenAi) => {
            let arguments = json!({"city": "Paris"}).to_string();
            json!({"content": null, "tool_calls": [{"function": {"name": "weather", "arguments": arguments}}]})
        }
    };
    match kind {
        ProviderKind::Ollama => json!({"message": message, "done": true}),
        ProviderKind::OpenAi => json!({"choices": [{"message": message, "finish_reason": "stop"}]}),
    }
}

/// The text in the form that was asked for.
fn formed(body: &Value) -> Option<String> {
    let form = body.get("response_format").or_else(|| body.get("format"));
    if body.get("grammar").is_some() {
        return Some("violet-42".to_owned());
    }
    form.map(|form| {
        if form.to_string().contains("zebra") { "{\"zebra\": 3, \"is_violet\": true}" } else { "{\"hello\": \"sea\"}" }
            .to_owned()
    })
}

/// The answer to a prompt, one character after the other.
fn stream(kind: ProviderKind, behaviour: &Behaviour, number: usize, request: &Received) -> Vec<Act> {
    let fault = (behaviour.fault)(number);
    let is_chat = request.path.contains("chat");
    let body = request.json();
    let form = formed(&body).filter(|_| behaviour.is_able);
    let text = form.unwrap_or_else(|| (behaviour.text)(&body, number));
    let words = body["messages"][0]["content"].as_str().unwrap_or_default().split_whitespace().count();
    let read = match behaviour.real {
        Some((window, Overflow::Refused)) if words > window => {
            let why = format!("the prompt has {words} tokens, the context size is {window}");
            return json_answer(400, &json!({"error": {"message": why}}));
        }
        Some((window, Overflow::Cut)) => words.min(window),
        Some(_) => words,
        None => 11,
    };
    let most = body.get("max_tokens").or_else(|| body.get("options")?.get("num_predict")).and_then(Value::as_u64);
    let most = usize::try_from(most.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let pieces: Vec<String> = text.chars().take(most).map(String::from).collect();
    let is_cut_short = text.chars().count() > most;
    let mut acts = begin(kind, fault.as_ref());
    if matches!(&fault, Some(Fault::Status(..) | Fault::Redirect(_))) {
        return acts;
    }
    for (at, piece) in pieces.iter().enumerate() {
        if let Some(Fault::SlowPieces(time)) = &fault {
            acts.push(Act::Wait(*time));
        }
        acts.push(Act::Send(line(kind, is_chat, piece, None)));
        if at == 0 {
            match &fault {
                Some(Fault::Cut) => return acts,
                Some(Fault::Stall(time)) => acts.push(Act::Wait(*time)),
                Some(Fault::BadJson) => acts.push(Act::Send(framed(kind, "{\"choices\": [oops"))),
                Some(Fault::Failure(why)) => acts.push(Act::Send(framed(kind, &json!({"error": why}).to_string()))),
                Some(Fault::HugeLine) => acts.push(Act::Send(vec![b'x'; 2 << 20])),
                _ => {}
            }
        }
    }
    let reason = if is_cut_short { "length" } else { "stop" };
    let usage = match &fault {
        Some(Fault::NoUsage) => None,
        Some(Fault::TooMuchUsage(tokens)) => Some((*tokens, pieces.len())),
        _ => Some((read as u64, pieces.len())),
    };
    acts.extend(end(kind, is_chat, reason, usage).into_iter().map(Act::Send));
    if fault == Some(Fault::Crumbs) { crumbs(acts) } else { acts }
}

fn begin(kind: ProviderKind, fault: Option<&Fault>) -> Vec<Act> {
    let usual = match kind {
        ProviderKind::Ollama => "application/x-ndjson",
        ProviderKind::OpenAi => "text/event-stream; charset=utf-8",
    };
    match fault {
        Some(Fault::Status(status, headers, body)) => {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            answer(*status, &headers, body.as_bytes())
        }
        Some(Fault::Redirect(target)) => answer(307, &[("location", target)], b""),
        Some(Fault::WrongType(other)) => vec![Act::Send(head(200, &[("content-type", other)]))],
        Some(Fault::SlowStart(time)) => vec![Act::Wait(*time), Act::Send(head(200, &[("content-type", usual)]))],
        _ => vec![Act::Send(head(200, &[("content-type", usual)]))],
    }
}

fn framed(kind: ProviderKind, text: &str) -> Vec<u8> {
    match kind {
        ProviderKind::Ollama => format!("{text}\n").into_bytes(),
        ProviderKind::OpenAi => format!("data: {text}\n\n").into_bytes(),
    }
}

fn line(kind: ProviderKind, is_chat: bool, text: &str, reason: Option<&str>) -> Vec<u8> {
    let value = match (kind, is_chat) {
        (ProviderKind::Ollama, true) => json!({"message": {"role": "assistant", "content": text}, "done": false}),
        (ProviderKind::Ollama, false) => json!({"response": text, "done": false}),
        (ProviderKind::OpenAi, true) => json!({"choices": [{"delta": {"content": text}, "finish_reason": reason}]}),
        (ProviderKind::OpenAi, false) => json!({"choices": [{"text": text, "finish_reason": reason}]}),
    };
    framed(kind, &value.to_string())
}

fn end(kind: ProviderKind, is_chat: bool, reason: &str, usage: Option<(u64, usize)>) -> Vec<Vec<u8>> {
    match kind {
        ProviderKind::Ollama => {
            let mut last = json!({"response": "", "done": true, "done_reason": reason});
            if let Some((prompt, completion)) = usage {
                last["prompt_eval_count"] = json!(prompt);
                last["eval_count"] = json!(completion);
            }
            vec![framed(kind, &last.to_string())]
        }
        ProviderKind::OpenAi => {
            let mut lines = vec![line(kind, is_chat, "", Some(reason))];
            if let Some((prompt, completion)) = usage {
                let usage = json!({"prompt_tokens": prompt, "completion_tokens": completion});
                lines.push(framed(kind, &json!({"choices": [], "usage": usage}).to_string()));
            }
            lines.push(b"data: [DONE]\n\n".to_vec());
            lines
        }
    }
}

fn crumbs(acts: Vec<Act>) -> Vec<Act> {
    let split = |act: Act| match act {
        Act::Send(bytes) => bytes.into_iter().map(|byte| Act::Send(vec![byte])).collect(),
        Act::Wait(time) => vec![Act::Wait(time)],
    };
    acts.into_iter().flat_map(split).collect()
}
