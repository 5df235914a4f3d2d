//! The parent's side of a run: starts the helper, feeds it, collects output within bounds, and ends
//! it on a deadline, a flood or a cancel.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::helper::transmit;
use super::job::{Event, Job};
use super::launcher::{self, Asked, Launcher};
use super::sys;
use crate::contract::{Cancel, ExecutorError};

/// How long a cancel may go unnoticed.
const CANCEL_WATCH: Duration = Duration::from_millis(20);
/// How long the helper gets to take everything down before it is killed itself.
const GRACE: Duration = Duration::from_secs(5);
/// Most bytes kept of the harness's records.
const REPORT_BYTES_MAX: usize = 16 << 20;
/// Most bytes kept of the helper's answers.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Why the parent ended the run, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    TimedOut,
    OutputLimit,
    ReportLimit,
    Cancelled,
}

/// Everything that came out of a run.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub report: Vec<u8>,
    pub events: Vec<Event>,
    pub stopped: Option<Stopped>,
    pub duration: Duration,
}

/// Bounds that the parent keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub timeout: Duration,
    pub output_bytes: usize,
    /// Whether the helper's last word ends the run: what is written later, by processes that are on their way down, isn't
    /// waited for.
    pub last_word_ends: bool,
}

/// A helper that waits for its job, with everything set up that doesn't depend on one.
#[derive(Debug)]
pub(crate) struct Spare {
    // Dropped first: its end is what makes the helper go.
    socket: UnixStream,
    out: Option<OwnedFd>,
    err: Option<OwnedFd>,
    child: Helper,
}

impl Spare {
    /// The helper that the launcher was asked for first.
    pub(crate) fn of(asked: Asked, launcher: &Launcher) -> io::Result<Self> {
        let Asked { socket, out, err } = asked;
        let process = launcher.answer()?;
        Ok(Self { socket, out: Some(out), err: Some(err), child: Helper(process) })
    }

    /// Whether the helper has ended, having waited for too long.
    pub(crate) fn is_gone(&self) -> bool {
        self.child.is_gone()
    }

    /// Waits up to `limit` until a warm helper says that everything waits for the job.
    pub(crate) fn wait_ready(&self, limit: Duration, cancel: &Cancel) -> io::Result<Readiness> {
        let deadline = Instant::now() + limit;
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let left = deadline.saturating_duration_since(Instant::now()).min(CANCEL_WATCH);
            let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
                Err(nix::errno::Errno::EINTR) => continue,
                // What has begun comes at once.
                Ok(0) if !line.is_empty() => continue,
                Ok(0) if cancel.is_cancelled() || Instant::now() >= deadline => return Ok(Readiness::Later),
                Ok(0) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            // Nothing follows the line before there is a job.
            let mut part = [0; 512];
            let count = (&self.socket).read(&mut part)?;
            if count == 0 {
                return Ok(Readiness::Never("it is gone".to_owned()));
            }
            line.extend_from_slice(&part[..count]);
        }
        Ok(match serde_json::from_slice(&line) {
            Ok(Event::Ready) => Readiness::Now,
            Ok(Event::SetupFailed { message, errno, .. }) => {
                Readiness::Never(format!("{message}: {}", io::Error::from_raw_os_error(errno)))
            }
            _ => Readiness::Never(String::from_utf8_lossy(&line).into_owned()),
        })
    }
}

/// Whether a warm helper can be given a job.
#[derive(Debug)]
pub(crate) enum Readiness {
    Now,
    /// It isn't as far yet.
    Later,
    /// Why not.
    Never(String),
}

pub(crate) fn setup(context: &str) -> impl FnOnce(io::Error) -> ExecutorError {
    let context = context.to_owned();
    move |source| ExecutorError::Setup { context, source }
}

/// Runs one job to its end. `payload` is what the head's sizes describe; `meanwhile` is called once
/// while the job runs. The helper that comes back is taking the last things down.
pub(crate) fn run(
    spare: Spare,
    job: &Job,
    payload: &[&[u8]],
    bounds: Bounds,
    cancel: &Cancel,
    meanwhile: impl FnOnce(),
) -> Result<(Capture, Helper), ExecutorError> {
    let started = Instant::now();
    let Spare { socket, out, err, child } = spare;
    let (report_read, report_write) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from).map_err(setup("cannot make a pipe"))?;
    let report_write = job.report.then_some(report_write);
    match transmit(&socket, job, payload, report_write.as_ref()) {
        // It could not even start; what it said comes below.
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {}
        other => other.map_err(setup("cannot send the job to the sandbox"))?,
    }
    drop(report_write);
    meanwhile();
    let mut streams = [
        Stream::new(out, bounds.output_bytes),
        Stream::new(err, bounds.output_bytes),
        Stream::new(Some(report_read), REPORT_BYTES_MAX),
        Stream::new(socket.try_clone().ok().map(OwnedFd::from), EVENT_BYTES_MAX),
    ];
    let stopped = collect(&mut streams, &socket, bounds.last_word_ends, started + bounds.timeout, cancel)
        .map_err(setup("cannot read what the sandbox answers"))?;
    drop(socket);
    let duration = started.elapsed();
    let [out, err, report, events] = streams;
    let events = parse_events(&events.content)?;
    let capture =
        Capture { stdout: out.content, stderr: err.content, report: report.content, events, stopped, duration };
    Ok((capture, child))
}

fn parse_events(lines: &[u8]) -> Result<Vec<Event>, ExecutorError> {
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| ExecutorError::Protocol(format!("sandbox helper: {error}")))
        })
        .collect()
}

/// One source of bytes, read without blocking up to a bound.
struct Stream {
    file: Option<File>,
    content: Vec<u8>,
    bytes_max: usize,
    overflowed: bool,
}

impl Stream {
    fn new(fd: Option<OwnedFd>, bytes_max: usize) -> Self {
        Self { file: fd.map(File::from), content: Vec::new(), bytes_max, overflowed: false }
    }

    /// Reads all that is there, up to the bound.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            let before = self.content.len();
            self.read()?;
            if self.overflowed || self.content.len() == before {
                return Ok(());
            }
        }
    }

    /// Reads what is there. More than the bound is read and dropped, so that the writer can end.
    fn read(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut buffer = [0; 1 << 14];
        match file.read(&mut buffer) {
            Ok(0) => self.file = None,
            Ok(count) => {
                let room = self.bytes_max - self.content.len();
                self.overflowed |= count > room;
                self.content.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => self.file = None,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn collect(
    streams: &mut [Stream; 4],
    socket: &UnixStream,
    last_word_ends: bool,
    deadline: Instant,
    cancel: &Cancel,
) -> io::Result<Option<Stopped>> {
    for stream in streams.iter() {
        if let Some(file) = &stream.file {
            fcntl(file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
    }
    let mut stopped = None;
    let mut last_call = None;
    loop {
        let now = Instant::now();
        let over = last_word_ends && streams[3].file.is_none();
        if over {
            streams.iter_mut().try_for_each(Stream::drain)?;
        }
        if stopped.is_none() {
            stopped = reason_to_stop(streams, now >= deadline, cancel);
            if stopped.is_some() {
                // The helper takes everything down when it sees the end of its socket.
                socket.shutdown(std::net::Shutdown::Write).or_else(ignore_disconnected)?;
                last_call = Some(now + GRACE);
            }
        }
        if over || streams.iter().all(|stream| stream.file.is_none()) || last_call.is_some_and(|end| now >= end) {
            return Ok(stopped);
        }
        let until = last_call.unwrap_or(deadline).saturating_duration_since(now).min(CANCEL_WATCH);
        wait_readable(streams, until + Duration::from_millis(1))?;
    }
}

fn reason_to_stop(streams: &[Stream; 4], late: bool, cancel: &Cancel) -> Option<Stopped> {
    let [out, err, report, _] = streams;
    if out.overflowed || err.overflowed {
        Some(Stopped::OutputLimit)
    } else if report.overflowed {
        Some(Stopped::ReportLimit)
    } else if cancel.is_cancelled() {
        Some(Stopped::Cancelled)
    } else {
        late.then_some(Stopped::TimedOut)
    }
}

fn ignore_disconnected(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotConnected { Ok(()) } else { Err(error) }
}

fn wait_readable(streams: &mut [Stream; 4], timeout: Duration) -> io::Result<()> {
    let mut ready = [false; 4];
    {
        let open: Vec<(usize, &File)> =
            streams.iter().enumerate().filter_map(|(index, stream)| Some((index, stream.file.as_ref()?))).collect();
        let mut fds: Vec<_> = open.iter().map(|(_, file)| PollFd::new(file.as_fd(), PollFlags::POLLIN)).collect();
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::ZERO);
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        for ((index, _), fd) in open.iter().zip(&fds) {
            ready[*index] = fd.any().unwrap_or(false);
        }
    }
    for (stream, ready) in streams.iter_mut().zip(ready) {
        if ready {
            stream.read()?;
        }
    }
    Ok(())
}

/// The helper's process, which the launcher reaps; never left behind.
#[derive(Debug)]
pub(crate) struct Helper(OwnedFd);

impl Helper {
    /// Whether it has ended.
    pub(crate) fn is_gone(&self) -> bool {
        launcher::has_ended(&self.0, PollTimeout::ZERO)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Its socket is closed: it is going, and takes its cgroup along.
        let grace = PollTimeout::try_from(GRACE).unwrap_or(PollTimeout::NONE);
        if !launcher::has_ended(&self.0, grace) {
            // Killing the helper kills init through its death signal, and so the rest.
            sys::kill_process(&self.0);
        }
    }
}
