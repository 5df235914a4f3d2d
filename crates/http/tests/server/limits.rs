//! Requests that are too large, too slow, wrongly addressed or wrongly made; and what every service answers.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{BODY_BYTES_MAX, problem, start, start_with, status, token};
use edgecoder_http::server::ListenOptions;

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_body_says_where_it_is_wrong() {
    let world = start().await;
    let rows = [
        ("{\"text\": \"a\",\n \"count\": }", "json_invalid", Some((2, 11)), "expected value at line 2 column 11"),
        (
            "{\"text\": \"a\", \"cuont\": 1}",
            "json_invalid",
            Some((1, 21)),
            "unknown field `cuont`, expected `text` or `count`",
        ),
        ("{\"count\": 1}", "json_invalid", Some((1, 12)), "missing field `text`"),
        ("{\"text\": 7}", "json_invalid", Some((1, 10)), "invalid type: integer `7`, expected a string"),
        ("", "json_invalid", Some((1, 0)), "EOF while parsing a value"),
        ("{} {}", "json_invalid", None, ""),
    ];
    for (body, code, place, words) in rows {
        let answer = world.post("/v1/echo", JSON, body).await;
        let problem = problem(&answer);
        assert_eq!((status(&answer), problem.status, problem.code.as_str()), (400, 400, code), "{body}");
        assert!(problem.detail.as_deref().unwrap_or_default().starts_with(words), "{problem:?}");
        if place.is_some() {
            assert_eq!(problem.place.map(|place| (place.line, place.column)), place, "{body}");
        }
    }
    let good = world.post("/v1/echo", "content-type: application/json; charset=utf-8\r\n", "{\"text\":\"a\"}").await;
    assert_eq!(status(&good), 200);
    for wrong in ["content-type: text/plain\r\n", "", "content-type: application/jsonx\r\n"] {
        let answer = world.post("/v1/echo", wrong, "{\"text\":\"a\"}").await;
        assert_eq!((status(&answer), problem(&answer).code.as_str()), (415, "media_type_unsupported"));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let world = start().await;
    // By its length: nothing of it has to come.
    let fields = format!("{JSON}content-length: {}\r\n", BODY_BYTES_MAX + 1);
    let answer = world.ask("POST /v1/echo", &fields, "").await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (413, "body_too_large"));
    // In chunks, without a length.
    let chunk = format!("{:x}\r\n{}\r\n", 1_024, "a".repeat(1_024));
    let answer = world.ask("POST /v1/echo", &format!("{JSON}transfer-encoding: chunked\r\n"), &chunk.repeat(5)).await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (413, "body_too_large"));
    let fits = format!("{{\"text\":\"{}\"}}", "a".repeat(BODY_BYTES_MAX - 11));
    assert_eq!(fits.len(), BODY_BYTES_MAX);
    assert_eq!(status(&world.post("/v1/echo", JSON, &fits).await), 200);
}

#[tokio::test]
async fn a_slow_sender_is_cut_off() {
    let world = start().await;
    // A head of which a piece comes now and then.
    let begin = Instant::now();
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"GET /v1/hello HTTP/1.1\r\n").await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let dripping = tokio::spawn(async move {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if writer.write_all(b"x: y\r\n").await.is_err() {
                break;
            }
        }
    });
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(15), reader.read_to_end(&mut answer)).await;
    assert!(closed.is_ok(), "the connection stays open");
    assert!(begin.elapsed() < Duration::from_secs(9), "the bytes that drip in must not buy time");
    dripping.abort();
    // A body that does not come.
    let answer = world.ask("POST /v1/echo", &format!("{JSON}content-length: 20\r\n"), "{\"text\":").await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (408, "body_too_slow"));
    // The service has time for others.
    assert_eq!(status(&world.ask("GET /v1/hello", "", "").await), 200);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let world = start().await;
    let many: String = (0..70).map(|number| format!("x-{number}: 1\r\n")).collect();
    for fields in [many, format!("x: {}\r\n", "a".repeat(33_000))] {
        let answer = world.ask("GET /v1/hello", &fields, "").await;
        assert_eq!(status(&answer), 431, "{} bytes: {answer}", fields.len());
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let listen = ListenOptions { connections: 1, head_wait: Duration::from_millis(400), ..ListenOptions::default() };
    let world = start_with(None, listen).await;
    let idle = TcpStream::connect(world.address).await.unwrap();
    let begin = Instant::now();
    // The idle one is closed when its time is over, and the next one is accepted.
    assert_eq!(status(&world.ask("GET /v1/hello", "", "").await), 200);
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
    drop(idle);
}

#[tokio::test]
async fn a_name_that_leads_here_by_a_trick_is_refused() {
    let world = start().await;
    let port = world.address.port();
    let get = |host: &str| format!("GET /v1/hello HTTP/1.1\r\n{host}connection: close\r\n\r\n");
    for host in
        [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("LOCALHOST:{port}"), format!("[::1]:{port}")]
    {
        assert_eq!(status(&world.raw(get(&format!("host: {host}\r\n"))).await), 200, "{host}");
    }
    let good = format!("host: 127.0.0.1:{port}\r\n");
    for wrong in [
        format!("host: attacker.example:{port}\r\n"),
        "host: 127.0.0.1\r\n".to_owned(),
        format!("host: 127.0.0.1.attacker.example:{port}\r\n"),
        format!("host: 127.0.0.1:{port}\r\nhost: attacker.example\r\n"),
        String::new(),
    ] {
        let answer = world.raw(get(&wrong)).await;
        assert!(matches!(status(&answer), 421 | 400), "{wrong:?}: {answer}");
    }
    let absolute = format!("GET http://attacker.example/v1/hello HTTP/1.1\r\n{good}connection: close\r\n\r\n");
    assert_eq!(problem(&world.raw(absolute).await).code, "host_refused");
    let own = world.raw(get(&format!("{good}origin: http://127.0.0.1:{port}\r\n"))).await;
    assert_eq!(status(&own), 200);
    for origin in ["https://attacker.example", "null", &format!("https://127.0.0.1:{port}"), "http://127.0.0.1"] {
        let answer = world.raw(get(&format!("{good}origin: {origin}\r\n"))).await;
        assert_eq!((status(&answer), problem(&answer).code.as_str()), (403, "origin_refused"), "{origin}");
    }
}

#[tokio::test]
async fn unknown_places_are_problems_too() {
    let world = start().await;
    let answer = world.ask("GET /v1/nothing?token=s3cret", "", "").await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (404, "route_not_found"));
    let answer = world.ask("DELETE /v1/hello", "", "").await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (405, "method_not_allowed"));
    let operator = format!("authorization: Bearer {}\r\n", token(crate::support::OPERATOR).expose());
    let answer = world.ask("DELETE /v1/nodes/x", &operator, "").await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (400, "parameter_invalid"));
    let answer = world.ask("GET /v1/wait?wiat=3", &operator, "").await;
    assert_eq!(problem(&answer).detail.as_deref(), Some("the query has no parameter wiat: wait"));
}

#[tokio::test]
async fn one_trace_id_is_in_the_answer_the_problem_and_the_log_and_no_secret_is() {
    let world = start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let secret = token(77);
    let fields = format!(
        "traceparent: 00-{trace}-00f067aa0ba902b7-01\r\nauthorization: Bearer {}\r\ncookie: {}\r\n",
        secret.expose(),
        secret.expose()
    );
    let answer = world.ask(&format!("GET /v1/wait?token={}", secret.expose()), &fields, "").await;
    assert!(answer.contains(&format!("trace-id: {trace}\r\n")), "{answer}");
    assert_eq!(problem(&answer).trace_id.as_deref(), Some(trace));
    assert!(answer.contains("date: Fri, 15 Jan 2027 08:00:00 GMT\r\n"), "{answer}");
    let record = world.log.0.lock().unwrap().last().unwrap().clone();
    assert_eq!((record.trace_id.as_str(), record.route, record.status), (trace, "/v1/wait", 401));
    assert_eq!(record.code.as_deref(), Some("auth_failed"));
    let line = serde_json::to_string(&record).unwrap();
    assert!(!line.contains(&secret.expose()[4..20]), "{line}");
    // Without one there is a new one each time.
    let ids = [world.ask("GET /v1/hello", "", "").await, world.ask("GET /v1/hello", "", "").await]
        .map(|answer| answer.split_once("trace-id: ").unwrap().1[..32].to_owned());
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn every_service_says_how_it_is() {
    let world = start().await;
    assert!(world.ask("GET /healthz", "", "").await.ends_with("{\"status\":\"alive\"}"));
    assert!(world.ask("GET /readyz", "", "").await.ends_with("{\"status\":\"ready\"}"));
    world.app.is_ready.store(0, Ordering::SeqCst);
    let answer = world.ask("GET /readyz", "", "").await;
    assert_eq!((status(&answer), problem(&answer).code.as_str()), (503, "store_unavailable"));
    assert!(answer.contains("retry-after: 1\r\n") && !answer.contains("the disk is gone"), "{answer}");
    assert_eq!(world.log.0.lock().unwrap().last().unwrap().reason.as_deref(), Some("store: the disk is gone"));
    world.app.is_ready.store(1, Ordering::SeqCst);
    world.metrics.gauge("edgecoder_queue", "Tasks.", &[], 7);
    let metrics = world.ask("GET /metrics", "", "").await;
    for line in [
        "edgecoder_queue 7\n",
        "edgecoder_http_requests_total{route=\"/readyz\",method=\"GET\",status=\"200\"} 1\n",
        "edgecoder_http_requests_total{route=\"/readyz\",method=\"GET\",status=\"503\"} 1\n",
        "edgecoder_http_request_seconds_count{route=\"/healthz\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[tokio::test]
async fn the_description_has_every_route() {
    let world = start().await;
    let answer = world.ask("GET /openapi.json", "", "").await;
    let document: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for route in &world.table {
        let operation = &document["paths"][route.path][route.verb.as_str().to_lowercase()];
        assert_eq!(operation["summary"], route.summary, "{}", route.path);
        assert_eq!(operation["x-policy"], route.policy.name());
    }
    let job = &document["paths"]["/v1/jobs"]["post"];
    let schema = &job["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], serde_json::json!(["text"]));
    assert_eq!(schema["additionalProperties"], serde_json::json!(false));
    assert_eq!(job["security"], serde_json::json!([{"token": ["jobs"]}]));
    assert_eq!(job["parameters"][0]["name"], "Idempotency-Key");
    let events = &document["paths"]["/v1/jobs/{id}/events"]["get"];
    assert_eq!(events["parameters"][0]["name"], "id");
}
