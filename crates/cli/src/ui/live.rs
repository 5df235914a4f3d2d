//! Keeps a display on the terminal while work goes on: a thread redraws it ten times a second.

use std::io::{self, Stdout};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::board::Board;
use super::line::Line;
use super::region::Region;
use crate::interrupt::Interrupt;
use crate::style::Palette;

/// Time between two redraws.
const FRAME: Duration = Duration::from_millis(100);
/// Rows used at most, however high the terminal is.
const ROWS_MAX: usize = 24;

#[derive(Debug, Default)]
struct Shared {
    board: Board,
    above: Vec<Line>,
}

/// The running display. Dropping it clears the redrawn lines and shows the cursor.
#[derive(Debug)]
pub(crate) struct Live {
    shared: Arc<Mutex<Shared>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    interrupt: Interrupt,
}

impl Live {
    /// Starts drawing to standard output.
    pub(crate) fn start(palette: Palette, interrupt: &Interrupt) -> io::Result<Self> {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (stop, stopped) = mpsc::channel();
        let drawn = Arc::clone(&shared);
        interrupt.set_live(true);
        let thread = std::thread::Builder::new().name("display".to_owned()).spawn(move || {
            let mut region = Region::new(io::stdout(), palette);
            let started = Instant::now();
            let mut tick = 0;
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(FRAME) {
                if frame(&drawn, &mut region, started.elapsed(), tick).is_err() {
                    // The terminal is gone; the work goes on without a display.
                    return;
                }
                tick += 1;
            }
            last_frame(&drawn, &mut region);
        })?;
        Ok(Self { shared, stop: Some(stop), thread: Some(thread), interrupt: interrupt.clone() })
    }

    /// Changes the display.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Board)) {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner).board);
    }

    /// Prints a line above the display, for good.
    pub(crate) fn print(&self, line: Line) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).above.push(line);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // A display that failed has nothing to clear.
        }
        self.interrupt.set_live(false);
    }
}

fn size() -> (usize, usize) {
    let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
    (usize::from(columns).max(20), usize::from(rows).saturating_sub(1).clamp(4, ROWS_MAX))
}

fn frame(shared: &Mutex<Shared>, region: &mut Region<Stdout>, elapsed: Duration, tick: usize) -> io::Result<()> {
    let (columns, rows) = size();
    let (above, lines) = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut shared.above), shared.board.lines(elapsed, tick, rows))
    };
    region.draw(&above, &lines, columns)
}

/// Prints what still waits and leaves a clean line.
fn last_frame(shared: &Mutex<Shared>, region: &mut Region<Stdout>) {
    let above = std::mem::take(&mut shared.lock().unwrap_or_else(PoisonError::into_inner).above);
    let (columns, _) = size();
    let ended = region.draw(&above, &[], columns).and_then(|()| region.finish(columns));
    if ended.is_err() {
        // The terminal is gone, and with it what had to be cleared.
    }
}
