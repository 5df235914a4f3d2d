//! The client for our own services: typed calls, signed where a node asks, over connections that are kept.
//!
//! A call that may be sent twice is sent again after a failure that may pass, each time newly signed but with the same
//! idempotency key. Who is refused learns by how much the two clocks differ.

mod error;
mod pool;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use edgecoder_security::request::{Fields, PROTOCOL, RequestHead, SignatureFields, is_mutating, sign_request};
use edgecoder_security::response::verify_response;
use edgecoder_security::service_token::issue_service_token;
use edgecoder_security::{NodeKey, PublicKey, sha256};
use edgecoder_types::{Clock, Entropy};

use super::exchange::{head_of, late, lost};
use super::retry::retry_after;
use super::{Head, RetryPolicy, Secret, Timeouts, Url, tls};
use crate::date::parse_http_date;
use crate::server::trace::TraceId;
use crate::server::{Problem, Verb};
use crate::{HttpError, Pin};

pub use error::{CallError, Refusal};
use pool::{Connection, Pool};

/// Largest answer that is read unless a call says otherwise.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// Nobody says.
    #[default]
    None,
    /// A node: every request is signed.
    Node(Arc<NodeKey>),
    /// Whoever has this token.
    Bearer(Secret),
    /// Another service, with a new short-lived token for each request.
    Service {
        /// Its key.
        key: Arc<NodeKey>,
        /// Its name.
        service: &'static str,
        /// The service that is asked.
        audience: String,
        /// What it wants to do.
        scopes: Vec<&'static str>,
    },
}

/// What a client is told once. Time and entropy are handed in.
pub struct ServiceClientOptions {
    /// Where the service is.
    pub base: Url,
    /// Who asks.
    pub credentials: Credentials,
    /// The one certificate to trust.
    pub pin: Option<Pin>,
    /// A PEM file with the certificates to trust, in place of the machine's.
    pub ca_file: Option<std::path::PathBuf>,
    /// The service's key: answers to a node's calls have to be signed by it. Routes for everybody sign nothing; ask them with
    /// a client without credentials.
    pub server_key: Option<PublicKey>,
    /// Patience.
    pub timeouts: Timeouts,
    /// Repeating.
    pub retry: RetryPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Entropy for nonces, idempotency keys and waits.
    pub entropy: Box<dyn Entropy + Send>,
}

impl std::fmt::Debug for ServiceClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceClientOptions").field("base", &self.base).finish_non_exhaustive()
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    verb: Verb,
    path: String,
    body: Option<(&'static str, Bytes)>,
    idempotency_key: Option<String>,
    wait: Duration,
    answer_bytes_max: usize,
    trace: Option<TraceId>,
}

impl Call {
    /// Asks for what is at a path, such as `/v1/jobs?limit=5`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Verb::Get, path)
    }

    /// Sends nothing yet; see [`Call::json`].
    pub fn new(verb: Verb, path: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            verb,
            path,
            body: None,
            idempotency_key: None,
            wait: Duration::ZERO,
            answer_bytes_max: ANSWER_BYTES_MAX,
            trace: None,
        }
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// [`CallError::Unsendable`]: the value has no JSON form.
    pub fn post_json<T: Serialize>(path: impl Into<String>, value: &T) -> Result<Self, CallError> {
        Self::new(Verb::Post, path).json(value)
    }

    /// Takes JSON along.
    ///
    /// # Errors
    /// [`CallError::Unsendable`]: the value has no JSON form.
    pub fn json<T: Serialize>(mut self, value: &T) -> Result<Self, CallError> {
        let bytes = serde_json::to_vec(value).map_err(|error| CallError::Unsendable(error.to_string()))?;
        self.body = Some(("application/json", bytes.into()));
        Ok(self)
    }

    /// Takes bytes along.
    #[must_use]
    pub fn bytes(mut self, content_type: &'static str, bytes: Vec<u8>) -> Self {
        self.body = Some((content_type, bytes.into()));
        self
    }

    /// Uses this idempotency key, as for a call that an earlier process began. Without one, each changing call has a new one.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Lets the service take that long, beside the usual patience: for long polls.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Takes an answer of up to that many bytes.
    #[must_use]
    pub fn answer_max(mut self, bytes: usize) -> Self {
        self.answer_bytes_max = bytes;
        self
    }

    /// Belongs to what has this trace id.
    #[must_use]
    pub fn trace(mut self, trace: TraceId) -> Self {
        self.trace = Some(trace);
        self
    }
}

/// An answer that is a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallAnswer {
    /// Status and headers.
    pub head: Head,
    /// The body.
    pub body: Bytes,
}

struct Inner {
    base: Url,
    credentials: Credentials,
    server_key: Option<PublicKey>,
    timeouts: Timeouts,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    entropy: Mutex<Box<dyn Entropy + Send>>,
    pool: Pool,
}

/// The client. Cheap to clone; clones share their connections. Needs a tokio runtime with time and I/O.
#[derive(Clone)]
pub struct ServiceClient(Arc<Inner>);

impl std::fmt::Debug for ServiceClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServiceClient").field(&self.0.base).finish()
    }
}

impl ServiceClient {
    /// A client of one service.
    ///
    /// # Errors
    /// The certificates to trust can't be read; a pin for an address without TLS.
    pub fn new(options: ServiceClientOptions) -> Result<Self, HttpError> {
        let base = options.base;
        if options.pin.is_some() && !base.is_tls() {
            return Err(HttpError::Url(format!("the address {base} has a pin and no https://")));
        }
        let tls = if base.is_tls() { Some(tls::config(options.ca_file.as_deref(), options.pin)?) } else { None };
        let pool = Pool::new(base.clone(), tls, options.timeouts.connect);
        Ok(Self(Arc::new(Inner {
            base,
            credentials: options.credentials,
            server_key: options.server_key,
            timeouts: options.timeouts,
            retry: options.retry,
            clock: options.clock,
            entropy: Mutex::new(options.entropy),
            pool,
        })))
    }

    /// Makes a call and reads its answer as JSON.
    ///
    /// # Errors
    /// As [`CallError`] says.
    pub async fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, CallError> {
        let answer = self.send(call).await?;
        let to = self.0.base.host_and_port();
        serde_json::from_slice(&answer.body).map_err(|error| CallError::Unreadable { to, why: error.to_string() })
    }

    /// Makes a call, again and again as the policy says.
    ///
    /// # Errors
    /// As [`CallError`] says; the last one.
    pub async fn send(&self, call: &Call) -> Result<CallAnswer, CallError> {
        let inner = &self.0;
        let is_change = is_mutating(call.verb.as_str());
        let key = is_change.then(|| call.idempotency_key.clone().unwrap_or_else(|| inner.new_key()));
        let mut number = 1;
        loop {
            let error = match inner.attempt(call, key.as_deref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = inner.wait_after(number, &error) else { return Err(error) };
            tokio::time::sleep(wait).await;
            number += 1;
        }
    }
}

impl Inner {
    fn entropy(&self) -> MutexGuard<'_, Box<dyn Entropy + Send>> {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 128 random bits in hexadecimal.
    fn new_key(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.entropy().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// How long to wait before the next attempt, or `None` when the error stands.
    fn wait_after(&self, number: u32, error: &CallError) -> Option<Duration> {
        if number >= self.retry.attempts_max || !error.is_retryable() {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= self.retry.asked_wait_max).then_some(asked);
        }
        let mut random = [0_u8; 8];
        self.entropy().fill(&mut random);
        Some(self.retry.backoff(number, u64::from_be_bytes(random)))
    }

    async fn attempt(&self, call: &Call, key: Option<&str>) -> Result<CallAnswer, CallError> {
        let (request, signed) = self.request(call, key)?;
        let (mut connection, is_reused) = self.pool.take().await?;
        let patience = self.timeouts.first_byte + call.wait;
        let answering = timeout(patience, connection.send_request(request.clone())).await;
        let answer = match answering.map_err(|_| late(&self.base, "answer", patience))? {
            Ok(answer) => answer,
            // The service may close a connection that nobody uses, just when it is used again.
            Err(error) if is_reused && (error.is_canceled() || error.is_closed() || error.is_incomplete_message()) => {
                connection = self.pool.connect().await?;
                let answering = timeout(patience, connection.send_request(request)).await;
                let answer = answering.map_err(|_| late(&self.base, "answer", patience))?;
                answer.map_err(|error| lost(&self.base, &error, 0))?
            }
            Err(error) => return Err(lost(&self.base, &error, 0).into()),
        };
        self.read(call, answer, connection, signed.as_ref()).await
    }

    async fn read(
        &self,
        call: &Call,
        answer: Response<Incoming>,
        connection: Connection,
        signed: Option<&SignatureFields>,
    ) -> Result<CallAnswer, CallError> {
        let head = head_of(&answer);
        let body = self.read_body(answer.into_body(), call.answer_bytes_max).await?;
        self.pool.put_back(connection);
        if !(200..300).contains(&head.status) {
            return Err(CallError::Refused(Box::new(self.refusal(&head, &body))));
        }
        if let (Some(signed), Some(key)) = (signed, &self.server_key) {
            let fields = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            let end = verify_response(head.status, &Fields(fields), &body, &signed.signature, key);
            end.map_err(|rejection| CallError::Unsigned { to: self.base.host_and_port(), rejection })?;
        }
        Ok(CallAnswer { head, body })
    }

    async fn read_body(&self, body: Incoming, bytes_max: usize) -> Result<Bytes, HttpError> {
        let to = || self.base.host_and_port();
        let patience = self.timeouts.between_bytes;
        let whole = timeout(patience, Limited::new(body, bytes_max).collect()).await;
        match whole.map_err(|_| late(&self.base, "go on with its answer", patience))? {
            Ok(whole) => Ok(whole.to_bytes()),
            Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
                Err(HttpError::TooLarge { to: to(), bytes_max: bytes_max as u64 })
            }
            Err(_) => Err(HttpError::Cut { to: to(), bytes: 0 }),
        }
    }

    fn refusal(&self, head: &Head, body: &[u8]) -> Refusal {
        let problem: Option<Problem> = serde_json::from_slice(body).ok();
        let served = head.get("date").and_then(parse_http_date);
        let own = self.clock.now().0.div_euclid(1_000);
        let detail = problem.as_ref().and_then(|problem| problem.detail.clone()).unwrap_or_default();
        Refusal {
            to: self.base.host_and_port(),
            status: head.status,
            code: problem.as_ref().map(|problem| problem.code.clone()).unwrap_or_default(),
            detail: detail.chars().filter(|c| !c.is_control()).take(1_000).collect(),
            trace_id: head.get("trace-id").map(str::to_owned),
            retry_after: head.get("retry-after").and_then(|value| retry_after(value, head.get("date"))),
            clock_ahead_s: served.map(|served| own.saturating_sub(served)),
        }
    }

    /// The request as it is sent, with its signature if it has one.
    fn request(
        &self,
        call: &Call,
        key: Option<&str>,
    ) -> Result<(hyper::Request<Full<Bytes>>, Option<SignatureFields>), CallError> {
        let url = self.base.join(&call.path)?;
        let mut headers = vec![("host", url.authority())];
        headers.push(("user-agent", concat!("edgecoder/", env!("CARGO_PKG_VERSION")).to_owned()));
        headers.push(("ec-protocol", PROTOCOL.to_owned()));
        headers.extend(key.map(|key| ("idempotency-key", key.to_owned())));
        headers.extend(call.trace.map(|trace| ("traceparent", trace.to_traceparent())));
        let body = call.body.clone().filter(|(_, bytes)| !bytes.is_empty());
        let bytes = body.as_ref().map(|(_, bytes)| bytes.clone()).unwrap_or_default();
        headers.extend(body.map(|(content_type, _)| ("content-type", content_type.to_owned())));
        if is_mutating(call.verb.as_str()) {
            headers.push(("content-length", bytes.len().to_string()));
        }
        let signed = self.sign(call, &url, &headers, &bytes)?;
        if let Some(signed) = &signed {
            headers.push(("content-digest", signed.content_digest.clone()));
            headers.push(("signature-input", signed.signature_input.clone()));
            headers.push(("signature", signed.signature.clone()));
        }
        let mut built = hyper::Request::builder().method(call.verb.as_str()).uri(url.path());
        for (name, value) in headers.into_iter().chain(self.authorization()?) {
            let mut value = HeaderValue::from_str(&value).map_err(|_| CallError::Unsendable(name.to_owned()))?;
            value.set_sensitive(name == "authorization");
            built = built.header(HeaderName::from_static(name), value);
        }
        let request = built.body(Full::new(bytes)).map_err(|error| CallError::Unsendable(error.to_string()))?;
        Ok((request, signed))
    }

    fn sign(
        &self,
        call: &Call,
        url: &Url,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Option<SignatureFields>, CallError> {
        let Credentials::Node(key) = &self.credentials else { return Ok(None) };
        let (path, query) = url.path().split_once('?').map_or((url.path(), None), |(path, query)| (path, Some(query)));
        let authority = url.authority();
        let fields = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let head =
            RequestHead { method: call.verb.as_str(), authority: &authority, path, query, fields: Fields(fields) };
        let signed = sign_request(&head, &sha256(body), key, self.clock.now(), &mut **self.entropy());
        signed.map(Some).map_err(|rejection| CallError::Unsendable(rejection.to_string()))
    }

    fn authorization(&self) -> Result<Option<(&'static str, String)>, CallError> {
        let token = match &self.credentials {
            Credentials::None | Credentials::Node(_) => return Ok(None),
            Credentials::Bearer(secret) => secret.expose().to_owned(),
            Credentials::Service { key, service, audience, scopes } => {
                issue_service_token(key, service, audience, scopes, self.clock.now())
                    .map_err(|error| CallError::Unsendable(error.to_string()))?
            }
        };
        Ok(Some(("authorization", format!("Bearer {token}"))))
    }
}
