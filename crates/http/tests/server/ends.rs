//! Requests that wait, streams that are resumed, and the end of a service.

use std::time::{Duration, Instant};

use edgecoder_http::client::service::{Call, CallError};
use edgecoder_http::server::Drained;
use edgecoder_http::server::waiting::Event;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Said, USER, World, bearer, post, start, token};

fn push(world: &World, id: u64, name: &'static str, data: &str) {
    world.app.events.lock().unwrap().push(Event { id, name, data: data.to_owned() });
    world.app.wakeup.wake();
}

#[tokio::test]
async fn a_long_poll_is_answered_when_something_happens() {
    let world = start().await;
    let client = world.client(bearer(USER));
    let polling = tokio::spawn(async move {
        let call = Call::get("/v1/wait?wait=50").wait(Duration::from_secs(50));
        (client.json::<Said>(&call).await.unwrap().said, Instant::now())
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!polling.is_finished());
    let pushed = Instant::now();
    push(&world, 1, "job", "queued");
    let (said, answered) = polling.await.unwrap();
    assert_eq!(said, "queued");
    assert!(answered - pushed < Duration::from_secs(4), "woken, not looked up by chance");
}

#[tokio::test]
async fn a_drain_ends_long_polls_finishes_what_runs_and_takes_nothing_new() {
    let world = start().await;
    let (polls, works) = (world.client(bearer(USER)), world.client(bearer(USER)));
    let polling = tokio::spawn(async move {
        polls.json::<Said>(&Call::get("/v1/wait?wait=50").wait(Duration::from_secs(50))).await.unwrap().said
    });
    let working = tokio::spawn(async move { works.json::<Said>(&post("/v1/jobs", "slow")).await.unwrap().said });
    world.app.begun.notified().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    let lifecycle = world.lifecycle.clone();
    let draining = tokio::spawn(async move { lifecycle.drain(Duration::from_secs(30)).await });
    assert_eq!(polling.await.unwrap(), "nothing");
    assert!(begin.elapsed() < Duration::from_secs(10), "the poll ends with the drain");
    assert!(!draining.is_finished(), "what runs is waited for");
    assert!(TcpStream::connect(world.address).await.is_err(), "nobody listens any more");
    world.app.go_on.notify_one();
    assert_eq!(working.await.unwrap(), "subject-11 1");
    assert_eq!(draining.await.unwrap(), Drained::Whole);
}

#[tokio::test]
async fn a_drain_has_a_deadline() {
    let world = start().await;
    let client = world.client(bearer(USER));
    let working = tokio::spawn(async move { client.json::<Said>(&post("/v1/jobs", "slow")).await });
    world.app.begun.notified().await;
    let Drained::Forced { tasks } = world.lifecycle.drain(Duration::from_millis(100)).await else {
        panic!("it can't have ended by itself")
    };
    assert!(tasks >= 1);
    let end = tokio::time::timeout(Duration::from_secs(10), working).await.unwrap().unwrap();
    assert!(matches!(end, Err(CallError::Http(_))), "{end:?}");
}

/// A reader of a stream.
struct Reader(TcpStream, String);

impl Reader {
    async fn open(world: &World, last: Option<u64>) -> Self {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        let last = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /v1/jobs/7/events HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n{last}\r\n",
            world.address,
            token(USER).expose()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Self(stream, String::new())
    }

    /// Reads until the text is there.
    async fn until(&mut self, text: &str) {
        let reading = async {
            while !self.1.contains(text) {
                let mut buffer = [0; 4_096];
                let count = self.0.read(&mut buffer).await.unwrap();
                assert!(count > 0, "the stream ended without {text:?}: {}", self.1);
                self.1.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap();
    }

    async fn end(mut self) -> String {
        let mut rest = String::new();
        tokio::time::timeout(Duration::from_secs(20), self.0.read_to_string(&mut rest)).await.unwrap().unwrap();
        self.1 + &rest
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_its_reader_left_off() {
    let world = start().await;
    push(&world, 1, "job", "one");
    let mut first = Reader::open(&world, None).await;
    first.until("id: 1\nevent: job\ndata: one\n\n").await;
    assert!(first.1.contains("content-type: text/event-stream\r\n"), "{}", first.1);
    push(&world, 2, "job", "two\nlines");
    first.until("id: 2\nevent: job\ndata: two\ndata: lines\n\n").await;
    first.until(": alive\n\n").await;
    drop(first);
    push(&world, 3, "job", "three");
    let mut second = Reader::open(&world, Some(2)).await;
    second.until("data: three\n\n").await;
    assert!(!second.1.contains("data: one") && !second.1.contains("data: two"), "{}", second.1);
    push(&world, 4, "end", "done");
    assert!(second.end().await.contains("id: 4\nevent: end\ndata: done\n\n"));
    let wrong = world
        .ask(
            "GET /v1/jobs/7/events",
            &format!("authorization: Bearer {}\r\nlast-event-id: x\r\n", token(USER).expose()),
            "",
        )
        .await;
    assert_eq!(crate::support::problem(&wrong).code, "parameter_invalid");
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_service() {
    let world = start().await;
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = Reader::open(&world, None).await;
        reader.until(": hello\n\n").await;
        readers.push(reader);
    }
    let mut fifth = Reader::open(&world, None).await;
    fifth.until("service_busy").await;
    // A reader that goes away makes room.
    drop(readers.pop());
    let mut sixth = Reader::open(&world, None).await;
    for _ in 0..200 {
        sixth.until("\r\n\r\n").await;
        if sixth.1.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        sixth = Reader::open(&world, None).await;
    }
    sixth.until(": hello\n\n").await;
    assert_eq!(world.lifecycle.drain(Duration::from_secs(30)).await, Drained::Whole);
    for reader in readers {
        reader.end().await;
    }
}
