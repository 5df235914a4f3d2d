//! The helper, forked by the launcher. Three processes take part:
//!
//! * the **helper** stays in the host's namespaces, outside the run's cgroup. It writes the identity
//!   maps, watches its parent's socket, and takes everything down when that closes;
//! * **init** is process 1 of the new namespaces. It builds the root, gives up every privilege and
//!   waits for the program;
//! * the **program** itself, a child of init.
//!
//! When init ends, the kernel kills all that is left in its process namespace.

use std::ffi::{CString, OsStr};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};

use super::cgroup::Cgroup;
use super::job::{Event, HEAD_BYTES_MAX, Job};
use super::launcher::{LAUNCHER_NAME, Turn, Watch};
use super::root::{Step as _, StepError};
use super::{init, launcher, memory, sys, warm};

pub(crate) const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// How often the memory of a run is looked at where the kernel doesn't end it itself.
pub(crate) const MEMORY_WATCH: Duration = Duration::from_millis(50);

/// A job with what came along.
#[derive(Debug)]
pub(crate) struct Received {
    pub job: Job,
    pub payload: Vec<u8>,
    pub report: Option<OwnedFd>,
}

/// Must be called at the start of `main`: when this process was started as the launcher of sandboxes, forks a helper
/// for each and never returns; else returns at once.
pub fn helper_main() {
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_name() != Some(OsStr::new(LAUNCHER_NAME)) {
        return;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    // The terminal's interrupt reaches the parent alone: not the launcher, nor anything that it starts.
    if nix::unistd::setsid().is_err() {
        sys::exit_now(1);
    }
    match warm::Config::from_args(&args) {
        Some(config) => help_warm(&config),
        None => help(&args),
    }
}

fn help(binds: &[String]) -> ! {
    let socket = match launcher::fork_on_demand(None) {
        Ok(Turn::Helper(socket)) => socket,
        Ok(Turn::Over) => sys::exit_now(0),
        Err(_) => sys::exit_now(1),
    };
    let code = match serve(&socket, binds) {
        Ok(()) => 0,
        Err(error) => i32::from(send(&socket, &failed(error)).is_err()),
    };
    sys::exit_now(code);
}

fn help_warm(config: &warm::Config) -> ! {
    let base = warm::Base::start(config);
    let watch = base.as_ref().map(|base| Watch { process: &base.interpreter, idle: config.idle });
    let turn = launcher::fork_on_demand(watch.ok().as_ref());
    let code = match (turn, base) {
        (Ok(Turn::Helper(socket)), Ok(base)) => match warm::serve(&socket, base.into_control(), config) {
            Ok(()) => 0,
            Err(error) => i32::from(send(&socket, &failed(error)).is_err()),
        },
        (Ok(Turn::Helper(socket)), Err(error)) => i32::from(warm::refuse(&socket, error).is_err()),
        (Ok(Turn::Over), Ok(base)) => {
            base.end();
            0
        }
        (Ok(Turn::Over), Err(_)) => 0,
        (Err(_), _) => 1,
    };
    sys::exit_now(code);
}

fn failed(error: StepError) -> Event {
    Event::SetupFailed { step: error.step.into(), errno: errno_of(&error.source), message: error.message }
}

pub(crate) fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

/// Writes one event as a line.
pub(crate) fn send(mut to: impl io::Write, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Everything that doesn't depend on the job is done before the job is there.
fn serve(socket: &UnixStream, binds: &[String]) -> Result<(), StepError> {
    let here = |text: &'static str| move || text.to_owned();
    let mut group = Group::create();
    let (status_read, status_write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).step("helper", here("make a pipe"))?;
    let (feed, theirs) = UnixStream::pair().step("helper", here("make a socket pair"))?;
    let pid = sys::clone_process(NAMESPACES).step("namespaces", here("create the namespaces"))?;
    if pid == 0 {
        drop((status_read, feed));
        init::run(binds, theirs, &File::from(status_write));
    }
    drop((status_write, theirs));
    // Leaving early kills init before the group goes: what is declared later is dropped first.
    let init = Init(Pid::from_raw(pid));
    detach_output().step("helper", here("let go of the output"))?;
    let map = Map { alone: super::root::USER_ID, second: 65534 };
    map_identities(pid, map).step("uid_map", here("map the sandbox's user"))?;
    // Init may have failed and gone: what it said is passed on below.
    ignore_gone((&feed).write_all(b"1")).step("helper", here("start init"))?;
    group.then(|group| group.attach(pid));
    let Received { job, payload, report } = receive(socket).step("helper", here("read the job"))?;
    group.then(|group| group.limit(job.memory_bytes, job.processes.saturating_add(1)));
    group.warn(socket)?;
    ignore_gone(transmit(&feed, &job, &[&payload], report.as_ref())).step("helper", here("pass on the job"))?;
    drop((feed, payload, report));
    let exceeded = group.memory_watch(move || memory::of_tree(pid) > job.memory_bytes);
    let memory_exceeded = watch(socket, &status_read, exceeded.as_deref());
    drop(exceeded);
    let mut events = Vec::new();
    let ended = !memory_exceeded && hung_up(&status_read);
    // Ended from here: it is all gone before a word is said. Ended by itself: init is dying, the
    // kernel kills what it leaves behind, and the parent need not wait for the mounts to go.
    let init = if ended {
        Some(init)
    } else {
        drop(init);
        None
    };
    File::from(status_read).read_to_end(&mut events).step("helper", here("read the ending"))?;
    (&mut &*socket).write_all(&events).step("helper", here("pass on the ending"))?;
    group.say_last(socket, memory_exceeded)?;
    drop(init);
    drop(group);
    Ok(())
}

/// Whether the last writer of a pipe is gone.
fn hung_up(pipe: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}

/// The run's cgroup, or why there is none.
pub(crate) struct Group(Result<Cgroup, String>);

impl Group {
    pub(crate) fn create() -> Self {
        Self(Cgroup::create(&format!("edgecoder-{}", std::process::id())))
    }

    fn get(&self) -> Option<&Cgroup> {
        self.0.as_ref().ok()
    }

    /// Takes one more step with the group; where it fails there is none.
    pub(crate) fn then(&mut self, step: impl FnOnce(&Cgroup) -> io::Result<()>) {
        if let Some(Err(error)) = self.get().map(step) {
            self.0 = Err(error.to_string());
        }
    }

    /// Says it when there is no group.
    pub(crate) fn warn(&self, socket: &UnixStream) -> Result<(), StepError> {
        let Err(reason) = &self.0 else { return Ok(()) };
        let text = format!("no cgroup ({reason}); memory is limited for each process and watched for all");
        send(socket, &Event::Warning(text)).step("helper", || "warn".to_owned())
    }

    /// What tells that a run holds too much memory: the older cgroups kill one process only, and without
    /// a cgroup nobody adds up (`exceeded` does). `None`: the kernel ends the whole run itself.
    pub(crate) fn memory_watch<'a>(&'a self, exceeded: impl Fn() -> bool + 'a) -> Option<Box<dyn Fn() -> bool + 'a>> {
        match self.get() {
            Some(Cgroup::V2(_)) => None,
            Some(group) => Some(Box::new(|| group.oom_kills() > 0)),
            None => Some(Box::new(exceeded)),
        }
    }

    /// The helper's last word.
    pub(crate) fn say_last(&self, socket: &UnixStream, memory_exceeded: bool) -> Result<(), StepError> {
        let last = Event::Final {
            cgroup: self.get().map_or("none", Cgroup::version).to_owned(),
            oom_kills: self.get().map_or(0, Cgroup::oom_kills),
            memory_exceeded,
            peak_bytes: self.get().and_then(Cgroup::peak_bytes),
        };
        send(socket, &last).step("helper", || "pass on the ending".to_owned())?;
        socket.shutdown(std::net::Shutdown::Both).step("helper", || "end the answers".to_owned())
    }
}

pub(crate) fn ignore_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET)) => Ok(()),
        other => other,
    }
}

/// Kills init, and with it its whole process namespace, and waits until all of it is gone.
pub(crate) struct Init(pub(crate) Pid);

impl Init {
    /// Has the kernel start with it; false when it is gone already.
    pub(crate) fn kill(&self) -> bool {
        kill(self.0, Signal::SIGKILL).is_ok()
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        if !self.kill() {
            return;
        }
        while matches!(waitpid(self.0, None), Err(Errno::EINTR) | Ok(WaitStatus::Stopped(..))) {}
    }
}

/// Waits until init closes its status pipe or the parent its socket (false), or memory runs over (true).
fn watch(socket: &UnixStream, status: &OwnedFd, exceeded: Option<&dyn Fn() -> bool>) -> bool {
    let timeout = if exceeded.is_some() { MEMORY_WATCH } else { Duration::from_hours(1) };
    let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::NONE);
    loop {
        // POLLHUP comes unasked when the pipe's last writer is gone; the parent's end of stream as POLLIN.
        let mut fds = [PollFd::new(status.as_fd(), PollFlags::empty()), PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(0) | Err(Errno::EINTR) => {}
            _ => return false,
        }
        if exceeded.is_some_and(|exceeded| exceeded()) {
            return true;
        }
    }
}

/// Output ends when the sandbox does, not when the helper does.
pub(crate) fn detach_output() -> io::Result<()> {
    let null = launcher::null()?;
    sys::install_fd(null.as_raw_fd(), 1)?;
    sys::install_fd(null.as_raw_fd(), 2)
}

/// Who is who in a user namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    /// What the maker is inside when nobody else can be mapped.
    pub alone: u32,
    /// Who outside is the sandbox's user.
    pub second: u32,
}

/// Root maps the program to nobody, so that nothing of root's is the program's. Another user can
/// only map to itself.
pub(crate) fn map_identities(pid: libc::pid_t, map: Map) -> io::Result<()> {
    let (user, group) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let path = |file: &str| format!("/proc/{pid}/{file}");
    let Map { alone, second } = map;
    if user == 0 {
        let map = format!("0 0 1\n{} {second} 1\n", super::root::USER_ID);
        if fs::write(path("uid_map"), &map).is_ok() {
            return fs::write(path("gid_map"), &map);
        }
    }
    fs::write(path("setgroups"), "deny")?;
    fs::write(path("uid_map"), format!("{alone} {user} 1\n"))?;
    fs::write(path("gid_map"), format!("{alone} {group} 1\n"))
}

/// How many parts of a job go into its first message: most jobs have no more, and wake the other end once.
const PARTS_AT_ONCE: usize = 64;

/// Room for so much of a payload is made before it comes.
const PAYLOAD_AT_ONCE: usize = 1 << 16;

/// Sends a job; [`receive`] is the other end.
pub(crate) fn transmit(
    mut socket: &UnixStream,
    job: &Job,
    payload: &[&[u8]],
    report: Option<&OwnedFd>,
) -> io::Result<()> {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    let head = serde_json::to_vec(job)?;
    let size: usize = payload.iter().map(|part| part.len()).sum();
    let mut first = u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    first.extend((size as u64).to_le_bytes());
    let fds: Vec<_> = report.into_iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    let rights = if fds.is_empty() { &[] } else { &rights[..] };
    let parts: Vec<&[u8]> = [first.as_slice(), &head].into_iter().chain(payload.iter().copied()).collect();
    let slices: Vec<_> = parts.iter().take(PARTS_AT_ONCE).map(|part| io::IoSlice::new(part)).collect();
    let mut sent = sendmsg::<()>(socket.as_raw_fd(), &slices, rights, MsgFlags::MSG_NOSIGNAL, None)?;
    parts.iter().try_for_each(|part| {
        let done = sent.min(part.len());
        sent -= done;
        socket.write_all(&part[done..])
    })
}

pub(crate) fn receive(mut socket: &UnixStream) -> io::Result<Received> {
    let (first, report) = receive_first(socket)?;
    let head_size = u32::from_le_bytes([first[0], first[1], first[2], first[3]]) as usize;
    let payload_size =
        u64::from_le_bytes([first[4], first[5], first[6], first[7], first[8], first[9], first[10], first[11]]);
    if head_size > HEAD_BYTES_MAX {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    let mut head = vec![0; head_size];
    socket.read_exact(&mut head)?;
    let job: Job = serde_json::from_slice(&head)?;
    // Most jobs come in one piece. What isn't there isn't believed.
    let expected = usize::try_from(payload_size).unwrap_or(usize::MAX).min(PAYLOAD_AT_ONCE);
    let mut payload = Vec::with_capacity(expected);
    socket.take(payload_size).read_to_end(&mut payload)?;
    if payload.len() as u64 == payload_size {
        Ok(Received { job, payload, report })
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn receive_first(socket: &UnixStream) -> io::Result<([u8; 12], Option<OwnedFd>)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    let mut first = [0; 12];
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let mut report = None;
    let read = {
        let mut parts = [io::IoSliceMut::new(&mut first)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_WAITALL;
        let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
        for part in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(fds) = part {
                report = fds.first().map(|fd| sys::adopt_fd(*fd));
            }
        }
        message.bytes
    };
    if read == first.len() { Ok((first, report)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// An anonymous file with these bytes, positioned at its start.
pub(crate) fn memory_file(name: &str, content: &[u8]) -> io::Result<File> {
    let name = CString::new(name).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let fd = nix::sys::memfd::memfd_create(name.as_c_str(), nix::sys::memfd::MFdFlags::MFD_CLOEXEC)?;
    let mut file = File::from(fd);
    file.write_all(content)?;
    file.rewind()?;
    Ok(file)
}
