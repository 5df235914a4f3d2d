//! The client: it keeps connections, tries again as it is told, and does not believe everything.

use std::time::{Duration, Instant};

use edgecoder_http::client::service::{Call, CallError, Credentials, ServiceClient};

use edgecoder_loopback::http_server::{Act, HttpServer, answer, json};
use edgecoder_types::ErrorKind;

use crate::support::{NODE, Said, bearer, client_options, key, post, start};

fn client(server: &HttpServer, attempts_max: u32) -> ServiceClient {
    let mut options = client_options(&server.url(), Credentials::Node(key(NODE)));
    options.server_key = None;
    options.retry.attempts_max = attempts_max;
    ServiceClient::new(options).unwrap()
}

#[tokio::test]
async fn each_attempt_is_signed_anew_and_has_the_same_idempotency_key() {
    let server = HttpServer::start(|_, number| match number {
        0 => answer(503, &[("retry-after", "1")], b""),
        1 => answer(500, &[], b""),
        2 => vec![],
        _ => json(200, &serde_json::json!({"said": "done"})),
    })
    .unwrap();
    let begin = Instant::now();
    let said: Said = client(&server, 9).json(&post("/v1/x?y=1", "a")).await.unwrap();
    assert_eq!(said.said, "done");
    assert!(begin.elapsed() >= Duration::from_secs(1), "Retry-After counts");
    let received = server.received();
    assert_eq!(received.len(), 4);
    let values = |name: &str| {
        let mut values: Vec<String> = received.iter().map(|request| request.header(name).unwrap()).collect();
        values.sort();
        values.dedup();
        values
    };
    assert_eq!(values("signature-input").len(), 4);
    assert_eq!(values("signature").len(), 4);
    assert_eq!(values("idempotency-key").len(), 1);
    assert_eq!(values("idempotency-key")[0].len(), 32);
    assert_eq!(values("ec-protocol"), ["1"]);
}

#[tokio::test]
async fn what_does_not_pass_is_tried_once_and_too_long_a_wait_not_at_all() {
    let refusing = HttpServer::start(|_, _| {
        json(
            404,
            &serde_json::json!({"type": "x", "title": "x", "status": 404,
        "code": "job_not_found", "detail": "there is no such job"}),
        )
    })
    .unwrap();
    let error = client(&refusing, 9).send(&Call::get("/v1/x")).await.unwrap_err();
    let place = refusing.place();
    assert_eq!(error.to_string(), format!("{place} answered with status 404 (job_not_found): there is no such job"));
    assert_eq!((error.kind(), refusing.received().len()), (ErrorKind::NotFound, 1));

    let later = HttpServer::start(|_, _| answer(429, &[("retry-after", "3600")], b"")).unwrap();
    let CallError::Refused(refusal) = client(&later, 9).send(&Call::get("/v1/x")).await.unwrap_err() else {
        panic!("it has to be refused")
    };
    assert_eq!((refusal.retry_after, later.received().len()), (Some(Duration::from_hours(1)), 1));
}

#[tokio::test]
async fn answers_that_are_none_are_told_apart() {
    let cases: [(Vec<Act>, &str); 4] = [
        (json(200, &serde_json::json!({"other": 1})), "answer_unreadable"),
        (answer(200, &[], &[b'a'; 2_000]), "answer_too_large"),
        (vec![Act::text("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}")], "answer_cut"),
        (vec![Act::text("what?\r\n\r\n")], "answer_malformed"),
    ];
    for (acts, code) in cases {
        let server = HttpServer::start(move |_, _| acts.clone()).unwrap();
        let end = client(&server, 1).json::<Said>(&Call::get("/v1/x").answer_max(1_000)).await;
        assert_eq!(end.unwrap_err().code(), code);
    }
    let mut options = client_options("http://127.0.0.1:1", Credentials::None);
    options.retry.attempts_max = 3;
    let nobody = ServiceClient::new(options).unwrap();
    assert_eq!(nobody.send(&Call::get("/v1/x")).await.unwrap_err().code(), "server_unreachable");
}

#[tokio::test]
async fn connections_are_kept_and_a_closed_one_is_no_failure() {
    let world = start().await;
    let client = world.client(bearer(crate::support::USER));
    for _ in 0..5 {
        client.send(&Call::get("/v1/wait")).await.unwrap();
    }
    // The service closes what is idle for half a second; the next call opens another connection.
    tokio::time::sleep(Duration::from_millis(900)).await;
    client.send(&Call::get("/v1/wait")).await.unwrap();
    let text = world.metrics.text();
    assert!(text.contains("edgecoder_http_connections_total 2\n"), "{text}");
}

#[test]
fn a_pin_needs_tls() {
    let mut options = client_options("http://127.0.0.1:1", Credentials::None);
    options.pin = Some(edgecoder_http::Pin::of(b"x"));
    assert_eq!(ServiceClient::new(options).unwrap_err().code(), "url_invalid");
}
