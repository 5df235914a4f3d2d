//! Connections that are kept for the next call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::time::timeout;

use super::super::connect;
use super::super::exchange::{HEAD_BYTES_MAX, late, lost};
use super::super::url::Url;
use crate::HttpError;

/// Most connections that are kept without use.
pub(super) const IDLE_MAX: usize = 32;

/// A connection that takes requests, one after the other.
pub(super) type Connection = hyper::client::conn::http1::SendRequest<Full<Bytes>>;

/// Connections to one service.
pub(super) struct Pool {
    url: Url,
    tls: Option<Arc<ClientConfig>>,
    connect_wait: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(url: Url, tls: Option<Arc<ClientConfig>>, connect_wait: Duration) -> Self {
        Self { url, tls, connect_wait, idle: Mutex::default() }
    }

    /// A connection, and whether it was used before: the one that was put back last, which is the least likely to be closed.
    pub(super) async fn take(&self) -> Result<(Connection, bool), HttpError> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match kept {
                None => return Ok((self.connect().await?, false)),
                Some(connection) if connection.is_closed() => {}
                Some(mut connection) => {
                    // It is ready at once, or on its way out.
                    if connection.ready().await.is_ok() {
                        return Ok((connection, true));
                    }
                }
            }
        }
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !connection.is_closed() {
            idle.push(connection);
        }
    }

    pub(super) async fn connect(&self) -> Result<Connection, HttpError> {
        let connecting = timeout(self.connect_wait, connect::connect(&self.url, None, self.tls.clone()));
        let stream = connecting.await.map_err(|_| late(&self.url, "connect", self.connect_wait))??;
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX);
        let (sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| lost(&self.url, &error, 0))?;
        // Ends with its sender.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}
