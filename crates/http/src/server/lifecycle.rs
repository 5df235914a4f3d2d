//! From start to end: what runs is tracked, is asked to end, and at a deadline is ended.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Most drivers of one service.
pub const DRIVERS_MAX: usize = 32;

/// Two signals and everybody who hears them. After the soft one nothing new begins, and what waits stops waiting; after the
/// hard one connections are closed as they are.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    drivers: Arc<Mutex<BTreeMap<&'static str, DriverStatus>>>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything ended by itself.
    Whole,
    /// Some had to be ended.
    Forced {
        /// How many were left at the deadline.
        tasks: usize,
    },
}

/// What is known of work that is done again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DriverStatus {
    /// How often it was done.
    pub runs: u64,
    /// How often it failed.
    pub failures: u64,
    /// How long the last time took.
    pub last_ms: u64,
    /// Why the last failure was one.
    pub last_failure: Option<String>,
}

impl Lifecycle {
    /// Runs something that the end of the service waits for, up to the deadline.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(work)
    }

    /// Whether the service is going down.
    pub fn is_draining(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Ends when the service is to go down.
    pub async fn draining(&self) {
        self.soft.cancelled().await;
    }

    /// Ends when the service goes down now.
    pub async fn stopped(&self) {
        self.hard.cancelled().await;
    }

    /// Asks everything to end. The service then refuses what is new.
    pub fn begin_drain(&self) {
        self.soft.cancel();
    }

    /// Ends everything now.
    pub fn stop(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Asks everything to end, and ends what has not at the deadline.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.begin_drain();
        self.tracker.close();
        if tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok() {
            self.stop();
            return Drained::Whole;
        }
        let tasks = self.tracker.len();
        self.stop();
        Drained::Forced { tasks }
    }

    /// Does something every `period`, from now on until the service goes down; never twice at once, and a failure does not end
    /// it. False when the name is taken, or there are [`DRIVERS_MAX`] of them.
    pub fn every<W, F, E>(&self, name: &'static str, period: Duration, mut work: W) -> bool
    where
        W: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send,
        E: std::error::Error,
    {
        {
            let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
            if drivers.contains_key(name) || drivers.len() >= DRIVERS_MAX {
                return false;
            }
            drivers.insert(name, DriverStatus::default());
        }
        let own = self.clone();
        self.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    () = own.draining() => break,
                    _ = ticks.tick() => {}
                }
                let begin = tokio::time::Instant::now();
                let end = tokio::select! {
                    biased;
                    () = own.stopped() => break,
                    end = work() => end,
                };
                own.note(name, begin.elapsed(), end.err().map(|error| super::problem::chain(&error)));
            }
        });
        true
    }

    fn note(&self, name: &'static str, took: Duration, failure: Option<String>) {
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        let status = drivers.entry(name).or_default();
        status.runs += 1;
        status.failures += u64::from(failure.is_some());
        status.last_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        status.last_failure = failure.or_else(|| status.last_failure.take());
    }

    /// What is known of each driver.
    pub fn drivers(&self) -> BTreeMap<&'static str, DriverStatus> {
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_drain_waits_and_then_ends_what_is_left() {
        let whole = Lifecycle::default();
        let waits = whole.clone();
        whole.spawn(async move { waits.draining().await });
        assert_eq!(whole.drain(Duration::from_secs(20)).await, Drained::Whole);

        let stuck = Lifecycle::default();
        let waits = stuck.clone();
        let task = stuck.spawn(async move { waits.stopped().await });
        assert_eq!(stuck.drain(Duration::from_millis(20)).await, Drained::Forced { tasks: 1 });
        task.await.unwrap();
        assert!(stuck.is_draining());
    }

    #[tokio::test]
    async fn a_driver_goes_on_after_a_failure_and_never_overlaps_itself() {
        let lifecycle = Lifecycle::default();
        let (runs, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (done, mut reached) = tokio::sync::mpsc::channel(1);
        let counted = Arc::clone(&runs);
        assert!(lifecycle.every("sweep", Duration::from_millis(1), move || {
            let (runs, busy, done) = (Arc::clone(&counted), Arc::clone(&busy), done.clone());
            async move {
                assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                tokio::time::sleep(Duration::from_millis(3)).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                let number = runs.fetch_add(1, Ordering::SeqCst);
                if number == 3 {
                    done.try_send(()).unwrap();
                }
                if number == 1 { Err(std::io::Error::other("disk")) } else { Ok(()) }
            }
        }));
        assert!(!lifecycle.every("sweep", Duration::from_secs(1), || async { Ok::<(), std::io::Error>(()) }));
        reached.recv().await.unwrap();
        assert_eq!(lifecycle.drain(Duration::from_secs(20)).await, Drained::Whole);
        let status = lifecycle.drivers().remove("sweep").unwrap();
        assert!(status.runs >= 4, "{status:?}");
        assert_eq!((status.failures, status.last_failure.as_deref()), (1, Some("disk")));
    }

    #[tokio::test]
    async fn drivers_are_bounded() {
        let lifecycle = Lifecycle::default();
        let names: Vec<&'static str> =
            (0..=DRIVERS_MAX).map(|number| &*Box::leak(number.to_string().into_boxed_str())).collect();
        let started = names
            .into_iter()
            .map(|name| lifecycle.every(name, Duration::from_hours(1), || async { Ok::<(), std::io::Error>(()) }));
        assert_eq!(started.filter(|started| *started).count(), DRIVERS_MAX);
        assert_eq!(lifecycle.drain(Duration::from_secs(20)).await, Drained::Whole);
    }
}
