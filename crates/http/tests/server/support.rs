//! The service under test, who may call it, and raw requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgecoder_http::client::service::{Call, Credentials, ServiceClient, ServiceClientOptions};
use edgecoder_http::client::{RetryPolicy, Secret, Timeouts, Url};
use edgecoder_http::server::auth::Later;
use edgecoder_http::server::idempotency::{Begun, IdempotencyStore, KeptAnswer, KeyedRequest};
use edgecoder_http::server::log::{LogRecord, RequestLog};
use edgecoder_http::server::metrics::Metrics;
use edgecoder_http::server::problem::status_of;
use edgecoder_http::server::service::Readiness;
use edgecoder_http::server::waiting::{Event, EventSource, Events, LastEventId, Wait, Waiting, WaitingOptions, Wakeup};
use edgecoder_http::server::{
    Auth, EnrolledNodeCaller, Json, Lifecycle, ListenOptions, Listener, MemoryNonces, NodeAuth, NodeCaller,
    NodeDirectory, NodeEntry, OperatorCaller, Path, Problem, PublicCaller, Query, Refused, Response, Route, RouteInfo,
    Service, ServiceCaller, ServiceOptions, Standing, State, StatusCode, TlsIdentity, TokenDirectory, TokenEntry,
    UserCaller, Verb, authorities_of,
};
use edgecoder_loopback::{CountingEntropy, TestClock};
use edgecoder_security::service_token::ServiceKey;
use edgecoder_security::{KeyRecord, NodeKey, TokenKind, TokenRecord, TokenSecret};
use edgecoder_types::ids::NodeId;
use edgecoder_types::{Digest, Entropy, ErrorKind, UnixMs};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

pub(crate) const NOW: UnixMs = UnixMs(1_800_000_000_000);
pub(crate) const AUDIENCE: &str = "coordinator";
pub(crate) const BODY_BYTES_MAX: usize = 4_096;

/// Different bytes for each call, the same in each run.
#[derive(Debug)]
pub(crate) struct Mixing(pub(crate) u64);

impl Entropy for Mixing {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

pub(crate) fn key(seed: u8) -> Arc<NodeKey> {
    Arc::new(NodeKey::generate(&mut CountingEntropy::from(seed)))
}

pub(crate) fn token(seed: u8) -> TokenSecret {
    TokenSecret::generate(&mut CountingEntropy::from(seed))
}

pub(crate) const NODE: u8 = 1;
pub(crate) const OTHER_NODE: u8 = 2;
pub(crate) const PENDING: u8 = 3;
pub(crate) const SUSPENDED: u8 = 4;
pub(crate) const REVOKED: u8 = 5;
pub(crate) const REVOKED_KEY: u8 = 6;
pub(crate) const STRANGER: u8 = 7;
pub(crate) const SERVICE: u8 = 8;
pub(crate) const SERVER: u8 = 9;
pub(crate) const USER: u8 = 11;
pub(crate) const USER_WITHOUT_SCOPE: u8 = 12;
pub(crate) const USER_EXPIRED: u8 = 13;
pub(crate) const USER_ELSEWHERE: u8 = 14;
pub(crate) const OPERATOR: u8 = 15;
pub(crate) const ENROLMENT: u8 = 16;

/// What the service knows.
#[derive(Debug, Default)]
struct Known {
    nodes: BTreeMap<String, NodeEntry>,
    tokens: BTreeMap<Digest, TokenEntry>,
}

impl NodeDirectory for Known {
    fn find_key<'a>(&'a self, key_id: &'a str) -> Later<'a, Option<NodeEntry>> {
        Box::pin(std::future::ready(Ok(self.nodes.get(key_id).cloned())))
    }
}

impl TokenDirectory for Known {
    fn find_token<'a>(&'a self, digest: &'a Digest) -> Later<'a, Option<TokenEntry>> {
        Box::pin(std::future::ready(Ok(self.tokens.get(digest).cloned())))
    }
}

fn known() -> Known {
    let mut known = Known::default();
    let standings = [
        (NODE, Standing::Active),
        (OTHER_NODE, Standing::Active),
        (PENDING, Standing::Pending),
        (SUSPENDED, Standing::Suspended),
        (REVOKED, Standing::Revoked),
        (REVOKED_KEY, Standing::Active),
    ];
    for (seed, standing) in standings {
        let record = KeyRecord::new(key(seed).public_key(), UnixMs(NOW.0 - 86_400_000));
        let record = if seed == REVOKED_KEY { record.revoked(UnixMs(NOW.0 - 1)) } else { record };
        let node = NodeId::mint(NOW, &mut CountingEntropy::from(seed));
        known.nodes.insert(key(seed).thumbprint(), NodeEntry { node, key: record, standing });
    }
    let rows = [
        (USER, TokenKind::User, AUDIENCE, "jobs", None),
        (USER_WITHOUT_SCOPE, TokenKind::User, AUDIENCE, "other", None),
        (USER_EXPIRED, TokenKind::User, AUDIENCE, "jobs", Some(UnixMs(NOW.0 - 1))),
        (USER_ELSEWHERE, TokenKind::User, "inference", "jobs", None),
        (OPERATOR, TokenKind::Operator, AUDIENCE, "", None),
        (ENROLMENT, TokenKind::Node, AUDIENCE, "jobs", Some(UnixMs(NOW.0 + 60_000))),
    ];
    for (seed, kind, audience, scope, expires_at) in rows {
        let record = TokenRecord {
            digest: token(seed).digest(),
            kind,
            audience: audience.to_owned(),
            scopes: vec![scope.to_owned()],
            expires_at,
            used_at: None,
            revoked_at: None,
        };
        known.tokens.insert(record.digest, TokenEntry { subject: format!("subject-{seed}"), record });
    }
    known
}

/// Caller and key, and the request's digest, its time and its answer.
type Rows = BTreeMap<(String, String), (Digest, UnixMs, Option<KeptAnswer>)>;

/// Keeps answers for as long as the test.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Rows>);

impl IdempotencyStore for Answers {
    fn begin<'a>(&'a self, request: &'a KeyedRequest) -> Later<'a, Begun> {
        let mut rows = self.0.lock().unwrap();
        let place = (request.principal.clone(), request.key.as_str().to_owned());
        let begun = match rows.get(&place) {
            None => Begun::First,
            Some((digest, _, _)) if *digest != request.request => Begun::Other,
            Some((_, began, None)) if *began < request.dead_before => Begun::First,
            Some((_, _, None)) => Begun::UnderWay,
            Some((_, _, Some(answer))) => Begun::Answered(answer.clone()),
        };
        if begun == Begun::First {
            rows.insert(place, (request.request, request.at, None));
        }
        Box::pin(std::future::ready(Ok(begun)))
    }

    fn finish<'a>(&'a self, request: &'a KeyedRequest, answer: &'a KeptAnswer) -> Later<'a, ()> {
        let place = (request.principal.clone(), request.key.as_str().to_owned());
        self.0.lock().unwrap().insert(place, (request.request, request.at, Some(answer.clone())));
        Box::pin(std::future::ready(Ok(())))
    }

    fn abandon<'a>(&'a self, request: &'a KeyedRequest) -> Later<'a, ()> {
        let place = (request.principal.clone(), request.key.as_str().to_owned());
        self.0.lock().unwrap().remove(&place);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<LogRecord>>);

impl RequestLog for Log {
    fn write(&self, record: &LogRecord) {
        self.0.lock().unwrap().push(record.clone());
    }
}

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) waiting: Waiting,
    pub(crate) wakeup: Wakeup,
    pub(crate) events: Mutex<Vec<Event>>,
    pub(crate) jobs_done: AtomicUsize,
    pub(crate) begun: Notify,
    pub(crate) go_on: Notify,
    pub(crate) is_ready: AtomicUsize,
}

impl EventSource for App {
    fn after(&self, id: u64) -> Later<'_, Events> {
        let events: Vec<Event> = self.events.lock().unwrap().iter().filter(|event| event.id > id).cloned().collect();
        let is_over = events.iter().any(|event| event.name == "end");
        Box::pin(std::future::ready(Ok(Events { events, is_over })))
    }
}

struct Ready(Arc<App>);

impl Readiness for Ready {
    fn name(&self) -> &'static str {
        "store"
    }

    fn check(&self) -> Later<'_, ()> {
        let is_ready = self.0.is_ready.load(Ordering::SeqCst) > 0;
        Box::pin(std::future::ready(if is_ready { Ok(()) } else { Err("the disk is gone".into()) }))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) count: u32,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) said: String,
}

fn said(text: impl Into<String>) -> Json<Said> {
    Json(Said { said: text.into() })
}

type Shared = State<Arc<App>>;

async fn hello(_: PublicCaller) -> Json<Said> {
    said("hello")
}

async fn echo(_: PublicCaller, Json(body): Json<Text>) -> Json<Said> {
    said(format!("{} {}", body.text, body.count))
}

async fn claim(node: NodeCaller, Json(body): Json<Text>) -> Json<Said> {
    said(format!("{} {}", node.node, body.text))
}

async fn me(node: EnrolledNodeCaller) -> Json<Said> {
    said(node.0.node.to_string())
}

async fn decompose(service: ServiceCaller, Json(_): Json<Text>) -> Json<Said> {
    said(service.service)
}

async fn submit(
    user: UserCaller,
    State(app): Shared,
    Json(body): Json<Text>,
) -> Result<(StatusCode, Json<Said>), Refused> {
    if body.text == "slow" {
        app.begun.notify_one();
        app.go_on.notified().await;
    }
    let number = app.jobs_done.fetch_add(1, Ordering::SeqCst) + 1;
    if body.text == "fail" {
        return Err(Refused::with_status(status_of(ErrorKind::Unavailable), "store_unavailable", "not now"));
    }
    Ok((StatusCode::CREATED, said(format!("{} {number}", user.subject))))
}

async fn wait(_: UserCaller, State(app): Shared, query: Query) -> Result<Json<Said>, Refused> {
    query.only(&["wait"])?;
    let wait = Wait::of(&query)?;
    let found = app
        .waiting
        .poll(wait, &app.wakeup, || {
            let last = app.events.lock().unwrap().last().map(|event| event.data.clone());
            std::future::ready(Ok(last))
        })
        .await?;
    Ok(said(found.unwrap_or_else(|| "nothing".to_owned())))
}

async fn events(
    _: UserCaller,
    State(app): Shared,
    Path(_): Path<String>,
    last: LastEventId,
) -> Result<Response, Refused> {
    app.waiting.stream(Arc::clone(&app) as Arc<dyn EventSource>, last, &app.wakeup)
}

async fn remove(operator: OperatorCaller, Path(id): Path<NodeId>) -> Json<Said> {
    said(format!("{} removed {id}", operator.subject))
}

pub(crate) fn routes() -> Vec<Route<Arc<App>>> {
    vec![
        Route::new(Verb::Get, "/v1/hello", "Says hello", hello).gives::<Said>(),
        Route::new(Verb::Post, "/v1/echo", "Says it back", echo)
            .takes::<Text>()
            .gives::<Said>()
            .body_max(BODY_BYTES_MAX),
        Route::new(Verb::Post, "/v1/tasks/claim", "Claims tasks", claim).takes::<Text>().body_max(BODY_BYTES_MAX),
        Route::new(Verb::Get, "/v1/me", "Says who asks", me),
        Route::new(Verb::Post, "/v1/decompose", "Plans", decompose).scope("decompose"),
        Route::new(Verb::Post, "/v1/jobs", "Submits", submit).scope("jobs").idempotent().takes::<Text>(),
        Route::new(Verb::Get, "/v1/wait", "Waits", wait),
        Route::new(Verb::Get, "/v1/jobs/{id}/events", "Streams", events),
        Route::new(Verb::Delete, "/v1/nodes/{id}", "Removes a node", remove),
    ]
}

/// A running service.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) log: Arc<Log>,
    pub(crate) app: Arc<App>,
    pub(crate) table: Vec<RouteInfo>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) answers: Arc<Answers>,
}

pub(crate) fn auth() -> Auth {
    let known = Arc::new(known());
    let service = ServiceKey { service: "portal".to_owned(), public: key(SERVICE).public_key() };
    Auth {
        audience: AUDIENCE.to_owned(),
        nodes: Some(NodeAuth {
            nodes: Arc::clone(&known) as Arc<dyn NodeDirectory>,
            nonces: Arc::new(MemoryNonces::new(UnixMs(NOW.0 - 3_600_000))),
        }),
        tokens: Some(known),
        services: vec![service],
    }
}

pub(crate) fn options(address: SocketAddr, lifecycle: Lifecycle) -> ServiceOptions {
    ServiceOptions {
        name: "test",
        authorities: authorities_of(address, &[]),
        is_tls: false,
        origins: Vec::new(),
        auth: auth(),
        idempotency: Some(Arc::new(Answers::default())),
        identity: Some(key(SERVER)),
        readiness: Vec::new(),
        log: Arc::new(Log::default()),
        metrics: Arc::default(),
        lifecycle,
        body_wait: Duration::from_millis(500),
        clock: Arc::new(TestClock::new(NOW, 0)),
        entropy: Box::new(Mixing(1)),
    }
}

pub(crate) async fn start() -> World {
    start_with(None, ListenOptions { head_wait: Duration::from_millis(500), ..ListenOptions::default() }).await
}

pub(crate) async fn start_with(identity: Option<&TlsIdentity>, listen: ListenOptions) -> World {
    let tls = identity.map(|identity| identity.config().unwrap());
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), tls).await.unwrap();
    let lifecycle = Lifecycle::default();
    let waiting_options = WaitingOptions { polls: 4, streams: 4, heartbeat: Duration::from_millis(100) };
    let app = Arc::new(App {
        waiting: Waiting::new(lifecycle.clone(), waiting_options),
        wakeup: Wakeup::default(),
        events: Mutex::default(),
        jobs_done: AtomicUsize::new(0),
        begun: Notify::new(),
        go_on: Notify::new(),
        is_ready: AtomicUsize::new(1),
    });
    let (log, metrics, answers) =
        (Arc::new(Log::default()), Arc::new(Metrics::default()), Arc::new(Answers::default()));
    let options = ServiceOptions {
        is_tls: identity.is_some(),
        log: Arc::clone(&log) as Arc<dyn RequestLog>,
        metrics: Arc::clone(&metrics),
        idempotency: Some(Arc::clone(&answers) as Arc<dyn IdempotencyStore>),
        readiness: vec![Arc::new(Ready(Arc::clone(&app)))],
        ..options(listener.address(), lifecycle.clone())
    };
    let service = Service::build(options, routes(), Arc::clone(&app)).unwrap();
    let (address, table) = (listener.address(), service.table().to_vec());
    tokio::spawn(listener.serve(service, listen));
    World { address, lifecycle, log, app, table, metrics, answers }
}

impl World {
    pub(crate) fn client(&self, credentials: Credentials) -> ServiceClient {
        self.client_with(credentials, |_| {})
    }

    pub(crate) fn client_with(
        &self,
        credentials: Credentials,
        change: impl FnOnce(&mut ServiceClientOptions),
    ) -> ServiceClient {
        let mut options = client_options(&format!("http://{}", self.address), credentials);
        change(&mut options);
        ServiceClient::new(options).unwrap()
    }

    /// Sends bytes and reads until the other side closes. `connection: close` has to be among them.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request with the right host and `connection: close`.
    pub(crate) async fn ask(&self, line: &str, fields: &str, body: &str) -> String {
        self.raw(format!("{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{fields}\r\n{body}", self.address)).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &str, body: &str) -> String {
        let fields = format!("{fields}content-length: {}\r\n", body.len());
        self.ask(&format!("POST {path}"), &fields, body).await
    }
}

pub(crate) fn client_options(base: &str, credentials: Credentials) -> ServiceClientOptions {
    static SEED: AtomicUsize = AtomicUsize::new(100);
    ServiceClientOptions {
        base: Url::parse(base).unwrap(),
        credentials,
        pin: None,
        ca_file: None,
        server_key: Some(key(SERVER).public_key()),
        timeouts: Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(20),
            between_bytes: Duration::from_secs(20),
        },
        retry: RetryPolicy { attempts_max: 1, first_wait: Duration::from_millis(5), ..RetryPolicy::default() },
        clock: Arc::new(TestClock::new(NOW, 0)),
        entropy: Box::new(Mixing(SEED.fetch_add(1, Ordering::SeqCst) as u64)),
    }
}

pub(crate) fn bearer(seed: u8) -> Credentials {
    Credentials::Bearer(Secret::new(token(seed).expose()))
}

pub(crate) fn text(text: &str) -> Text {
    Text { text: text.to_owned(), count: 0 }
}

pub(crate) fn post(path: &str, body: &str) -> Call {
    Call::post_json(path, &text(body)).unwrap()
}

/// Status of a raw answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or("000").parse().unwrap()
}

/// The problem of a raw answer.
pub(crate) fn problem(answer: &str) -> Problem {
    assert!(answer.contains("content-type: application/problem+json\r\n"), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
