//! The executor's side of the zygote: a small stock of children, one per run.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edgecoder_python_vm::Ending;
use edgecoder_types::RunRequest;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};

use super::frame::{self, Answer, Collector, JobRef};
use super::lockdown;
use super::zygote::{ARGV0, SPAWN, WAIT, owned};
use crate::contract::{Cancel, ExecutorError};

/// Children that wait ahead of need. Two cover a caller that runs one after another on two cores.
const STOCK: usize = 2;
/// How the worker's C library keeps its heap: in one piece and on huge pages, so that a fork copies few page table
/// entries.
const MALLOC: &str = "glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1";
/// How often a waiting run looks at its cancel flag.
const CANCEL_POLL: Duration = Duration::from_millis(20);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEnd {
    /// It exited.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
}

/// What came of one run.
#[derive(Debug)]
pub struct ChildReport {
    /// The interpreter's answer, unless it died before.
    pub ending: Option<Ending>,
    /// Whether the wall clock ended it.
    pub timed_out: bool,
    /// Whether the caller cancelled.
    pub cancelled: bool,
    /// How the process ended.
    pub end: ChildEnd,
    /// Peak resident memory, in bytes.
    pub peak_memory_bytes: u64,
    /// From handing over the request to the answer.
    pub duration: Duration,
}

struct Worker {
    socket: UnixStream,
    pid: i32,
    pidfd: OwnedFd,
    /// Its address space before any program; a request's memory comes on top.
    base_bytes: u64,
}

struct Zygote {
    process: Child,
    control: OwnedFd,
    ready: VecDeque<Worker>,
    /// Our ends of the socket pairs whose children have not been announced yet, oldest first.
    asked: VecDeque<UnixStream>,
    /// Ends of children that were asked for and that nobody waits for.
    unawaited_ends: usize,
}

/// A zygote and its children. Shared by threads; the lock is held for hand-over only, never for a run.
pub struct Pool {
    helper: PathBuf,
    zygote: Mutex<Option<Zygote>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("helper", &self.helper).finish_non_exhaustive()
    }
}

fn setup(context: &str) -> impl FnOnce(io::Error) -> ExecutorError + use<'_> {
    move |source| ExecutorError::Setup { context: context.to_owned(), source }
}

impl Pool {
    /// Starts the zygote; it boots while the caller goes on.
    pub fn start(helper: PathBuf) -> Result<Self, ExecutorError> {
        let zygote = Zygote::start(&helper)?;
        Ok(Self { helper, zygote: Mutex::new(Some(zygote)) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Zygote>> {
        // The guarded state is replaced as a whole on any error, so a panic elsewhere leaves nothing half-done.
        self.zygote.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `use_zygote`, starting a new zygote once if the old one is gone.
    fn with_zygote<T>(&self, mut use_zygote: impl FnMut(&mut Zygote) -> io::Result<T>) -> Result<T, ExecutorError> {
        let mut guard = self.lock();
        if let Some(zygote) = guard.as_mut()
            && let Ok(value) = use_zygote(zygote)
        {
            return Ok(value);
        }
        *guard = None;
        let fresh = guard.insert(Zygote::start(&self.helper)?);
        use_zygote(fresh).map_err(setup("the embedded interpreter's worker process does not start"))
    }

    /// Runs one request in a child of its own.
    pub fn run(&self, request: &RunRequest, cancel: &Cancel) -> Result<ChildReport, ExecutorError> {
        self.dispatch(JobRef::Run(request), cancel)
    }

    /// Checks a request's files in a child of its own; the answer carries the violations.
    pub fn check(&self, request: &RunRequest, cancel: &Cancel) -> Result<ChildReport, ExecutorError> {
        self.dispatch(JobRef::Check(request), cancel)
    }

    fn dispatch(&self, job: JobRef<'_>, cancel: &Cancel) -> Result<ChildReport, ExecutorError> {
        let limits = job.request().limits.clone();
        let mut worker = self.with_zygote(|zygote| {
            let worker = zygote.take()?;
            let cpu_seconds = limits.timeout_ms.div_ceil(1000).saturating_add(2);
            // It isn't reaped before its end was asked for, so the process id is still its own.
            lockdown::bound(worker.pid, worker.base_bytes.saturating_add(limits.memory_bytes), cpu_seconds)?;
            Ok(worker)
        })?;
        let started = Instant::now();
        let deadline = started + Duration::from_millis(limits.timeout_ms);
        let mut report = ChildReport {
            ending: None,
            timed_out: false,
            cancelled: false,
            end: ChildEnd::Killed(0),
            peak_memory_bytes: 0,
            duration: Duration::ZERO,
        };
        let written = frame::write(&mut worker.socket, &job);
        // The child is at work: now there is time for its successor. What fails here is seen by the next run.
        if let Some(zygote) = self.lock().as_mut() {
            zygote.top_up().ok();
        }
        let collected = match written {
            Ok(()) => collect(&mut worker, deadline, cancel, &mut report),
            Err(_died_early) => Ok(()),
        };
        report.duration = started.elapsed();
        drop(worker.socket);
        if report.ending.is_some() {
            // It is about to exit by itself; nobody waits for that.
            report.end = ChildEnd::Exited(0);
            if let Some(zygote) = self.lock().as_mut() {
                zygote.reap_later(worker.pid);
            }
        } else {
            kill(&worker.pidfd);
            let reaped = self.lock().as_mut().map(|zygote| zygote.reap(worker.pid));
            (report.end, report.peak_memory_bytes) =
                reaped.and_then(Result::ok).unwrap_or((ChildEnd::Killed(0), report.peak_memory_bytes));
        }
        collected.map(|()| report)
    }
}

/// Waits for the child's answer, the deadline or the caller's cancel.
fn collect(
    worker: &mut Worker,
    deadline: Instant,
    cancel: &Cancel,
    report: &mut ChildReport,
) -> Result<(), ExecutorError> {
    let mut collector = Collector::default();
    let mut piece = vec![0_u8; 64 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        report.timed_out = left.is_zero();
        report.cancelled = cancel.is_cancelled();
        if report.timed_out || report.cancelled {
            return Ok(());
        }
        let wait = PollTimeout::try_from(left.min(CANCEL_POLL) + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
        let mut fds = [PollFd::new(worker.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, wait) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(setup("waiting for a worker")(error.into())),
        }
        let Ok(length @ 1..) = worker.socket.read(&mut piece) else { return Ok(()) };
        collector.push(piece.get(..length).unwrap_or_default());
        if let Some(body) = collector.body().map_err(|error| ExecutorError::Protocol(error.to_string()))? {
            let answer: Answer = frame::decode(body).map_err(|error| ExecutorError::Protocol(error.to_string()))?;
            report.ending = Some(answer.ending);
            report.peak_memory_bytes = u64::try_from(answer.peak_kib).unwrap_or(0) * 1024;
            return Ok(());
        }
    }
}

#[expect(unsafe_code, reason = "pidfd_send_signal has no safe wrapper")]
fn kill(pidfd: &OwnedFd) {
    // SAFETY: the call takes integers and a null pointer for "no siginfo"; a dead process gives ESRCH, which is fine.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        );
    }
}

impl Zygote {
    fn start(helper: &PathBuf) -> Result<Self, ExecutorError> {
        let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
        let (control, theirs) = pair.map_err(|error| setup("making a socket pair")(error.into()))?;
        let process = Command::new(helper)
            .arg0(ARGV0)
            // Ctrl-C goes to the terminal's whole group: what becomes of a program is this side's decision.
            .process_group(0)
            .env_clear()
            .env("GLIBC_TUNABLES", MALLOC)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| ExecutorError::Setup {
                context: format!("starting the helper {}", helper.display()),
                source,
            })?;
        let mut zygote = Self { process, control, ready: VecDeque::new(), asked: VecDeque::new(), unawaited_ends: 0 };
        zygote.top_up().map_err(setup("asking for a worker"))?;
        Ok(zygote)
    }

    /// Asks for one more child; does not wait for it.
    fn ask(&mut self) -> io::Result<()> {
        let (ours, theirs) = UnixStream::pair()?;
        let fds = [theirs.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&fds)];
        let command = [SPAWN, 0, 0, 0, 0];
        sendmsg::<()>(self.control.as_raw_fd(), &[IoSlice::new(&command)], &rights, MsgFlags::MSG_NOSIGNAL, None)?;
        self.asked.push_back(ours);
        Ok(())
    }

    /// Hands out a child.
    fn take(&mut self) -> io::Result<Worker> {
        while self.ready.is_empty() {
            if self.asked.is_empty() {
                self.ask()?;
            }
            if self.receive()?.is_some() && !self.skip_end() {
                return Err(io::Error::other("an answer that nobody asked for"));
            }
        }
        self.ready.pop_front().ok_or_else(|| io::Error::other("no worker"))
    }

    /// Asks for as many children as are missing.
    fn top_up(&mut self) -> io::Result<()> {
        while self.ready.len() + self.asked.len() < STOCK {
            self.ask()?;
        }
        Ok(())
    }

    /// Takes one answer: a child goes to `ready`; the end of a child is returned.
    fn receive(&mut self) -> io::Result<Option<(ChildEnd, u64)>> {
        let mut bytes = [0_u8; 14];
        let mut space = nix::cmsg_space!([RawFd; 1]);
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let message =
            recvmsg::<()>(self.control.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
        let length = message.bytes;
        let fds = message.cmsgs()?.flat_map(|control| match control {
            ControlMessageOwned::ScmRights(fds) => fds,
            _ => Vec::new(),
        });
        let pidfd = fds.map(owned).next();
        match (bytes, length, pidfd) {
            ([SPAWN, a, b, c, d, base @ .., _], 13, Some(pidfd)) => {
                let socket = self.asked.pop_front().ok_or_else(|| io::Error::other("a child that nobody asked for"))?;
                let pid = i32::from_le_bytes([a, b, c, d]);
                self.ready.push_back(Worker { socket, pid, pidfd, base_bytes: u64::from_le_bytes(base) });
                Ok(None)
            }
            ([WAIT, kind, a, b, c, d, peak @ ..], 14, None) => {
                let value = i32::from_le_bytes([a, b, c, d]);
                let end = if kind == b'E' { ChildEnd::Exited(value) } else { ChildEnd::Killed(value) };
                Ok(Some((end, u64::try_from(i64::from_le_bytes(peak)).unwrap_or(0) * 1024)))
            }
            _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the zygote is gone")),
        }
    }

    /// Answers come in the order of the questions, so the next end is an unawaited one if there is any.
    fn skip_end(&mut self) -> bool {
        let skipped = self.unawaited_ends > 0;
        self.unawaited_ends = self.unawaited_ends.saturating_sub(1);
        skipped
    }

    fn ask_end(&mut self, pid: i32) -> io::Result<()> {
        let mut command = vec![WAIT];
        command.extend(pid.to_le_bytes());
        sendmsg::<()>(self.control.as_raw_fd(), &[IoSlice::new(&command)], &[], MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    /// Lets the zygote reap a child that has answered; the answer is skipped when it comes.
    fn reap_later(&mut self, pid: i32) {
        if self.ask_end(pid).is_ok() {
            self.unawaited_ends += 1;
        }
    }

    /// Waits for the end of a child.
    fn reap(&mut self, pid: i32) -> io::Result<(ChildEnd, u64)> {
        self.ask_end(pid)?;
        loop {
            if let Some(end) = self.receive()?
                && !self.skip_end()
            {
                return Ok(end);
            }
        }
    }
}

impl Drop for Zygote {
    /// The children die with the zygote (their parent-death signal).
    fn drop(&mut self) {
        let killed = self.process.kill();
        if killed.is_ok() {
            self.process.wait().ok();
        }
    }
}
