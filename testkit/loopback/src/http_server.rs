//! A server on loopback that does what a test says, byte by byte: half answers, long silences, wrong lengths.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How often a silence is interrupted to look whether the other side is still there.
const LOOK: Duration = Duration::from_millis(5);
/// Longest wait for a whole request.
const REQUEST_WAIT: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Every byte.
    pub raw: Vec<u8>,
    /// Its method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Received {
    /// The bytes before the body.
    pub fn head(&self) -> String {
        let end = self.raw.len() - self.body.len();
        String::from_utf8_lossy(self.raw.get(..end).unwrap_or_default()).into_owned()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        self.head().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// One thing that the server does with a connection. After the last one it closes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Is silent, unless the other side goes away.
    Wait(Duration),
}

impl Act {
    /// Sends text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Send(text.into().into_bytes())
    }
}

/// A whole answer.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<Act> {
    let mut bytes = head(status, headers);
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    vec![Act::Send(bytes)]
}

/// A whole answer with JSON.
pub fn json(status: u16, value: &serde_json::Value) -> Vec<Act> {
    answer(status, &[("content-type", "application/json")], value.to_string().as_bytes())
}

/// First line and headers; a body without a length may follow.
pub fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Status\r\n{lines}\r\n").into_bytes()
}

/// A piece of a body in chunks; an empty one ends it.
pub fn chunk(text: &str) -> Act {
    Act::text(format!("{:x}\r\n{text}\r\n", text.len()))
}

type Handler = dyn Fn(&Received, usize) -> Vec<Act> + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    received: Mutex<Vec<Received>>,
    open: AtomicUsize,
    stop: AtomicBool,
    tls: Option<Arc<ServerConfig>>,
}

/// The server. Ends when it is dropped.
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl HttpServer {
    /// Listens on a free port of loopback. The handler is given each request and its number, from 0.
    ///
    /// # Errors
    /// The system gives no port.
    pub fn start(handler: impl Fn(&Received, usize) -> Vec<Act> + Send + Sync + 'static) -> std::io::Result<Self> {
        Self::listen(None, Box::new(handler))
    }

    /// As [`HttpServer::start`], with TLS and a certificate for `localhost` that nobody signed; its PEM text is returned, too.
    ///
    /// # Errors
    /// Also when no certificate can be made.
    pub fn start_tls(
        handler: impl Fn(&Received, usize) -> Vec<Act> + Send + Sync + 'static,
    ) -> std::io::Result<(Self, String)> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let made = made.map_err(std::io::Error::other)?;
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder
            .map_err(std::io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .map_err(std::io::Error::other)?;
        Ok((Self::listen(Some(Arc::new(config)), Box::new(handler))?, made.cert.pem()))
    }

    fn listen(tls: Option<Arc<ServerConfig>>, handler: Box<Handler>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            handler,
            received: Mutex::default(),
            open: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            tls,
        });
        let for_thread = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || accept(&listener, &for_thread));
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// `127.0.0.1:port`.
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    /// Its address, with `http` or `https`.
    pub fn url(&self) -> String {
        format!("http{}://{}", if self.shared.tls.is_some() { "s" } else { "" }, self.address)
    }

    /// Every request so far, in the order in which they were whole.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Waits until no connection is open. False when that takes longer than `at_most`.
    pub fn closes_within(&self, at_most: Duration) -> bool {
        let start = Instant::now();
        while self.open() > 0 {
            if start.elapsed() > at_most {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.accepting.take() {
            drop(thread.join());
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        shared.open.fetch_add(1, Ordering::SeqCst);
        threads.push(std::thread::spawn(move || {
            // What a test makes of a broken connection is the client's error, not ours.
            drop(serve(stream, &shared));
            shared.open.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    for thread in threads {
        drop(thread.join());
    }
}

enum Connection {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Connection {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(bytes),
            Self::Tls(stream) => stream.read(bytes),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(REQUEST_WAIT))?;
    let mut connection = match &shared.tls {
        None => Connection::Plain(stream),
        Some(config) => {
            let tls = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
            Connection::Tls(Box::new(StreamOwned::new(tls, stream)))
        }
    };
    let request = read_request(&mut connection)?;
    let number = {
        let mut received = shared.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.push(request.clone());
        received.len() - 1
    };
    for act in (shared.handler)(&request, number) {
        match act {
            Act::Send(bytes) => connection.send(&bytes)?,
            Act::Wait(time) => {
                if !wait(connection.tcp(), time, &shared.stop)? {
                    return Ok(());
                }
            }
        }
    }
    if let Connection::Tls(stream) = &mut connection {
        stream.conn.send_close_notify();
        stream.flush()?;
    }
    Ok(())
}

/// False when the other side went away, or the test is over.
fn wait(stream: &TcpStream, time: Duration, stop: &AtomicBool) -> std::io::Result<bool> {
    let start = Instant::now();
    stream.set_read_timeout(Some(LOOK))?;
    while start.elapsed() < time {
        match stream.peek(&mut [0]) {
            Ok(0) => return Ok(false),
            Ok(_) => std::thread::sleep(LOOK),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => return Ok(false),
        }
        if stop.load(Ordering::SeqCst) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_request(connection: &mut Connection) -> std::io::Result<Received> {
    let mut raw = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let mut more = |raw: &mut Vec<u8>| -> std::io::Result<()> {
        let count = connection.read(&mut buffer)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        raw.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    };
    let end = loop {
        if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(&mut raw)?;
    };
    let head = String::from_utf8_lossy(raw.get(..end).unwrap_or_default()).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    while raw.len() < end + length.unwrap_or(0) {
        more(&mut raw)?;
    }
    let mut first = head.split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let body = raw.get(end..).unwrap_or_default().to_vec();
    Ok(Received { raw, method, path, body })
}
