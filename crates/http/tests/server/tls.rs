//! A certificate of our own making, and clients that pin it.

use std::time::{Duration, Instant};

use edgecoder_http::Pin;
use edgecoder_http::client::service::{Call, Credentials, ServiceClient};
use edgecoder_http::client::{Client, ClientOptions, Request, Url};
use edgecoder_http::server::{Lifecycle, ListenOptions, TlsIdentity};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::support::{NODE, Said, World, client_options, key, post, start_with};

async fn world(identity: &TlsIdentity) -> World {
    let listen = ListenOptions { handshake_wait: Duration::from_millis(300), ..ListenOptions::default() };
    start_with(Some(identity), listen).await
}

fn client(world: &World, pin: Option<Pin>) -> ServiceClient {
    let mut options = client_options(&format!("https://{}", world.address), Credentials::Node(key(NODE)));
    options.pin = pin;
    ServiceClient::new(options).unwrap()
}

#[tokio::test]
async fn the_pinned_certificate_is_trusted_and_no_other() {
    let (identity, other) =
        (TlsIdentity::generate(&["localhost"]).unwrap(), TlsIdentity::generate(&["127.0.0.1"]).unwrap());
    let world = world(&identity).await;
    let said: Said = client(&world, Some(identity.pin())).json(&post("/v1/tasks/claim", "a")).await.unwrap();
    assert!(said.said.ends_with(" a"));
    let error = client(&world, Some(other.pin())).send(&Call::get("/v1/me")).await.unwrap_err();
    assert_eq!(error.code(), "server_untrusted");
    let words = format!("its certificate has the pin {}, not {}", identity.pin(), other.pin());
    assert!(error.to_string().contains(&words), "{error}");
    let unpinned = client(&world, None).send(&Call::get("/v1/me")).await.unwrap_err();
    assert_eq!(unpinned.code(), "server_untrusted");
    // Nothing of a request went to a server that wasn't trusted.
    assert_eq!(world.log.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_blocking_client_pins_as_well() {
    let identity = TlsIdentity::generate(&["localhost"]).unwrap();
    let world = world(&identity).await;
    let url = Url::parse(&format!("https://{}/healthz", world.address)).unwrap();
    let ask = move |pin| {
        let client = Client::new(ClientOptions { pin: Some(pin), ..ClientOptions::default() });
        client.send(&Request::get(url.clone()), 1_000, &|| false).map(|answer| answer.head.status)
    };
    let (right, wrong) = tokio::task::spawn_blocking(move || (ask(identity.pin()), ask(Pin::of(b"x")))).await.unwrap();
    assert_eq!((right, wrong.unwrap_err().code()), (Ok(200), "server_untrusted"));
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut_off() {
    let world = world(&TlsIdentity::generate(&["localhost"]).unwrap()).await;
    let begin = Instant::now();
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut answer)).await;
    assert!(closed.is_ok() && begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    let lifecycle: Lifecycle = world.lifecycle.clone();
    assert!(!lifecycle.is_draining());
}
