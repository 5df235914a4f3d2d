//! Who may use which route, and that a signed request is accepted once.

use std::collections::BTreeSet;
use std::sync::Arc;

use edgecoder_http::client::service::{Call, CallError, Credentials};
use edgecoder_http::server::waiting::Event;
use edgecoder_http::server::{
    Auth, Lifecycle, Policy, RouteInfo, Service, ServiceError as _, ServiceOptions, StartError, Verb,
};
use edgecoder_loopback::TestClock;
use edgecoder_security::request::{Fields, PROTOCOL, RequestHead, sign_request};
use edgecoder_security::sha256;
use edgecoder_types::UnixMs;

use crate::support::{
    AUDIENCE, ENROLMENT, Mixing, NODE, NOW, OPERATOR, OTHER_NODE, PENDING, REVOKED, REVOKED_KEY, SERVICE, STRANGER,
    SUSPENDED, Said, USER, USER_ELSEWHERE, USER_EXPIRED, USER_WITHOUT_SCOPE, World, bearer, key, options, problem,
    routes, start, status, text,
};

fn service(audience: &str, scope: &'static str, seed: u8) -> Credentials {
    Credentials::Service { key: key(seed), service: "portal", audience: audience.to_owned(), scopes: vec![scope] }
}

/// A caller, and the routes that it may use.
type Row = (&'static str, Credentials, fn(&RouteInfo) -> bool);

/// Everybody who may come, and whom each counts as for a policy.
fn principals() -> Vec<Row> {
    let public = |route: &RouteInfo| route.policy == Policy::Public;
    let node = |route: &RouteInfo| matches!(route.policy, Policy::Public | Policy::Node | Policy::EnrolledNode);
    let enrolled = |route: &RouteInfo| matches!(route.policy, Policy::Public | Policy::EnrolledNode);
    let user = |route: &RouteInfo| matches!(route.policy, Policy::Public | Policy::User);
    let user_without_scope =
        |route: &RouteInfo| route.policy == Policy::Public || route.policy == Policy::User && route.scope.is_none();
    let operator = |route: &RouteInfo| matches!(route.policy, Policy::Public | Policy::User | Policy::Operator);
    let asking = |route: &RouteInfo| matches!(route.policy, Policy::Public | Policy::Service);
    vec![
        ("nobody", Credentials::None, public),
        ("a node", Credentials::Node(key(NODE)), node),
        ("another node", Credentials::Node(key(OTHER_NODE)), node),
        ("a node that waits for approval", Credentials::Node(key(PENDING)), enrolled),
        ("a suspended node", Credentials::Node(key(SUSPENDED)), enrolled),
        ("a revoked node", Credentials::Node(key(REVOKED)), public),
        ("a node with a revoked key", Credentials::Node(key(REVOKED_KEY)), public),
        ("a stranger's key", Credentials::Node(key(STRANGER)), public),
        ("a service", service(AUDIENCE, "decompose", SERVICE), asking),
        ("a service without the scope", service(AUDIENCE, "other", SERVICE), public),
        ("a service that asks another one", service("inference", "decompose", SERVICE), public),
        ("a service with another key", service(AUDIENCE, "decompose", STRANGER), public),
        ("a user", bearer(USER), user),
        ("a user without the scope", bearer(USER_WITHOUT_SCOPE), user_without_scope),
        ("a user whose time is over", bearer(USER_EXPIRED), public),
        ("a user of another service", bearer(USER_ELSEWHERE), public),
        ("an operator", bearer(OPERATOR), operator),
        ("a node's one-time token", bearer(ENROLMENT), public),
        ("a token of nobody", bearer(99), public),
    ]
}

#[tokio::test]
async fn every_route_lets_through_whom_its_policy_names_and_nobody_else() {
    let world = start().await;
    world.app.events.lock().unwrap().push(Event { id: 1, name: "end", data: "x".to_owned() });
    let policies: BTreeSet<Policy> = world.table.iter().map(|route| route.policy).collect();
    assert_eq!(policies.len(), Policy::ALL.len(), "the test's routes have every policy");
    let mut cells = 0;
    for (who, credentials, may) in principals() {
        // Answers of routes for everybody are not signed.
        let client = world.client_with(credentials, |options| options.server_key = None);
        for route in &world.table {
            let path = route.path.replace("{id}", "node_00000000000000000000000000");
            let call = Call::new(route.verb, path);
            let call = if route.verb == Verb::Post { call.json(&text("x")).unwrap() } else { call };
            let refused = match client.send(&call).await {
                Ok(_) => None,
                Err(CallError::Refused(refusal)) => Some(refusal),
                Err(error) => panic!("{who} at {}: {error}", route.path),
            };
            let is_refused = refused.as_ref().is_some_and(|refusal| matches!(refusal.status, 401 | 403));
            assert_eq!(!is_refused, may(route), "{who} at {} {}: {refused:?}", route.verb.as_str(), route.path);
            if let Some(refusal) = refused.filter(|refusal| refusal.status == 401) {
                assert_eq!(refusal.code, "auth_failed");
                let detail = "who asks is not known here; the answer's Date is this service's time";
                assert_eq!(refusal.detail, detail, "no reason is told");
            }
            cells += 1;
        }
    }
    assert_eq!(cells, principals().len() * world.table.len());
    let reasons: BTreeSet<String> =
        world.log.0.lock().unwrap().iter().filter_map(|record| record.reason.clone()).collect();
    for reason in
        ["node_revoked", "no_token", "unknown_key: the key is not known", "token_unknown: the token is not known"]
    {
        assert!(reasons.contains(reason), "{reason} is not among {reasons:?}");
    }
}

/// A node's request as bytes.
fn signed(world: &World, seed: u8, at: UnixMs, nonce: u64) -> (Vec<(String, String)>, String) {
    let authority = world.address.to_string();
    let body = "{\"text\":\"x\"}".to_owned();
    let mut fields = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("ec-protocol".to_owned(), PROTOCOL.to_owned()),
        ("idempotency-key".to_owned(), "01JD0000000000000000000000".to_owned()),
    ];
    let signed = {
        let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let head = RequestHead {
            method: "POST",
            authority: &authority,
            path: "/v1/tasks/claim",
            query: None,
            fields: Fields(fields),
        };
        sign_request(&head, &sha256(body.as_bytes()), &key(seed), at, &mut Mixing(nonce)).unwrap()
    };
    fields.push(("content-digest".to_owned(), signed.content_digest));
    fields.push(("signature-input".to_owned(), signed.signature_input));
    fields.push(("signature".to_owned(), signed.signature));
    (fields, body)
}

async fn claim(world: &World, path: &str, (fields, body): &(Vec<(String, String)>, String)) -> String {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    world.post(path, &fields, body).await
}

#[tokio::test]
async fn of_fifty_equal_requests_one_is_accepted() {
    let world = Arc::new(start().await);
    let request = Arc::new(signed(&world, NODE, NOW, 5));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (world, request) = (Arc::clone(&world), Arc::clone(&request));
            tokio::spawn(async move { status(&claim(&world, "/v1/tasks/claim", &request).await) })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 49, "{statuses:?}");
    let log = world.log.0.lock().unwrap();
    let replayed =
        log.iter().filter(|record| record.reason.as_deref() == Some("replayed: the request was used before"));
    assert_eq!(replayed.count(), 49);
}

#[tokio::test]
async fn what_is_changed_on_the_way_is_refused_for_its_reason() {
    let world = start().await;
    let at = |ms: i64| UnixMs(NOW.0 + ms);
    let changed = |index: usize, from: &str, to: &str| {
        let (mut fields, body) = signed(&world, NODE, NOW, 10 + index as u64);
        assert!(fields[index].1.contains(from));
        fields[index].1 = fields[index].1.replace(from, to);
        (fields, body)
    };
    let other_body = {
        let (fields, _) = signed(&world, NODE, NOW, 30);
        (fields, "{\"text\":\"y\"}".to_owned())
    };
    let rows = [
        ("/v1/tasks/claim?x=1", signed(&world, NODE, NOW, 31), "signature"),
        ("/v1/tasks/claim", other_body, "body"),
        ("/v1/tasks/claim", changed(0, "json", "json; x=1"), "signature"),
        ("/v1/tasks/claim", changed(1, "1", "2"), "protocol"),
        ("/v1/tasks/claim", changed(2, "01JD", "01JE"), "signature"),
        ("/v1/tasks/claim", changed(4, "ed25519", "hmac-sha256"), "algorithm"),
        ("/v1/tasks/claim", changed(4, "\"content-digest\" ", ""), "coverage"),
        ("/v1/tasks/claim", signed(&world, NODE, at(-3_600_000), 32), "expired"),
        ("/v1/tasks/claim", signed(&world, NODE, at(600_000), 33), "future"),
        ("/v1/tasks/claim", signed(&world, STRANGER, NOW, 34), "unknown_key"),
    ];
    for (path, request, reason) in rows {
        let answer = claim(&world, path, &request).await;
        assert_eq!((status(&answer), problem(&answer).code.as_str()), (401, "auth_failed"), "{reason}");
        assert!(!answer.contains(&format!("{reason}:")), "the reason is not told: {answer}");
        let logged = world.log.0.lock().unwrap().last().unwrap().reason.clone().unwrap();
        assert!(logged.starts_with(&format!("{reason}:")), "{logged} is not {reason}");
    }
    let good = claim(&world, "/v1/tasks/claim", &signed(&world, NODE, NOW, 35)).await;
    assert_eq!(status(&good), 200);
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_told_so() {
    let world = start().await;
    for (offset_ms, words) in [
        (3_600_000, "this machine's clock is 3600 s ahead of the service's: set it right"),
        (-3_600_000, "this machine's clock is 3600 s behind the service's: set it right"),
    ] {
        let client = world.client_with(Credentials::Node(key(NODE)), |options| {
            options.clock = Arc::new(TestClock::new(UnixMs(NOW.0 + offset_ms), 0));
        });
        let error = client.send(&Call::get("/v1/me")).await.unwrap_err();
        assert!(error.to_string().ends_with(words), "{error}");
        assert_eq!(error.code(), "service_refused");
    }
}

#[tokio::test]
async fn an_answer_that_another_key_signed_is_not_believed() {
    let world = start().await;
    let good = world.client(Credentials::Node(key(NODE)));
    let answer: Said = good.json(&Call::get("/v1/me")).await.unwrap();
    assert!(answer.said.starts_with("node_"));
    let misled = world.client_with(Credentials::Node(key(NODE)), |options| {
        options.server_key = Some(key(STRANGER).public_key());
    });
    let error = misled.send(&Call::get("/v1/me")).await.unwrap_err();
    assert_eq!(error.code(), "answer_unsigned");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_service_does_not_start_without_what_its_callers_are_known_by() {
    type Lack = (fn(&mut ServiceOptions), &'static str);
    let address = "127.0.0.1:4301".parse().unwrap();
    let app = start().await.app;
    let build = |change: fn(&mut ServiceOptions)| {
        let mut options = options(address, Lifecycle::default());
        change(&mut options);
        Service::build(options, routes(), Arc::clone(&app)).map(|_| ()).unwrap_err()
    };
    let rows: [Lack; 5] = [
        (|options| options.auth.nodes = None, "node"),
        (|options| options.auth.services.clear(), "service"),
        (|options| options.auth.tokens = None, "user"),
        (|options| options.auth.audience.clear(), "service"),
        (|options| options.auth = Auth::default(), "node"),
    ];
    for (change, wanted) in rows {
        let StartError::MissingSecret { policy, .. } = build(change) else { panic!("it has to be missed") };
        assert_eq!(policy, wanted);
    }
    assert_eq!(build(|options| options.authorities.clear()), StartError::NoAuthority);
    assert_eq!(build(|options| options.idempotency = None).code(), "route_invalid");
}
