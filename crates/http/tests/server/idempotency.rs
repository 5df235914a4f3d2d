//! A write that comes more than once is done once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use edgecoder_http::client::service::CallError;
use edgecoder_http::server::idempotency::{Begun, IdempotencyKey, IdempotencyStore as _, KeyedRequest, UNFINISHED_MAX};
use edgecoder_security::sha256;
use edgecoder_types::UnixMs;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{NOW, OPERATOR, Said, USER, bearer, post, problem, start, status, token};

const KEY: &str = "01JD0000000000000000000000";

#[tokio::test]
async fn of_a_hundred_equal_writes_one_is_done_and_all_get_its_answer() {
    let world = Arc::new(start().await);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let client = world.client_with(bearer(USER), |options| options.retry.attempts_max = 50);
            let call = post("/v1/jobs", "a").idempotency_key(KEY);
            tokio::spawn(async move { client.json::<Said>(&call).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().said, "subject-11 1");
    }
    assert_eq!(world.app.jobs_done.load(Ordering::SeqCst), 1);
    let again = world.client(bearer(USER)).send(&post("/v1/jobs", "a").idempotency_key(KEY)).await.unwrap();
    assert_eq!((again.head.status, again.head.get("idempotency-replayed")), (201, Some("true")));
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_caller() {
    let world = start().await;
    let (user, operator) = (world.client(bearer(USER)), world.client(bearer(OPERATOR)));
    user.send(&post("/v1/jobs", "a").idempotency_key(KEY)).await.unwrap();
    let CallError::Refused(refusal) = user.send(&post("/v1/jobs", "b").idempotency_key(KEY)).await.unwrap_err() else {
        panic!("it has to be refused")
    };
    assert_eq!((refusal.status, refusal.code.as_str()), (422, "idempotency_conflict"));
    let other: Said = operator.json(&post("/v1/jobs", "b").idempotency_key(KEY)).await.unwrap();
    assert_eq!(other.said, "subject-15 2");
    for key in ["", "idempotency-key: short\r\n", "idempotency-key: 01JD/000000000000000000000\r\n"] {
        let fields =
            format!("content-type: application/json\r\nauthorization: Bearer {}\r\n{key}", token(USER).expose());
        let answer = world.post("/v1/jobs", &fields, "{\"text\":\"a\"}").await;
        assert_eq!((status(&answer), problem(&answer).code.as_str()), (400, "idempotency_key_invalid"), "{key}");
    }
    assert_eq!(world.app.jobs_done.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_failure_that_may_pass_is_not_kept() {
    let world = start().await;
    let user = world.client(bearer(USER));
    for number in 1..=2 {
        assert!(user.send(&post("/v1/jobs", "fail").idempotency_key(KEY)).await.is_err());
        assert_eq!(world.app.jobs_done.load(Ordering::SeqCst), number);
    }
}

#[tokio::test]
async fn what_has_begun_is_finished_though_the_caller_goes_away() {
    let world = start().await;
    let body = "{\"text\":\"slow\",\"count\":0}";
    let request = format!(
        "POST /v1/jobs HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n\
         idempotency-key: {KEY}\r\ncontent-length: {}\r\n\r\n{body}",
        world.address,
        token(USER).expose(),
        body.len()
    );
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    world.app.begun.notified().await;
    let call = post("/v1/jobs", "slow").idempotency_key(KEY);
    let CallError::Refused(refusal) = world.client(bearer(USER)).send(&call).await.unwrap_err() else {
        panic!("it has to be refused")
    };
    assert_eq!((refusal.status, refusal.code.as_str()), (409, "idempotency_busy"));
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.app.go_on.notify_one();
    let patient = world.client_with(bearer(USER), |options| options.retry.attempts_max = 50);
    let answer: Said = patient.json(&call).await.unwrap();
    assert_eq!(answer.said, "subject-11 1");
    assert_eq!(world.app.jobs_done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_never_ended_is_begun_again_after_a_while() {
    let world = start().await;
    let body = "{\"text\":\"a\",\"count\":0}";
    let digest = sha256(format!("POST /v1/jobs\n{body}").as_bytes());
    let key = IdempotencyKey::parse(KEY).unwrap();
    let bound_ms = i64::try_from(UNFINISHED_MAX.as_millis()).unwrap();
    for (age_ms, is_dead) in [(bound_ms, false), (bound_ms + 1, true)] {
        let began = KeyedRequest::new("user:subject-11", key.clone(), digest, UnixMs(NOW.0 - age_ms));
        world.answers.abandon(&began).await.unwrap();
        assert_eq!(world.answers.begin(&began).await.unwrap(), Begun::First);
        let end = world.client(bearer(USER)).send(&post("/v1/jobs", "a").idempotency_key(KEY)).await;
        assert_eq!(end.is_ok(), is_dead, "{age_ms}: {end:?}");
    }
}
