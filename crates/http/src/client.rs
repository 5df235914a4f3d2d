//! A client for requests that are few and long: model servers and downloads.
//!
//! It blocks its caller, who learns of every attempt before it is sent and of every piece as it comes, and who can stop it
//! at any time: within [`TICK`] all connections are closed. Several requests can be under way at once.
//!
//! What asks our own services often and briefly is [`service::ServiceClient`].

mod connect;
mod exchange;
mod proxy;
mod request;
mod retry;
pub mod service;
mod tls;
mod url;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::{HttpError, Pin};

pub use proxy::{Proxies, Proxy};
pub use request::{Method, REDACTED, Request, Secret};
pub use retry::RetryPolicy;
pub use url::Url;

/// How often the caller is asked whether it wants to stop.
pub const TICK: Duration = Duration::from_millis(20);
/// Most requests of one call.
pub const REQUESTS_MAX: usize = 64;
/// Pieces that wait for the caller before the connections do.
const PIECES_MAX: usize = 32;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request to the first byte of its answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub between_bytes: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(5),
            between_bytes: Duration::from_mins(1),
        }
    }
}

/// What a client is told once.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// Patience.
    pub timeouts: Timeouts,
    /// Repeating.
    pub retry: RetryPolicy,
    /// A PEM file with the certificates to trust, in place of the machine's.
    pub ca_file: Option<PathBuf>,
    /// The one certificate to trust, in place of all authorities.
    pub pin: Option<Pin>,
    /// Proxies; none by default, whatever the environment says.
    pub proxies: Proxies,
    /// Spreads the waits between attempts.
    pub seed: u64,
}

/// Status and headers of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What happens to a request.
#[derive(Debug)]
pub enum Step<'a> {
    /// It is sent now, for the n-th time (from 1). Nothing of it has left before.
    Attempt(u32),
    /// An answer that is a success began.
    Head(&'a Head),
    /// A piece of its body.
    Bytes(&'a [u8]),
    /// It ended. `None`: well.
    End(Option<&'a HttpError>),
    /// Some time passed; the index means nothing. Comes every [`TICK`] whatever else comes, so that the caller can stop.
    Tick,
}

/// What the caller says to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// This request is of no interest any more: no step of it follows.
    Drop,
    /// Stop all of them.
    Stop,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status and headers.
    pub head: Head,
    /// The body.
    pub body: Vec<u8>,
}

/// What tasks say to the caller's thread.
enum Message {
    Attempt(usize, u32, oneshot::Sender<()>),
    Head(usize, Head),
    Bytes(usize, hyper::body::Bytes),
    End(usize, Result<(), HttpError>),
    Tick,
}

impl Message {
    /// The request that it is about.
    fn index(&self) -> Option<usize> {
        match self {
            Self::Attempt(index, ..) | Self::Head(index, _) | Self::Bytes(index, _) | Self::End(index, _) => {
                Some(*index)
            }
            Self::Tick => None,
        }
    }
}

/// The client.
#[derive(Clone, Debug, Default)]
pub struct Client {
    options: Arc<ClientOptions>,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Client {
    /// A client; certificates are read when the first encrypted connection needs them.
    pub fn new(options: ClientOptions) -> Self {
        Self { options: Arc::new(options), tls: Arc::default() }
    }

    /// Sends one request and reads its whole answer.
    ///
    /// # Errors
    /// As [`HttpError`] says; an answer that is no success is one, too.
    pub fn send(&self, request: &Request, bytes_max: u64, stop: &dyn Fn() -> bool) -> Result<Answer, HttpError> {
        let mut answer = Answer { head: Head::default(), body: Vec::new() };
        let on = &mut |_: usize, step: Step<'_>| {
            match step {
                Step::Head(head) => answer.head = head.clone(),
                Step::Bytes(bytes) => answer.body.extend_from_slice(bytes),
                Step::Tick if stop() => return Flow::Stop,
                Step::Attempt(_) | Step::End(_) | Step::Tick => {}
            }
            Flow::Continue
        };
        self.exchange(std::slice::from_ref(request), bytes_max, on)?.remove(0)?;
        Ok(answer)
    }

    /// Sends the requests at once and tells each step by the request's index. Gives the end of each, in their order; what was
    /// stopped or dropped ends as [`HttpError::Cancelled`].
    ///
    /// # Errors
    /// [`HttpError::Internal`], and [`HttpError::NoRoots`]; whatever concerns one request is its end.
    pub fn exchange(
        &self,
        requests: &[Request],
        bytes_max: u64,
        on: &mut dyn FnMut(usize, Step<'_>) -> Flow,
    ) -> Result<Vec<Result<(), HttpError>>, HttpError> {
        if requests.is_empty() || requests.len() > REQUESTS_MAX {
            return Err(HttpError::Internal(format!(
                "{} requests at once; 1 to {REQUESTS_MAX} can be",
                requests.len()
            )));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| HttpError::Internal(error.to_string()))?;
        let ends = runtime.block_on(self.follow(requests, bytes_max, on));
        // A name that is still being looked up must not hold the caller back.
        runtime.shutdown_background();
        Ok(ends)
    }

    async fn follow(
        &self,
        requests: &[Request],
        bytes_max: u64,
        on: &mut dyn FnMut(usize, Step<'_>) -> Flow,
    ) -> Vec<Result<(), HttpError>> {
        let (sender, mut messages) = mpsc::channel(PIECES_MAX);
        let mut tasks = JoinSet::new();
        let mut handles = Vec::new();
        for (index, request) in requests.iter().enumerate() {
            let work = exchange::run(self.clone(), index, request.clone(), bytes_max, sender.clone());
            handles.push(tasks.spawn(work));
        }
        drop(sender);
        let mut ends: Vec<Option<Result<(), HttpError>>> = requests.iter().map(|_| None).collect();
        let mut dropped = BTreeSet::new();
        let mut tick = tokio::time::interval(TICK);
        // The caller may take its time with a step.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let message = tokio::select! {
                biased;
                _ = tick.tick() => Some(Message::Tick),
                message = messages.recv() => message,
            };
            let Some(message) = message else { break };
            // What was under way already when its request was dropped.
            if message.index().is_some_and(|index| dropped.contains(&index)) {
                continue;
            }
            let (index, flow) = match message {
                Message::Attempt(index, number, go) => {
                    let flow = on(index, Step::Attempt(number));
                    // Only now may it leave. A task that is gone sends nothing.
                    if flow == Flow::Continue && go.send(()).is_err() {
                        continue;
                    }
                    (index, flow)
                }
                Message::Tick => (0, on(0, Step::Tick)),
                Message::Head(index, head) => (index, on(index, Step::Head(&head))),
                Message::Bytes(index, bytes) => (index, on(index, Step::Bytes(&bytes))),
                Message::End(index, end) => {
                    let flow = on(index, Step::End(end.as_ref().err()));
                    if let Some(place) = ends.get_mut(index).filter(|place| place.is_none()) {
                        *place = Some(end);
                    }
                    (index, flow)
                }
            };
            match flow {
                Flow::Continue => {}
                Flow::Stop => break,
                Flow::Drop => {
                    dropped.insert(index);
                    if let Some(handle) = handles.get(index) {
                        handle.abort();
                    }
                }
            }
        }
        tasks.abort_all();
        ends.into_iter().map(|end| end.unwrap_or(Err(HttpError::Cancelled))).collect()
    }

    /// The bytes that go before a request's body, with secrets as [`REDACTED`].
    pub fn wire_head(&self, request: &Request) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method.as_str(), self.target(request));
        for (name, value, secret) in self.headers(request) {
            let value = if secret { REDACTED } else { value.as_str() };
            text.extend([name, ": ", value, "\r\n"]);
        }
        text + "\r\n"
    }

    /// Host and port of the proxy that a request goes through.
    pub fn proxy_of(&self, url: &Url) -> Option<String> {
        self.options.proxies.of(url).map(Proxy::place)
    }

    /// What stands in the first line: a plain proxy is given the whole address.
    fn target(&self, request: &Request) -> String {
        let url = &request.url;
        let forwarded = !url.is_tls() && self.options.proxies.of(url).is_some();
        if forwarded { url.to_string() } else { url.path().to_owned() }
    }

    /// Every header in its order, and whether its value is a secret.
    fn headers(&self, request: &Request) -> Vec<(&'static str, String, bool)> {
        let url = &request.url;
        let mut headers = vec![("host", url.authority(), false)];
        headers.push(("user-agent", concat!("edgecoder/", env!("CARGO_PKG_VERSION")).to_owned(), false));
        headers.push(("connection", "close".to_owned(), false));
        if let Some(credentials) = self.options.proxies.of(url).and_then(|proxy| proxy.credentials.as_ref())
            && !url.is_tls()
        {
            headers.push(("proxy-authorization", credentials.expose().to_owned(), true));
        }
        headers.extend(request.headers.iter().map(|(name, value)| (*name, value.clone(), false)));
        if let Some(secret) = &request.secret {
            headers.push(("authorization", format!("Bearer {}", secret.expose()), true));
        }
        if request.method == Method::Post {
            headers.push(("content-length", request.body.len().to_string(), false));
        }
        headers
    }

    /// Settings for TLS, made once.
    fn tls(&self) -> Result<Arc<ClientConfig>, HttpError> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = tls::config(self.options.ca_file.as_deref(), self.options.pin)?;
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }
}
