//! Where requests go: redirects, proxies, TLS, nobody there.

use std::net::TcpListener;

use edgecoder_http::client::{Client, ClientOptions, Proxies, Proxy, Request, Secret};
use edgecoder_loopback::http_server::{Act, HttpServer, answer};

use crate::answers::{client, options, send, url};

#[test]
fn nobody_there_is_told_at_once() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send(&client(), &Request::get(url(&format!("http://{place}/")))).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        ("server_unreachable", format!("{place} cannot be reached: nothing listens there"))
    );
    let error = send(&client(), &Request::get(url("http://no-such-host.invalid/"))).unwrap_err();
    assert_eq!(error.code(), "server_unreachable");
}

#[test]
fn a_redirect_stays_with_its_origin() {
    let target = HttpServer::start(|_, _| answer(200, &[], b"elsewhere")).unwrap();
    let elsewhere = format!("{}/there", target.url());
    let server = HttpServer::start(move |request, _| match request.path.as_str() {
        "/here" => answer(302, &[("location", "/found?x")], b""),
        "/found?x" => answer(200, &[], b"found"),
        "/loop" => answer(302, &[("location", "/loop")], b""),
        "/post" => answer(307, &[("location", "/found?x")], b""),
        _ => answer(302, &[("location", &elsewhere)], b""),
    })
    .unwrap();
    let at = |path: &str| url(&format!("{}{path}", server.url()));
    let secret = || Some(Secret::new("sk-secret"));
    assert_eq!(send(&client(), &Request::get(at("/here")).bearer(secret())).unwrap().body, b"found");
    assert_eq!(send(&client(), &Request::get(at("/away"))).unwrap().body, b"elsewhere");
    assert_eq!(send(&client(), &Request::post_json(at("/post"), b"{}".to_vec())).unwrap().body, b"found");
    let before = target.received().len();
    for request in [
        Request::get(at("/away")).bearer(secret()),
        Request::post_json(at("/away"), b"{}".to_vec()),
        Request::get(at("/loop")),
    ] {
        let error = send(&client(), &request).unwrap_err();
        assert_eq!(error.code(), "redirect_refused", "{error}");
        assert_eq!(error.kind(), edgecoder_types::ErrorKind::Forbidden);
    }
    assert_eq!(target.received().len(), before, "nothing went there");
    // From this machine to another: refused before anything is looked up.
    let server = HttpServer::start(|_, _| answer(302, &[("location", "http://192.0.2.1/x")], b"")).unwrap();
    assert_eq!(send(&client(), &Request::get(url(&server.url()))).unwrap_err().code(), "redirect_refused");
}

#[test]
fn tls_is_for_certificates_that_are_trusted() {
    let (server, certificate) = HttpServer::start_tls(|_, _| answer(200, &[], b"secret")).unwrap();
    let request = Request::get(url(&server.url())).bearer(Some(Secret::new("sk-secret")));
    let other = HttpServer::start_tls(|_, _| vec![]).unwrap().1;
    let with = |pem: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let client = Client::new(ClientOptions { ca_file: Some(file.path().to_owned()), ..options() });
        send(&client, &request)
    };
    assert_eq!(with(&certificate).unwrap().body, b"secret");
    let error = with(&other).unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("server_untrusted", false), "{error}");
    assert_eq!(server.received().len(), 1, "the refused one never got a request");
    // A server that speaks no TLS.
    let plain = HttpServer::start(|_, _| vec![Act::text("HTTP/1.1 400 no\r\n\r\n")]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &certificate).unwrap();
    let client = Client::new(ClientOptions { ca_file: Some(file.path().to_owned()), ..options() });
    let error = send(&client, &Request::get(url(&format!("https://{}/", plain.place())))).unwrap_err();
    assert!(["server_untrusted", "server_timed_out"].contains(&error.code()), "{error}");
}

#[test]
fn proxies_carry_what_is_not_loopback() {
    let proxy = HttpServer::start(|request, _| match request.method.as_str() {
        "CONNECT" => vec![Act::text("HTTP/1.1 403 not that way\r\n\r\n")],
        _ => answer(200, &[], b"through the proxy"),
    })
    .unwrap();
    let one = || Some(Proxy::parse(&format!("http://me:pass@{}", proxy.place())).unwrap());
    let proxies = Proxies { http: one(), https: one(), direct: Vec::new() };
    let client = Client::new(ClientOptions { proxies, ..options() });
    let request = Request::get(url("http://192.0.2.1:8080/x"));
    assert_eq!(send(&client, &request).unwrap().body, b"through the proxy");
    let seen = proxy.received().remove(0);
    assert!(
        seen.head().starts_with("GET http://192.0.2.1:8080/x HTTP/1.1\r\nhost: 192.0.2.1:8080\r\n"),
        "{}",
        seen.head()
    );
    assert_eq!(seen.header("proxy-authorization").as_deref(), Some("Basic bWU6cGFzcw=="));
    assert!(!client.wire_head(&request).contains("bWU6"), "{}", client.wire_head(&request));
    let error = send(&client, &Request::get(url("https://192.0.2.1/x"))).unwrap_err();
    assert_eq!(error.code(), "server_unreachable");
    assert!(error.to_string().contains("403 not that way"), "{error}");
    assert!(proxy.received().remove(1).head().starts_with("CONNECT 192.0.2.1:443 HTTP/1.1\r\n"));
    let local = HttpServer::start(|_, _| answer(200, &[], b"direct")).unwrap();
    assert_eq!(send(&client, &Request::get(url(&local.url()))).unwrap().body, b"direct");
}
