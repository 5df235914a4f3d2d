//! Requests that wait: long polls and streams of events. Both are bounded in number and in time, wake when something
//! happens, and end when the service goes down.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response};
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::auth::Later;
use super::extract::Query;
use super::fault::RequestFault;
use super::lifecycle::Lifecycle;
use super::problem::{Refused, ServiceError};

/// Longest wait of a long poll.
pub const WAIT_MAX: Duration = Duration::from_mins(1);
/// After how long a long poll, or a stream, looks again though nobody woke it: another process may have changed something.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Most events that are read at once.
pub const EVENTS_MAX: usize = 256;
/// Pieces of a stream that wait for its reader.
const PIECES_MAX: usize = 16;
/// How long a stream's reader may take to read what is there.
const READ_WAIT: Duration = Duration::from_secs(30);

/// Wakes whoever waits for changes of one kind.
#[derive(Clone, Debug)]
pub struct Wakeup(Arc<watch::Sender<u64>>);

impl Default for Wakeup {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Wakeup {
    /// Something has changed.
    pub fn wake(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// How long a caller wants to wait: `wait` in the query, in seconds; without it not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Wait {
    /// Reads it. What is longer than [`WAIT_MAX`] is refused, not shortened.
    ///
    /// # Errors
    /// [`RequestFault::Parameter`]
    pub fn of(query: &Query) -> Result<Self, RequestFault> {
        let wait = Duration::from_secs(query.parsed::<u64>("wait")?.unwrap_or(0));
        if wait > WAIT_MAX {
            return Err(RequestFault::Parameter(format!("wait is at most {} s", WAIT_MAX.as_secs())));
        }
        Ok(Self(wait))
    }
}

/// Room for those who wait.
#[derive(Clone, Debug)]
pub struct Waiting {
    lifecycle: Lifecycle,
    polls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    heartbeat: Duration,
}

/// How many may wait, and how often a quiet stream says that it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingOptions {
    /// Long polls at once.
    pub polls: usize,
    /// Streams at once.
    pub streams: usize,
    /// Between two signs of life of a quiet stream.
    pub heartbeat: Duration,
}

impl Default for WaitingOptions {
    fn default() -> Self {
        Self { polls: 2_000, streams: 500, heartbeat: Duration::from_secs(15) }
    }
}

/// Events after a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// At most [`EVENTS_MAX`], in the order of their ids.
    pub events: Vec<Event>,
    /// Whether no more will come.
    pub is_over: bool,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place: ids only grow.
    pub id: u64,
    /// Its kind.
    pub name: &'static str,
    /// JSON, or any text.
    pub data: String,
}

/// Where a stream's events come from.
pub trait EventSource: Send + Sync + 'static {
    /// The events behind this one.
    fn after(&self, id: u64) -> Later<'_, Events>;
}

/// The last event that a reader has seen, when it comes back. Zero before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(0)) };
        let id = value.to_str().ok().and_then(|text| text.parse().ok());
        id.map(Self).ok_or_else(|| RequestFault::Parameter("Last-Event-ID is no number of ours".to_owned()).refuse())
    }
}

impl Waiting {
    /// Room for that many.
    pub fn new(lifecycle: Lifecycle, options: WaitingOptions) -> Self {
        let (polls, streams) = (Arc::new(Semaphore::new(options.polls)), Arc::new(Semaphore::new(options.streams)));
        Self { lifecycle, polls, streams, heartbeat: options.heartbeat }
    }

    /// Looks until there is something, the time is over, or the service goes down. `None` in the last two cases.
    ///
    /// # Errors
    /// [`RequestFault::Busy`] when too many wait, and whatever looking gives.
    pub async fn poll<T, L, F>(&self, wait: Wait, wakeup: &Wakeup, mut look: L) -> Result<Option<T>, Refused>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Option<T>, Refused>>,
    {
        let end = Instant::now() + wait.0;
        // Whoever wakes after this is heard, also while we look.
        let mut changes = wakeup.0.subscribe();
        let mut permit = None;
        loop {
            if let Some(found) = look().await? {
                return Ok(Some(found));
            }
            let now = Instant::now();
            if now >= end || self.lifecycle.is_draining() {
                return Ok(None);
            }
            if permit.is_none() {
                permit = Some(self.polls.try_acquire().map_err(|_| RequestFault::Busy.refuse())?);
            }
            tokio::select! {
                () = self.lifecycle.draining() => return Ok(None),
                // The sender is ours to borrow, so it is not gone.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(end.min(now + LOOK_AGAIN)) => {}
            }
        }
    }

    /// Streams events as they come, from behind the last one that the reader has seen.
    ///
    /// # Errors
    /// [`RequestFault::Busy`] when there are too many streams.
    pub fn stream(
        &self,
        source: Arc<dyn EventSource>,
        last: LastEventId,
        wakeup: &Wakeup,
    ) -> Result<axum::response::Response, Refused> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| RequestFault::Busy.refuse())?;
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let writer = Writer {
            lifecycle: self.lifecycle.clone(),
            heartbeat: self.heartbeat,
            source,
            last: last.0,
            sender,
            _permit: permit,
        };
        self.lifecycle.spawn(writer.write(wakeup.0.subscribe()));
        let mut response = Response::new(Body::new(Pieces(pieces)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

struct Writer {
    lifecycle: Lifecycle,
    heartbeat: Duration,
    source: Arc<dyn EventSource>,
    last: u64,
    sender: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

impl Writer {
    /// Until there is no more, nobody reads, the source fails, or the service goes down. The reader then comes back with the
    /// last id that it has seen.
    async fn write(mut self, mut changes: watch::Receiver<u64>) {
        let mut quiet_since = Instant::now();
        // Something at once, so that the reader knows that it is connected.
        if !self.send(Bytes::from_static(b": hello\n\n")).await {
            return;
        }
        loop {
            let Ok(found) = self.source.after(self.last).await else { return };
            if let Some(last) = found.events.last() {
                self.last = last.id;
                let text: String = found.events.iter().map(event_text).collect();
                if !self.send(text.into()).await {
                    return;
                }
                quiet_since = Instant::now();
            }
            if found.is_over {
                return;
            }
            if found.events.len() >= EVENTS_MAX {
                continue;
            }
            let heartbeat = quiet_since + self.heartbeat;
            tokio::select! {
                () = self.lifecycle.draining() => return,
                () = self.sender.closed() => return,
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(heartbeat.min(Instant::now() + LOOK_AGAIN)) => {}
            }
            if Instant::now() >= heartbeat {
                if !self.send(Bytes::from_static(b": alive\n\n")).await {
                    return;
                }
                quiet_since = Instant::now();
            }
        }
    }

    async fn send(&self, piece: Bytes) -> bool {
        self.sender.send_timeout(piece, READ_WAIT).await.is_ok()
    }
}

fn event_text(event: &Event) -> String {
    let mut text = format!("id: {}\nevent: {}\n", event.id, event.name);
    for line in event.data.split(['\n', '\r']) {
        text.extend(["data: ", line, "\n"]);
    }
    text + "\n"
}

/// A body whose pieces come through a channel.
struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(polls: usize) -> (Lifecycle, Waiting) {
        let lifecycle = Lifecycle::default();
        (lifecycle.clone(), Waiting::new(lifecycle, WaitingOptions { polls, ..WaitingOptions::default() }))
    }

    #[tokio::test]
    async fn a_change_while_nobody_looks_is_not_lost() {
        let (_, waiting) = waiting(1);
        let (wakeup, mut looks) = (Wakeup::default(), 0);
        let found = waiting.poll(Wait(WAIT_MAX), &wakeup, || {
            looks += 1;
            let found = (looks > 1).then_some(looks);
            // The change comes between the look and the wait.
            wakeup.wake();
            std::future::ready(Ok(found))
        });
        let found = tokio::time::timeout(LOOK_AGAIN / 2, found).await.unwrap();
        assert_eq!(found, Ok(Some(2)));
    }

    #[tokio::test]
    async fn a_poll_ends_in_time_with_the_service_and_when_too_many_wait() {
        let (lifecycle, waiting) = waiting(1);
        let wakeup = Wakeup::default();
        let nothing = || std::future::ready(Ok(None::<()>));
        assert_eq!(waiting.poll(Wait(Duration::from_millis(20)), &wakeup, nothing).await, Ok(None));
        assert_eq!(waiting.poll(Wait::default(), &wakeup, nothing).await, Ok(None));
        let (first, second) = tokio::join!(
            async {
                let end = waiting.poll(Wait(WAIT_MAX), &wakeup, nothing).await;
                (end, lifecycle.is_draining())
            },
            async {
                let end = waiting.poll(Wait(WAIT_MAX), &wakeup, nothing).await;
                lifecycle.begin_drain();
                end.unwrap_err().problem.code
            }
        );
        assert_eq!((first, second.as_str()), ((Ok(None), true), "service_busy"));
    }

    #[test]
    fn waits_are_bounded_and_events_cannot_break_out_of_their_lines() {
        let wait = |text: &str| Wait::of(&Query::parse(text).unwrap());
        assert_eq!(wait("wait=60"), Ok(Wait(WAIT_MAX)));
        assert_eq!(wait(""), Ok(Wait(Duration::ZERO)));
        assert!(wait("wait=61").is_err() && wait("wait=-1").is_err() && wait("wait=x").is_err());
        let event = Event { id: 7, name: "job", data: "a\nid: 9\rb".to_owned() };
        assert_eq!(event_text(&event), "id: 7\nevent: job\ndata: a\ndata: id: 9\ndata: b\n\n");
    }
}
