//! What every request goes through: trace id, names, caller, body, idempotency; and, with the answer, signature, log and
//! numbers. A handler stands behind all of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse;
use edgecoder_security::request::Fields;
use edgecoder_security::response::sign_response;
use edgecoder_security::sha256;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::{Instant, timeout};

use super::auth::store;
use super::caller::{Admitted, Policy, Principal};
use super::fault::RequestFault;
use super::idempotency::{ANSWER_BYTES_MAX, Begun, IdempotencyKey, IdempotencyStore, KeptAnswer, KeyedRequest};
use super::log::LogRecord;
use super::problem::{Logged, Problem, Refused, ServiceError};
use super::route::RouteInfo;
use super::service::Shared;
use super::trace::{TRACE_HEADER, TraceId};
use crate::date::http_date;

/// Largest answer that is signed.
const SIGNED_BYTES_MAX: usize = 64 << 20;

/// The name under which the request reached us, as it is compared and signed.
#[derive(Clone, Debug)]
struct Authority(String);

/// What the outer part is told by the inner one.
#[derive(Clone, Debug)]
struct Passed {
    route: &'static str,
    caller: String,
}

type Answer = axum::response::Response;

/// The outer part, for every request, also for those that have no route.
pub(super) async fn outer(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Answer {
    let begin = Instant::now();
    let at = shared.clock.now();
    let trace = TraceId::of(request.headers(), &mut **shared.entropy());
    let method = request.method().as_str().to_owned();
    request.extensions_mut().insert(trace);
    let mut response = match names(&shared, &request) {
        Ok(authority) => {
            request.extensions_mut().insert(authority);
            next.run(request).await
        }
        Err(fault) => fault.refuse().into_response(),
    };
    response = traced(response, Some(trace));
    let passed = response.extensions_mut().remove::<Passed>();
    let (route, caller) = passed.map_or(("-", "-".to_owned()), |passed| (passed.route, passed.caller));
    let problem = response.extensions_mut().remove::<Box<Problem>>();
    let record = LogRecord {
        at_ms: at,
        trace_id: trace.to_string(),
        method,
        route,
        status: response.status().as_u16(),
        took_us: u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX),
        caller,
        code: problem.as_ref().map(|problem| problem.code.clone()),
        reason: response.extensions_mut().remove::<Logged>().map(|logged| logged.0),
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&record.trace_id) {
        headers.insert(TRACE_HEADER, value);
    }
    // By the clock that signatures are judged by, so that a client which is refused can compare its own.
    if let Ok(value) = HeaderValue::from_str(&http_date(shared.clock.now().0.div_euclid(1_000))) {
        headers.insert(DATE, value);
    }
    headers.entry("x-content-type-options").or_insert(HeaderValue::from_static("nosniff"));
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    count(&shared, &record, begin.elapsed());
    shared.log.write(&record);
    response
}

/// Puts the trace id into a problem that has none yet.
fn traced(mut response: Answer, trace: Option<TraceId>) -> Answer {
    let Some(mut problem) = response.extensions_mut().remove::<Box<Problem>>() else { return response };
    if let Some(trace) = trace.filter(|_| problem.trace_id.is_none()) {
        problem.trace_id = Some(trace.to_string());
        // Its length was that of the body before.
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::from(serde_json::to_vec(&problem).unwrap_or_default());
    }
    response.extensions_mut().insert(problem);
    response
}

fn count(shared: &Shared, record: &LogRecord, took: Duration) {
    let status = record.status.to_string();
    let labels = [("route", record.route), ("method", record.method.as_str()), ("status", status.as_str())];
    // Methods that no route has are the caller's words.
    let labels = if record.route == "-" { [labels[0], ("method", "-"), labels[2]] } else { labels };
    shared.metrics.count("edgecoder_http_requests_total", "Requests that were answered.", &labels, 1);
    let route = [("route", record.route)];
    shared.metrics.took("edgecoder_http_request_seconds", "Time until an answer began.", &route, took);
}

/// Under which name the request came, and whether a page of somewhere else sent it.
fn names(shared: &Shared, request: &Request) -> Result<Authority, RequestFault> {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authority = shared.normal_authority(host);
    if hosts.next().is_some() || !shared.authorities.contains(&authority) {
        return Err(RequestFault::Host(short(host)));
    }
    if let Some(target) =
        request.uri().authority().filter(|target| shared.normal_authority(target.as_str()) != authority)
    {
        return Err(RequestFault::Host(short(target.as_str())));
    }
    for origin in request.headers().get_all(ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        if !shared.origins.iter().any(|known| known == origin) {
            return Err(RequestFault::Origin(short(origin)));
        }
    }
    Ok(Authority(authority))
}

/// The inner part, for requests that have a route.
pub(super) async fn inner(
    State((shared, route)): State<(Arc<Shared>, Arc<RouteInfo>)>,
    request: Request,
    next: Next,
) -> Answer {
    let mut caller = "-".to_owned();
    let mut response = match admit(&shared, &route, request, next, &mut caller).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    };
    response.extensions_mut().insert(Passed { route: route.path, caller });
    response
}

async fn admit(
    shared: &Arc<Shared>,
    route: &RouteInfo,
    request: Request,
    next: Next,
    caller: &mut String,
) -> Result<Answer, Refused> {
    let (mut parts, body) = request.into_parts();
    let trace = parts.extensions.get::<TraceId>().copied();
    let now = shared.clock.now();
    let mut half = None;
    let mut principal = Principal::Public;
    match route.policy {
        Policy::Public => {}
        Policy::Node | Policy::EnrolledNode => {
            let authority = parts.extensions.get::<Authority>().map(|known| known.0.clone()).unwrap_or_default();
            half = Some(shared.auth.node_head(&parts, &authority, &shared.authorities, route.policy, now).await?);
        }
        Policy::Service | Policy::User | Policy::Operator => {
            principal = shared.auth.bearer(&parts, route.policy, route.scope, now).await?;
        }
    }
    let bytes = read_body(&parts.headers, body, route.body_bytes_max, shared.body_wait).await?;
    let mut signature = None;
    if let Some(half) = half {
        let (node, field) = shared.auth.node_body(half, &bytes, shared.clock.now()).await?;
        (principal, signature) = (node, Some(field));
    }
    *caller = principal.name();
    let keyed = if route.is_idempotent { Some(keyed(&parts, &bytes, caller, shared)?) } else { None };
    parts.extensions.insert(Admitted { policy: route.policy, principal });
    let request = Request::from_parts(parts, Body::from(bytes));
    let response = match (keyed, &shared.idempotency) {
        (Some(keyed), Some(store)) => once(shared, Arc::clone(store), keyed, request, next).await?,
        _ => next.run(request).await,
    };
    let response = traced(response, trace);
    match (signature, &shared.identity) {
        (Some(signature), Some(_)) => sign(shared, response, &signature).await,
        _ => Ok(response),
    }
}

/// Reads the whole body, within the bound and in time. Its length is looked at before any of it.
async fn read_body(headers: &HeaderMap, body: Body, bytes_max: usize, wait: Duration) -> Result<Bytes, Refused> {
    let too_large = || RequestFault::TooLarge { bytes_max }.refuse();
    let said = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    if said.is_some_and(|length: usize| length > bytes_max) {
        return Err(too_large());
    }
    let slow = || RequestFault::Slow { seconds: wait.as_secs() }.refuse();
    match timeout(wait, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Ok(Err(error)) => Err(slow().logged(super::problem::chain(error.as_ref()))),
        Err(_) => Err(slow()),
    }
}

fn keyed(parts: &Parts, body: &[u8], principal: &str, shared: &Shared) -> Result<KeyedRequest, Refused> {
    let mut values = parts.headers.get_all("idempotency-key").iter();
    let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
    let key = IdempotencyKey::parse(value.unwrap_or_default()).map_err(|fault| fault.refuse())?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let mut request = format!("{} {target}\n", parts.method).into_bytes();
    request.extend_from_slice(body);
    Ok(KeyedRequest::new(principal, key, sha256(&request), shared.clock.now()))
}

/// Does a request once. What has begun is finished and kept even if the caller goes away meanwhile.
async fn once(
    shared: &Arc<Shared>,
    store_of: Arc<dyn IdempotencyStore>,
    keyed: KeyedRequest,
    request: Request,
    next: Next,
) -> Result<Answer, Refused> {
    match store_of.begin(&keyed).await.map_err(|error| store(&error))? {
        Begun::First => {}
        Begun::Answered(kept) => return Ok(answer_of(kept)),
        Begun::UnderWay => return Err(RequestFault::IdempotencyBusy.refuse()),
        Begun::Other => return Err(RequestFault::IdempotencyConflict.refuse()),
    }
    let work = shared.lifecycle.spawn(async move {
        let (parts, body) = next.run(request).await.into_parts();
        let bytes = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map(http_body_util::Collected::to_bytes);
        let kept = bytes.as_ref().ok().filter(|_| counts(parts.status)).map(|bytes| KeptAnswer {
            status: parts.status.as_u16(),
            content_type: parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned),
            body: bytes.to_vec(),
        });
        match kept {
            Some(kept) => store_of.finish(&keyed, &kept).await,
            None => store_of.abandon(&keyed).await,
        }
        .map_err(|error| store(&error))?;
        let bytes = bytes.map_err(|error| RequestFault::Internal.refuse().logged(error.to_string()))?;
        Ok(Response::from_parts(parts, Body::from(bytes)))
    });
    work.await.unwrap_or_else(|error| Err(RequestFault::Internal.refuse().logged(error.to_string())))
}

/// Whether an answer is one that a repeated request would get again.
fn counts(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 400 | 404 | 409 | 422)
}

fn answer_of(kept: KeptAnswer) -> Answer {
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(value) = kept.content_type.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// Signs an answer to a signed request, so that a node knows who gave it.
async fn sign(shared: &Shared, response: Answer, request_signature: &str) -> Result<Answer, Refused> {
    let (mut parts, body) = response.into_parts();
    let fault = |why: String| RequestFault::Internal.refuse().logged(why);
    let body = Limited::new(body, SIGNED_BYTES_MAX).collect().await.map_err(|error| fault(error.to_string()))?;
    let body = body.to_bytes();
    if !body.is_empty() && !parts.headers.contains_key(CONTENT_TYPE) {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    let fields = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let key = shared.identity.as_ref().ok_or_else(|| fault("no identity".to_owned()))?;
    let (status, now) = (parts.status.as_u16(), shared.clock.now());
    let signed = sign_response(status, &Fields(fields), &body, request_signature, key, now)
        .map_err(|rejection| fault(rejection.to_string()))?;
    for (name, value) in [
        ("content-digest", signed.content_digest),
        ("signature-input", signed.signature_input),
        ("signature", signed.signature),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|error| fault(error.to_string()))?;
        parts.headers.insert(HeaderName::from_static(name), value);
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// For paths that are none of ours.
pub(super) async fn no_route() -> Answer {
    RequestFault::NoRoute.refuse().into_response()
}

/// For methods that a path doesn't have.
pub(super) async fn no_method(method: Method) -> Answer {
    RequestFault::Method.refuse().logged(method.as_str().chars().take(20).collect::<String>()).into_response()
}
