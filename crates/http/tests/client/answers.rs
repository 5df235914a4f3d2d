//! Whole answers, broken ones, slow ones, and repeating.

use std::time::{Duration, Instant};

use edgecoder_http::HttpError;
use edgecoder_http::client::{
    Answer, Client, ClientOptions, Flow, REDACTED, Request, RetryPolicy, Secret, Step, Timeouts, Url,
};
use edgecoder_loopback::http_server::{Act, HttpServer, answer, chunk, head, json};

const HOUR: Duration = Duration::from_hours(1);

/// A client without patience.
pub(crate) fn client() -> Client {
    Client::new(options())
}

pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_millis(400),
            between_bytes: Duration::from_millis(400),
        },
        retry: RetryPolicy { first_wait: Duration::from_millis(10), ..RetryPolicy::default() },
        ..ClientOptions::default()
    }
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub(crate) fn send(client: &Client, request: &Request) -> Result<Answer, HttpError> {
    client.send(request, 1 << 20, &|| false)
}

#[test]
fn the_bytes_that_are_shown_are_the_bytes_that_are_sent() {
    let server = HttpServer::start(|_, _| json(200, &serde_json::json!({"ok": true}))).unwrap();
    let request = Request::post_json(url(&format!("{}/v1/x?y=1", server.url())), b"{\"a\":1}".to_vec())
        .header("accept", "text/event-stream")
        .bearer(Some(Secret::new("sk-secret")));
    let client = client();
    let answer = send(&client, &request).unwrap();
    assert_eq!((answer.head.status, answer.body.as_slice()), (200, &b"{\"ok\":true}"[..]));
    assert_eq!(answer.head.get("content-type"), Some("application/json"));
    let shown = client.wire_head(&request);
    assert!(shown.contains(REDACTED) && !shown.contains("sk-secret"), "{shown}");
    let sent = server.received().remove(0);
    assert_eq!(sent.head(), shown.replace(REDACTED, "Bearer sk-secret"));
    assert_eq!(sent.body, request.body());
    // A request without a body has none of its headers.
    let get = Request::get(url(&server.url()));
    send(&client, &get).unwrap();
    assert_eq!(String::from_utf8(server.received().remove(1).raw).unwrap(), client.wire_head(&get));
}

/// Whoever has all that it wants is not told that the rest broke off: whether that was under way already is luck.
#[test]
fn nothing_follows_when_a_request_was_dropped() {
    let short = [head(200, &[("content-length", "900")]), b"all that is wanted".to_vec()].concat();
    let server = HttpServer::start(move |_, _| vec![Act::Send(short.clone())]).unwrap();
    let request = Request::get(url(&server.url()));
    for _ in 0..200 {
        let mut is_dropped = false;
        let ends = client().exchange(std::slice::from_ref(&request), 1 << 20, &mut |_, step| {
            let is_tick = matches!(step, Step::Tick);
            assert!(is_tick || !is_dropped, "{step:?} after it was dropped");
            is_dropped |= matches!(step, Step::Bytes(_));
            if is_dropped && !is_tick { Flow::Drop } else { Flow::Continue }
        });
        assert_eq!(ends.unwrap(), [Err(HttpError::Cancelled)]);
        assert!(is_dropped);
    }
}

#[test]
fn chunks_come_as_they_are_sent() {
    let server = HttpServer::start(|_, _| {
        let begin = Act::Send(head(200, &[("transfer-encoding", "chunked")]));
        vec![begin, chunk("one "), Act::Wait(Duration::from_millis(50)), chunk("two"), chunk("")]
    })
    .unwrap();
    let mut pieces = Vec::new();
    let request = Request::get(url(&server.url()));
    let ends = client().exchange(&[request], 100, &mut |_, step| {
        if let Step::Bytes(bytes) = step {
            pieces.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
        Flow::Continue
    });
    assert!(matches!(ends.unwrap()[..], [Ok(())]));
    assert_eq!(pieces, ["one ", "two"]);
}

#[test]
fn broken_answers_are_errors_and_never_short_ones() {
    let length = |bytes: usize| ("content-length".to_owned(), bytes.to_string());
    let with =
        |(name, value): (String, String), body: &str| vec![Act::Send(head(200, &[(&name, &value)])), Act::text(body)];
    let chunked = || Act::Send(head(200, &[("transfer-encoding", "chunked")]));
    let rows: Vec<(Vec<Act>, &str)> = vec![
        (with(length(10), "123"), "answer_cut"),
        (vec![chunked(), chunk("abc")], "answer_cut"),
        (vec![chunked(), Act::text("zz\r\n")], "answer_malformed"),
        (vec![], "answer_cut"),
        (vec![Act::text("HTTP/1.1 200 OK\r\ncontent-")], "answer_cut"),
        (vec![Act::text("SSH-2.0-OpenSSH\r\n\r\n")], "answer_malformed"),
        (vec![Act::text("HTTP/1.1 2000 OK\r\n\r\n")], "answer_malformed"),
        (vec![Act::text(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200_000)))], "answer_malformed"),
        (answer(200, &[("content-encoding", "gzip")], b"x"), "answer_malformed"),
        (answer(200, &[], &vec![b'x'; 1 << 21]), "answer_too_large"),
        (vec![Act::Wait(HOUR)], "server_timed_out"),
        (vec![chunked(), chunk("abc"), Act::Wait(HOUR)], "server_timed_out"),
        (answer(404, &[], b"no such model"), "server_refused"),
        (answer(303, &[("location", "http://192.0.2.1/")], b""), "redirect_refused"),
    ];
    for (acts, code) in rows {
        let shown = format!("{acts:.60?}");
        let server = HttpServer::start(move |_, _| acts.clone()).unwrap();
        // Not repeatable, so that each is seen once.
        let request = Request::post_json(url(&server.url()), b"{}".to_vec());
        let error = send(&client(), &request).unwrap_err();
        assert_eq!(error.code(), code, "{shown}: {error}");
        assert_eq!(server.received().len(), 1, "{shown}");
        assert!(error.to_string().contains(&server.place()), "{error}");
    }
}

#[test]
fn passing_faults_are_waited_out_only_where_repeating_is_safe() {
    let start = || {
        HttpServer::start(|_, number| match number {
            0 => answer(429, &[("retry-after", "1")], b"slow down"),
            1 => answer(500, &[], b"oops"),
            2 => vec![],
            _ => answer(200, &[], b"done"),
        })
        .unwrap()
    };
    let server = start();
    let began = Instant::now();
    let request = Request::post_json(url(&server.url()), b"{}".to_vec()).repeatable();
    let mut attempts = Vec::new();
    let ends = client().exchange(&[request], 100, &mut |_, step| {
        if let Step::Attempt(number) = step {
            attempts.push(number);
        }
        Flow::Continue
    });
    assert!(matches!(ends.unwrap()[..], [Ok(())]));
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After is honoured");
    let server = start();
    let once = Request::post_json(url(&server.url()), b"{}".to_vec());
    let error = send(&client(), &once).unwrap_err();
    assert!(matches!(error, HttpError::Status { status: 429, retry_after: Some(_), .. }), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn repeating_has_an_end_and_long_waits_are_told() {
    let server = HttpServer::start(|_, _| answer(503, &[], b"")).unwrap();
    let error = send(&client(), &Request::get(url(&server.url()))).unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("503"), "{error}");
    assert_eq!(server.received().len(), 4);
    let server = HttpServer::start(|_, _| answer(429, &[("retry-after", "3600")], b"")).unwrap();
    let error = send(&client(), &Request::get(url(&server.url()))).unwrap_err();
    assert!(matches!(error, HttpError::Status { retry_after: Some(HOUR), .. }), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[test]
fn keys_are_hidden_in_what_servers_say() {
    let server = HttpServer::start(|_, _| answer(401, &[], b"bad key sk-secret, go away\x1b[2J")).unwrap();
    let request = Request::get(url(&server.url())).bearer(Some(Secret::new("sk-secret")));
    let error = send(&client(), &request).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains(REDACTED) && !text.contains("sk-secret") && !error.to_string().contains('\u{1b}'), "{text}");
    assert_eq!(error.kind(), edgecoder_types::ErrorKind::Unauthenticated);
}

#[test]
fn stopping_closes_every_connection_at_once() {
    let waits: Vec<(&str, Vec<Act>)> = vec![
        ("before the answer", vec![Act::Wait(HOUR)]),
        ("within it", vec![Act::Send(head(200, &[])), Act::text("x"), Act::Wait(HOUR)]),
        ("between attempts", answer(503, &[("retry-after", "50")], b"")),
    ];
    for (place, acts) in waits {
        let server = HttpServer::start(move |_, _| acts.clone()).unwrap();
        let patient = Client::new(ClientOptions::default());
        let requests = vec![Request::get(url(&server.url())); 4];
        let began = Instant::now();
        let ends = patient.exchange(&requests, 100, &mut |_, step| match step {
            Step::Tick if server.received().len() == 4 && began.elapsed().as_millis() > 300 => Flow::Stop,
            _ => Flow::Continue,
        });
        let took = began.elapsed();
        assert!(ends.unwrap().iter().all(|end| matches!(end, Err(HttpError::Cancelled))), "{place}");
        assert!(took < Duration::from_millis(1_500), "{place}: {took:?}");
        assert!(server.closes_within(Duration::from_millis(500)), "{place}");
    }
}

#[test]
fn one_request_can_be_dropped_and_a_stop_ends_all() {
    let server = HttpServer::start(|request, _| match request.path.as_str() {
        "/slow" => vec![Act::Wait(HOUR)],
        _ => answer(200, &[], b"quick"),
    })
    .unwrap();
    let request = |path: &str| Request::get(url(&format!("{}{path}", server.url())));
    let requests = [request("/slow"), request("/quick")];
    let patient = Client::new(ClientOptions::default());
    let ends = patient.exchange(&requests, 100, &mut |index, step| match step {
        Step::End(None) if index == 1 => Flow::Stop,
        _ => Flow::Continue,
    });
    assert!(matches!(ends.unwrap()[..], [Err(HttpError::Cancelled), Ok(())]));
    // Refused at the attempt: nothing of it leaves.
    let before = server.received().len();
    let ends = patient.exchange(&[request("/quick")], 100, &mut |_, step| match step {
        Step::Attempt(_) => Flow::Drop,
        _ => Flow::Continue,
    });
    assert!(matches!(ends.unwrap()[..], [Err(HttpError::Cancelled)]));
    assert_eq!(server.received().len(), before);
}
