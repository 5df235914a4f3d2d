//! From an address to a connection: look up, connect, through a proxy where there is one, and TLS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::proxy::Proxy;
use super::url::Url;
use crate::HttpError;

/// Longest answer of a proxy to `CONNECT`, in bytes.
const PROXY_HEAD_BYTES_MAX: usize = 8 << 10;

/// What HTTP is spoken over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Connects to the address, or to its proxy.
pub(super) async fn connect(
    url: &Url,
    proxy: Option<&Proxy>,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Box<dyn Stream>, HttpError> {
    let mut stream = tcp(proxy.map_or(url, |proxy| &proxy.url)).await?;
    if let Some(proxy) = proxy.filter(|_| url.is_tls()) {
        tunnel(&mut stream, url, proxy).await?;
    }
    let Some(config) = tls else { return Ok(Box::new(stream)) };
    let untrusted = |why: String| HttpError::Untrusted { to: url.host_and_port(), why };
    let name = ServerName::try_from(url.host().to_owned()).map_err(|error| untrusted(error.to_string()))?;
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(untrusted(error.to_string())),
    }
}

async fn tcp(url: &Url) -> Result<TcpStream, HttpError> {
    let unreachable = |why: String| HttpError::Unreachable { to: url.host_and_port(), why };
    let mut failure = None;
    for address in addresses(url).await.map_err(|error| unreachable(error.to_string()))? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Without it a small request may wait for an acknowledgement; where it can't be set, it only waits.
                drop(stream.set_nodelay(true));
                return Ok(stream);
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let reason = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    };
    Err(unreachable(failure.map_or_else(|| "the name has no address".to_owned(), reason)))
}

/// `localhost` is loopback whatever a resolver says.
async fn addresses(url: &Url) -> std::io::Result<Vec<SocketAddr>> {
    let port = url.port();
    if url.host() == "localhost" {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    if let Ok(address) = url.host().parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    Ok(tokio::net::lookup_host((url.host(), port)).await?.collect())
}

/// Asks a proxy for a connection that it does not look into.
async fn tunnel(stream: &mut TcpStream, url: &Url, proxy: &Proxy) -> Result<(), HttpError> {
    let wrong = |why: String| HttpError::Unreachable { to: url.host_and_port(), why };
    let target = url.host_and_port();
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n");
    if let Some(credentials) = &proxy.credentials {
        head.extend(["proxy-authorization: ", credentials.expose(), "\r\n"]);
    }
    head.push_str("\r\n");
    let place = proxy.place();
    let lost = |error: std::io::Error| wrong(format!("the proxy {place}: {error}"));
    stream.write_all(head.as_bytes()).await.map_err(lost)?;
    let mut answer = Vec::new();
    // One byte at a time: what follows the empty line is the server's.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= PROXY_HEAD_BYTES_MAX {
            return Err(wrong(format!("the proxy {place} answers without end")));
        }
        answer.push(stream.read_u8().await.map_err(lost)?);
    }
    let line = String::from_utf8_lossy(answer.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).unwrap_or_default();
    if status.starts_with('2') { Ok(()) } else { Err(wrong(format!("the proxy {place} refuses: {line}"))) }
}
