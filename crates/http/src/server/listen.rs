//! Sockets: a bounded number of connections, each with bounds for its handshake and its heads, and their orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::service::Service;

/// Largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Most fields of a request.
const FIELDS_MAX: usize = 64;
/// How long to rest when the system gives no connection, as without descriptors.
const REST: Duration = Duration::from_millis(50);

/// Bounds of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// For a TLS handshake.
    pub handshake_wait: Duration,
    /// For the head of a request, from when the last one ended: slow senders and idle connections are closed then.
    pub head_wait: Duration,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { connections: 4_096, handshake_wait: Duration::from_secs(10), head_wait: Duration::from_secs(30) }
    }
}

/// A bound socket. It is bound before the service is built, which has to know its port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    address: SocketAddr,
}

impl Listener {
    /// Binds. Port 0 takes any that is free.
    ///
    /// # Errors
    /// The system's.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, tls, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections until the service goes down. Those that are open then are waited for by
    /// [`super::lifecycle::Lifecycle::drain`].
    pub async fn serve(self, service: Service, options: ListenOptions) {
        let room = Arc::new(Semaphore::new(options.connections));
        let lifecycle = service.lifecycle.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = lifecycle.draining() => return,
                accepted = accept(&self.socket, &room) => accepted,
            };
            let Ok((stream, permit)) = accepted else {
                tokio::time::sleep(REST).await;
                continue;
            };
            service.metrics.count("edgecoder_http_connections_total", "Connections that were accepted.", &[], 1);
            let (service, tls) = (service.clone(), self.tls.clone());
            lifecycle.spawn(async move {
                connection(stream, tls, service, options).await;
                drop(permit);
            });
        }
    }
}

type Accepted = (TcpStream, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<Accepted> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // A small answer would wait for an acknowledgement; where it can't be set, it only waits.
    drop(stream.set_nodelay(true));
    Ok((stream, permit))
}

async fn connection(stream: TcpStream, tls: Option<Arc<ServerConfig>>, service: Service, options: ListenOptions) {
    let Some(config) = tls else { return requests(stream, service, options).await };
    let shaking = tokio::time::timeout(options.handshake_wait, TlsAcceptor::from(config).accept(stream));
    let stopped = service.lifecycle.clone();
    let shaken = tokio::select! {
        () = stopped.draining() => return,
        shaken = shaking => shaken,
    };
    if let Ok(Ok(stream)) = shaken {
        requests(stream, service, options).await;
    }
}

/// Speaks HTTP/1.1 until the other side is done, is too slow, or the service goes down: then the request that is under way is
/// still answered, and at the hard signal not even that.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: Service,
    options: ListenOptions,
) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_wait)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(FIELDS_MAX);
    let lifecycle = service.lifecycle;
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.router));
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        // What is wrong with one connection is nobody else's concern.
        _ = serving.as_mut() => return,
        () = lifecycle.draining() => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = serving => {}
        () = lifecycle.stopped() => {}
    }
}
