//! SIGINT, SIGTERM and SIGHUP: the first asks for a clean end, the second forces one.
//!
//! While no cancellable work is registered the first signal ends the process at once: nothing of
//! ours is half-written then, because files are written beside their place and renamed.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::Exit;

type Hook = Box<dyn Fn() + Send>;

/// A handle on the process's signals. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Shared>);

#[derive(Default)]
struct Shared {
    signal: AtomicU8,
    live: AtomicBool,
    hooks: Mutex<Vec<Hook>>,
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupt").field("signal", &self.0.signal).finish_non_exhaustive()
    }
}

impl Interrupt {
    /// Starts the thread that waits for signals.
    pub(crate) fn install() -> io::Result<Self> {
        let interrupt = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let shared = interrupt.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                shared.receive(u8::try_from(signal).unwrap_or(2));
            }
        })?;
        Ok(interrupt)
    }

    /// Registers what ends the work under way. From now on the first signal calls it.
    pub(crate) fn on_signal(&self, hook: impl Fn() + Send + 'static) {
        if self.received().is_some() {
            hook();
        }
        self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(hook));
    }

    /// Says whether a live display has hidden the cursor, so that a forced end can show it again.
    pub(crate) fn set_live(&self, live: bool) {
        self.0.live.store(live, Ordering::SeqCst);
    }

    /// The exit of a signal that came.
    pub(crate) fn received(&self) -> Option<Exit> {
        match self.0.signal.load(Ordering::SeqCst) {
            0 => None,
            number => Some(Exit::Signal(number)),
        }
    }

    fn receive(&self, number: u8) {
        let first = self.0.signal.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        let hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if first && !hooks.is_empty() {
            hooks.iter().for_each(|hook| hook());
            return;
        }
        if self.0.live.load(Ordering::SeqCst) && io::stdout().write_all(b"\x1b[?2026l\x1b[?25h\n").is_err() {
            // The terminal is gone, and with it whoever would see the cursor.
        }
        std::process::exit(i32::from(Exit::Signal(number).status()));
    }
}
