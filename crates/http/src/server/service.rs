//! A service: its routes behind the gate, and what every service has: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use edgecoder_security::NodeKey;
use edgecoder_types::{Clock, Entropy, ErrorKind};

use super::auth::{Auth, Later};
use super::caller::Policy;
use super::extract::Json;
use super::fault::RequestFault;
use super::gate;
use super::idempotency::IdempotencyStore;
use super::lifecycle::Lifecycle;
use super::log::RequestLog;
use super::metrics::Metrics;
use super::openapi;
use super::problem::ServiceError;
use super::route::{Route, RouteInfo, Verb};

/// Most routes of one service.
pub const ROUTES_MAX: usize = 200;

/// Says whether a part of the service can do its work.
pub trait Readiness: Send + Sync {
    /// The part's name.
    fn name(&self) -> &'static str;
    /// Looks.
    fn check(&self) -> Later<'_, ()>;
}

/// Everything that a service is told. Time and entropy are handed in.
pub struct ServiceOptions {
    /// Its name.
    pub name: &'static str,
    /// The addresses and names under which it is reached, with ports: see [`authorities_of`].
    pub authorities: Vec<String>,
    /// Whether it is reached by TLS.
    pub is_tls: bool,
    /// Origins whose pages may ask, beside its own.
    pub origins: Vec<String>,
    /// By what callers are known.
    pub auth: Auth,
    /// Where answers are kept for requests that are sent again.
    pub idempotency: Option<Arc<dyn IdempotencyStore>>,
    /// What signs the answers to nodes.
    pub identity: Option<Arc<NodeKey>>,
    /// What has to work before it is ready.
    pub readiness: Vec<Arc<dyn Readiness>>,
    /// Where requests are told.
    pub log: Arc<dyn RequestLog>,
    /// Its numbers.
    pub metrics: Arc<Metrics>,
    /// Its beginning and its end.
    pub lifecycle: Lifecycle,
    /// How long a body may take.
    pub body_wait: Duration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Entropy for trace ids.
    pub entropy: Box<dyn Entropy + Send>,
}

impl std::fmt::Debug for ServiceOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a service does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A route lets through callers of a kind that nothing here can know.
    #[error("{path} is for {policy} callers, and nothing was configured to know one by")]
    MissingSecret {
        /// The route.
        path: &'static str,
        /// Its policy.
        policy: &'static str,
    },
    /// The table of routes is wrong: a fault of ours.
    #[error("the route {path} cannot be: {why}")]
    Route {
        /// The route.
        path: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It has no name to be reached by.
    #[error("the service has no name that it answers to")]
    NoAuthority,
}

impl ServiceError for StartError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::MissingSecret { .. } | Self::NoAuthority => ErrorKind::Invalid,
            Self::Route { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::MissingSecret { .. } => "secret_missing",
            Self::Route { .. } => "route_invalid",
            Self::NoAuthority => "authority_missing",
        }
    }
}

/// What all requests of a service share.
pub(super) struct Shared {
    pub(super) authorities: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) auth: Auth,
    pub(super) idempotency: Option<Arc<dyn IdempotencyStore>>,
    pub(super) identity: Option<Arc<NodeKey>>,
    pub(super) log: Arc<dyn RequestLog>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) lifecycle: Lifecycle,
    pub(super) body_wait: Duration,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Mutex<Box<dyn Entropy + Send>>,
    default_port: &'static str,
}

impl Shared {
    pub(super) fn entropy(&self) -> MutexGuard<'_, Box<dyn Entropy + Send>> {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In lower case, without the port that the scheme has anyway.
    pub(super) fn normal_authority(&self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        lower.strip_suffix(self.default_port).map_or_else(|| lower.clone(), str::to_owned)
    }
}

/// A service that can be served.
#[derive(Clone)]
pub struct Service {
    pub(super) router: Router,
    pub(super) lifecycle: Lifecycle,
    pub(super) metrics: Arc<Metrics>,
    table: Arc<Vec<RouteInfo>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("routes", &self.table.len()).finish_non_exhaustive()
    }
}

/// The names of a listening address: a loopback one is reached as `localhost`, too; any other one needs the names that other
/// machines use.
pub fn authorities_of(address: SocketAddr, names: &[&str]) -> Vec<String> {
    let port = address.port();
    let mut all: Vec<String> = names.iter().map(|name| format!("{}:{port}", name.to_ascii_lowercase())).collect();
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        all.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")));
    }
    if !address.ip().is_unspecified() {
        all.push(address.to_string());
    }
    all.sort();
    all.dedup();
    all
}

impl Service {
    /// Puts the routes behind the gate.
    ///
    /// # Errors
    /// As [`StartError`] says: above all, a service does not start when a route's callers can't be known.
    pub fn build<S: Clone + Send + Sync + 'static>(
        options: ServiceOptions,
        routes: Vec<Route<S>>,
        state: S,
    ) -> Result<Self, StartError> {
        if options.authorities.is_empty() {
            return Err(StartError::NoAuthority);
        }
        check_routes(&options, &routes)?;
        let (lifecycle, metrics) = (options.lifecycle.clone(), Arc::clone(&options.metrics));
        let mut table: Vec<RouteInfo> = routes.iter().map(|route| route.info.clone()).collect();
        table.extend(BUILT_IN.iter().map(|(path, summary)| built_in(path, summary)));
        let document = openapi::document(options.name, &table);
        let readiness = options.readiness.clone();
        let shared = Arc::new(shared(options));
        let mut behind = Router::new();
        for route in routes {
            let layer = from_fn_with_state((Arc::clone(&shared), Arc::new(route.info.clone())), gate::inner);
            behind = behind.route(route.info.path, route.handler.route_layer(layer));
        }
        let mut behind = behind.with_state(state);
        for (path, handler) in own_handlers(&shared, readiness, document) {
            let summary = BUILT_IN.iter().find(|(known, _)| *known == path).map_or("", |(_, summary)| summary);
            let info = Arc::new(built_in(path, summary));
            behind =
                behind.route(path, handler.route_layer(from_fn_with_state((Arc::clone(&shared), info), gate::inner)));
        }
        let behind = behind
            .fallback(gate::no_route)
            .method_not_allowed_fallback(gate::no_method)
            .layer(from_fn_with_state(shared, gate::outer));
        Ok(Self { router: behind, lifecycle, metrics, table: Arc::new(table) })
    }

    /// Every route: for tests of who may use which, and for documents.
    pub fn table(&self) -> &[RouteInfo] {
        &self.table
    }
}

/// What every service has, and may be asked by anybody.
const BUILT_IN: [(&str, &str); 4] = [
    ("/healthz", "Whether the service is alive"),
    ("/readyz", "Whether the service can do its work"),
    ("/metrics", "Numbers for Prometheus"),
    ("/openapi.json", "This description"),
];

fn built_in(path: &'static str, summary: &'static str) -> RouteInfo {
    RouteInfo {
        verb: Verb::Get,
        path,
        summary,
        policy: Policy::Public,
        scope: None,
        body_bytes_max: 0,
        is_idempotent: false,
        takes: None,
        gives: None,
    }
}

fn own_handlers(
    shared: &Arc<Shared>,
    readiness: Vec<Arc<dyn Readiness>>,
    document: serde_json::Value,
) -> [(&'static str, MethodRouter); 4] {
    let (metrics, lifecycle) = (Arc::clone(&shared.metrics), shared.lifecycle.clone());
    let text = move || {
        let text = metrics.text();
        async move { ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"))], text) }
    };
    let ready = move || {
        let (lifecycle, readiness) = (lifecycle.clone(), readiness.clone());
        async move { is_ready(&lifecycle, &readiness).await }
    };
    let document = Arc::new(document);
    let openapi = move || {
        let document = Arc::clone(&document);
        async move { Json(document.as_ref().clone()) }
    };
    [
        ("/healthz", get(async || Json(serde_json::json!({"status": "alive"})))),
        ("/readyz", get(ready)),
        ("/metrics", get(text)),
        ("/openapi.json", get(openapi)),
    ]
}

async fn is_ready(lifecycle: &Lifecycle, parts: &[Arc<dyn Readiness>]) -> axum::response::Response {
    if lifecycle.is_draining() {
        return RequestFault::Draining.refuse().into_response();
    }
    for part in parts {
        if let Err(error) = part.check().await {
            let reason = format!("{}: {}", part.name(), super::problem::chain(error.as_ref()));
            return RequestFault::Store.refuse().logged(reason).into_response();
        }
    }
    Json(serde_json::json!({"status": "ready"})).into_response()
}

fn check_routes<S>(options: &ServiceOptions, routes: &[Route<S>]) -> Result<(), StartError> {
    let mut seen: Vec<(Verb, &str)> = Vec::new();
    for route in routes {
        let RouteInfo { path, policy, verb, is_idempotent, .. } = route.info;
        let wrong = |why| Err(StartError::Route { path, why });
        if !path.starts_with('/') || BUILT_IN.iter().any(|(own, _)| *own == path) {
            return wrong("that is no path, or one of the service's own");
        }
        if seen.contains(&(verb, path)) || seen.len() >= ROUTES_MAX {
            return wrong("it is there twice, or there are too many");
        }
        if !options.auth.serves(policy) {
            return Err(StartError::MissingSecret { path, policy: policy.name() });
        }
        if is_idempotent && (policy == Policy::Public || options.idempotency.is_none()) {
            return wrong("answers are kept for callers that are known, in a store");
        }
        seen.push((verb, path));
    }
    Ok(())
}

fn shared(options: ServiceOptions) -> Shared {
    let (scheme, default_port) = if options.is_tls { ("https", ":443") } else { ("http", ":80") };
    let mut shared = Shared {
        authorities: Vec::new(),
        origins: options.origins,
        auth: options.auth,
        idempotency: options.idempotency,
        identity: options.identity,
        log: options.log,
        metrics: options.metrics,
        lifecycle: options.lifecycle,
        body_wait: options.body_wait,
        clock: options.clock,
        entropy: Mutex::new(options.entropy),
        default_port,
    };
    shared.authorities = options.authorities.iter().map(|text| shared.normal_authority(text)).collect();
    shared.origins.extend(shared.authorities.iter().map(|authority| format!("{scheme}://{authority}")));
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_address_has_its_names() {
        let names = |address: &str, names: &[&str]| authorities_of(address.parse().unwrap(), names);
        assert_eq!(names("127.0.0.1:4301", &[]), ["127.0.0.1:4301", "[::1]:4301", "localhost:4301"]);
        assert_eq!(names("10.0.0.7:4301", &["Box.local"]), ["10.0.0.7:4301", "box.local:4301"]);
        let all = names("0.0.0.0:4301", &["box.local"]);
        assert!(all.contains(&"box.local:4301".to_owned()) && !all.contains(&"0.0.0.0:4301".to_owned()));
    }
}
