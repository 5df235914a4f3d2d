//! One request to its end: attempts, redirects, the answer piece by piece.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::request::{Method, Request};
use super::url::Url;
use super::{Client, Head, Message, connect, retry};
use crate::HttpError;

/// Most redirects of one request.
const REDIRECTS_MAX: usize = 5;
/// Most of an error's body that is read, in bytes.
const DETAIL_BYTES_MAX: usize = 16 << 10;
/// Most characters of it that are kept.
const DETAIL_CHARS_MAX: usize = 2_000;
/// Most of an answer's head, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;

type Messages = Sender<Message>;

/// Works until the request has ended and says so. A caller that is gone is no error.
pub(super) async fn run(client: Client, index: usize, request: Request, bytes_max: u64, messages: Messages) {
    let end = attempts(&client, index, &request, bytes_max, &messages).await;
    let end = end.map_err(|error| without_secret(&request, error));
    drop(messages.send(Message::End(index, end)).await);
}

/// Servers repeat keys in their errors.
fn without_secret(request: &Request, mut error: HttpError) -> HttpError {
    if let (HttpError::Status { detail, .. }, Some(secret)) = (&mut error, &request.secret) {
        *detail = secret.hidden_in(detail);
    }
    error
}

async fn attempts(
    client: &Client,
    index: usize,
    request: &Request,
    bytes_max: u64,
    messages: &Messages,
) -> Result<(), HttpError> {
    let mut number = 1;
    loop {
        let (sender, go) = oneshot::channel();
        tell(messages, Message::Attempt(index, number, sender)).await?;
        go.await.map_err(|_| HttpError::Cancelled)?;
        let error = match attempt(client, index, request, bytes_max, messages).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let random = client.options.seed ^ (index as u64) << 32 ^ u64::from(number);
        let wait = client.options.retry.wait(number, &error, random).filter(|_| request.is_repeatable);
        let Some(wait) = wait else { return Err(error) };
        tokio::time::sleep(wait).await;
        number += 1;
    }
}

async fn tell(messages: &Messages, message: Message) -> Result<(), HttpError> {
    messages.send(message).await.map_err(|_| HttpError::Cancelled)
}

async fn attempt(
    client: &Client,
    index: usize,
    request: &Request,
    bytes_max: u64,
    messages: &Messages,
) -> Result<(), HttpError> {
    let mut current = request.clone();
    for _ in 0..=REDIRECTS_MAX {
        let answer = send(client, &current).await?;
        let status = answer.status();
        if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            current.url = redirect(&current, &answer)?;
            continue;
        }
        if !status.is_success() {
            return Err(refusal(client, &current.url, answer).await);
        }
        return read(client, index, &current.url, answer, bytes_max, messages).await;
    }
    Err(HttpError::Redirected {
        to: request.url.host_and_port(),
        target: current.url.to_string(),
        why: "that is one redirect too many",
    })
}

/// Where to go next, if this request may go there.
fn redirect(request: &Request, answer: &Response<Incoming>) -> Result<Url, HttpError> {
    let from = &request.url;
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refuse = |target: String, why| Err(HttpError::Redirected { to: from.host_and_port(), target, why });
    let Ok(target) = from.follow(location) else { return refuse(format!("{location:?}"), "that is no address") };
    let elsewhere = target.origin() != from.origin();
    let keeps_method = matches!(answer.status().as_u16(), 307 | 308);
    if request.method == Method::Post && (elsewhere || !keeps_method) {
        return refuse(target.to_string(), "a body is never sent anywhere but to the address that was given");
    }
    if request.has_secret() && elsewhere {
        return refuse(target.to_string(), "a key is never sent anywhere but to the address that was given");
    }
    if from.is_tls() && !target.is_tls() {
        return refuse(target.to_string(), "that is not encrypted any more");
    }
    if from.is_loopback() != target.is_loopback() {
        return refuse(target.to_string(), "one is this machine and the other is not");
    }
    Ok(target)
}

async fn send(client: &Client, request: &Request) -> Result<Response<Incoming>, HttpError> {
    let (url, timeouts) = (&request.url, client.options.timeouts);
    let tls = if url.is_tls() { Some(client.tls()?) } else { None };
    let proxy = client.options.proxies.of(url);
    let connecting = timeout(timeouts.connect, connect::connect(url, proxy, tls));
    let stream = connecting.await.map_err(|_| late(url, "connect", timeouts.connect))??;
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| lost(url, &error, 0))?;
    tokio::spawn(async move { drop(connection.await) });
    let message = message(client, request)?;
    let answering = timeout(timeouts.first_byte, sender.send_request(message));
    let answer = answering.await.map_err(|_| late(url, "answer", timeouts.first_byte))?;
    answer.map_err(|error| lost(url, &error, 0))
}

fn message(client: &Client, request: &Request) -> Result<hyper::Request<Full<Bytes>>, HttpError> {
    let wrong =
        |why: &str| HttpError::Url(format!("the request to {} cannot be built: {why}", request.url.host_and_port()));
    let mut built = hyper::Request::builder().method(request.method.as_str()).uri(client.target(request));
    for (name, value, secret) in client.headers(request) {
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong(&format!("the value of {name}")))?;
        value.set_sensitive(secret);
        built = built.header(HeaderName::from_static(name), value);
    }
    let body = Full::new(Bytes::copy_from_slice(&request.body));
    built.body(body).map_err(|error| wrong(&error.to_string()))
}

/// Passes the body on.
async fn read(
    client: &Client,
    index: usize,
    url: &Url,
    answer: Response<Incoming>,
    bytes_max: u64,
    messages: &Messages,
) -> Result<(), HttpError> {
    let head = head_of(&answer);
    if let Some(encoding) = head.get("content-encoding").filter(|encoding| *encoding != "identity") {
        let why = format!("it is encoded as {encoding}, which nobody asked for");
        return Err(HttpError::Protocol { to: url.host_and_port(), why });
    }
    tell(messages, Message::Head(index, head)).await?;
    let mut body = answer.into_body();
    let mut bytes = 0_u64;
    while let Some(piece) = next(client, url, &mut body, bytes).await? {
        bytes += piece.len() as u64;
        if bytes > bytes_max {
            return Err(HttpError::TooLarge { to: url.host_and_port(), bytes_max });
        }
        tell(messages, Message::Bytes(index, piece)).await?;
    }
    Ok(())
}

async fn next(client: &Client, url: &Url, body: &mut Incoming, bytes: u64) -> Result<Option<Bytes>, HttpError> {
    let patience = client.options.timeouts.between_bytes;
    loop {
        let frame = timeout(patience, body.frame()).await.map_err(|_| late(url, "go on with its answer", patience))?;
        let Some(frame) = frame else { return Ok(None) };
        // Trailers are of no interest.
        if let Ok(data) = frame.map_err(|error| lost(url, &error, bytes))?.into_data() {
            return Ok(Some(data));
        }
    }
}

pub(super) fn head_of(answer: &Response<Incoming>) -> Head {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Head { status: answer.status().as_u16(), headers }
}

/// An answer that is no success, with the beginning of what it says.
async fn refusal(client: &Client, url: &Url, answer: Response<Incoming>) -> HttpError {
    let head = head_of(&answer);
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    while bytes.len() < DETAIL_BYTES_MAX
        && let Ok(Some(piece)) = next(client, url, &mut body, bytes.len() as u64).await
    {
        bytes.extend_from_slice(&piece);
    }
    let text = String::from_utf8_lossy(&bytes);
    let detail: String = text.trim().chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
    let reason =
        StatusCode::from_u16(head.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    HttpError::Status {
        to: url.host_and_port(),
        status: head.status,
        detail: if detail.is_empty() { reason.to_owned() } else { detail },
        retry_after: head.get("retry-after").and_then(|value| retry::retry_after(value, head.get("date"))),
    }
}

pub(super) fn late(url: &Url, what: &'static str, waited: Duration) -> HttpError {
    HttpError::TimedOut { to: url.host_and_port(), what, waited }
}

/// hyper's error in our words.
pub(super) fn lost(url: &Url, error: &hyper::Error, bytes: u64) -> HttpError {
    let to = url.host_and_port();
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    // A length of a chunk that is no number comes as one of these.
    let is_nonsense =
        |io: &std::io::Error| matches!(io.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData);
    if error.is_parse() || error.is_user() || io.is_some_and(is_nonsense) {
        return HttpError::Protocol { to, why: cause(error) };
    }
    HttpError::Cut { to, bytes }
}

fn cause(error: &hyper::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
