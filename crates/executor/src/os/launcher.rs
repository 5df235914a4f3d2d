//! One process that forks a sandbox helper whenever one is wanted.
//!
//! Loading and relocating this program for each run costs as much as the sandbox itself; the launcher does it once.
//! It holds nothing but the control socket, runs nobody's code, and ends when that socket closes.
//!
//! Wire form: the parent sends one byte with three descriptors (the helper's standard input, output and error); the
//! launcher answers one byte with a descriptor of the new process.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe2};

use super::sys;

/// `argv[0]` of the launcher and of the helpers that it forks.
pub(crate) const LAUNCHER_NAME: &str = "edgecoder-sandbox";

/// What a message says; all that matters is what comes along.
const FORK: [u8; 1] = *b"F";

/// The parent's end.
#[derive(Debug)]
pub(crate) struct Launcher {
    // Dropped first: its end is what makes the process go.
    control: OwnedFd,
    _process: Reaped,
}

/// A helper that has just been forked, with the parent's ends of its three streams.
#[derive(Debug)]
pub(crate) struct Forked {
    pub socket: UnixStream,
    pub out: OwnedFd,
    pub err: OwnedFd,
    /// The process: readable once it has ended.
    pub process: OwnedFd,
}

impl Launcher {
    /// Starts a launcher whose sandboxes show the host folders `binds` read-only beside the system's.
    pub(crate) fn start(program: &Path, binds: &[String]) -> io::Result<Self> {
        let (control, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        let process = Command::new(program)
            .arg0(LAUNCHER_NAME)
            .args(binds)
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { control, _process: Reaped(process) })
    }

    /// Has one helper forked.
    pub(crate) fn fork(&self) -> io::Result<Forked> {
        let (socket, input) = UnixStream::pair()?;
        let (out, output) = pipe2(OFlag::O_CLOEXEC)?;
        let (err, error) = pipe2(OFlag::O_CLOEXEC)?;
        let fds = [input.as_raw_fd(), output.as_raw_fd(), error.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&fds)];
        sendmsg::<()>(self.control.as_raw_fd(), &[IoSlice::new(&FORK)], &rights, MsgFlags::MSG_NOSIGNAL, None)?;
        let mut answer = receive(&self.control)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let process = answer.pop().ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Forked { socket, out, err, process })
    }
}

/// A child that is waited for when it is dropped, having been told to go.
#[derive(Debug)]
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        self.0.wait().map(drop).unwrap_or_default();
    }
}

/// One message's descriptors; `None` when the other end is gone.
fn receive(control: &OwnedFd) -> io::Result<Option<Vec<OwnedFd>>> {
    let mut bytes = [0; 1];
    let mut space = nix::cmsg_space!([RawFd; 3]);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let message = loop {
        match recvmsg::<()>(control.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Err(Errno::EINTR) => {}
            other => break other?,
        }
    };
    let mut fds = Vec::new();
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = part {
            fds.extend(numbers.into_iter().map(sys::adopt_fd));
        }
    }
    Ok((message.bytes > 0).then_some(fds))
}

/// The launcher's own work: returns in a forked helper, with its socket, and in the launcher itself with `None`
/// once the parent is gone.
pub(crate) fn fork_on_demand() -> io::Result<Option<UnixStream>> {
    let control = sys::adopt_fd(0);
    // A session of its own: the terminal's interrupt reaches the parent alone.
    nix::unistd::setsid()?;
    let mut helpers: Vec<(Pid, OwnedFd)> = Vec::new();
    loop {
        if !wait_for_message(&control, &mut helpers)? {
            continue;
        }
        let Some(streams) = receive(&control)? else { return Ok(None) };
        let pid = sys::clone_process(0)?;
        if pid == 0 {
            drop(helpers);
            // The numbers 0 to 2 are taken over from the control socket and the null devices.
            std::mem::forget(control);
            return become_helper(streams).map(Some);
        }
        drop(streams);
        let process = sys::open_process(pid)?;
        let rights = [process.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&rights)];
        sendmsg::<()>(control.as_raw_fd(), &[IoSlice::new(&FORK)], &rights, MsgFlags::MSG_NOSIGNAL, None)?;
        helpers.push((Pid::from_raw(pid), process));
    }
}

/// Waits until the parent has something to say, reaping helpers meanwhile. `false`: look again.
fn wait_for_message(control: &OwnedFd, helpers: &mut Vec<(Pid, OwnedFd)>) -> io::Result<bool> {
    let mut fds = vec![PollFd::new(control.as_fd(), PollFlags::POLLIN)];
    fds.extend(helpers.iter().map(|(_, process)| PollFd::new(process.as_fd(), PollFlags::POLLIN)));
    match poll(&mut fds, PollTimeout::NONE) {
        Ok(_) => {}
        Err(Errno::EINTR) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
    let mut ended = ready.iter().skip(1);
    helpers.retain(|(pid, _)| {
        let ended = ended.next().copied().unwrap_or(false);
        !(ended && waitpid(*pid, None).is_ok())
    });
    Ok(ready.first().copied().unwrap_or(false))
}

/// Makes the received descriptors standard input, output and error, and drops everything else.
fn become_helper(streams: Vec<OwnedFd>) -> io::Result<UnixStream> {
    let streams: [OwnedFd; 3] = streams.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    for (target, stream) in (0..).zip(&streams) {
        sys::install_fd(stream.as_raw_fd(), target)?;
    }
    drop(streams);
    sys::close_from(3)?;
    Ok(UnixStream::from(sys::adopt_fd(0)))
}

/// Whether a process has ended; waits for it up to `timeout`.
pub(crate) fn has_ended(process: &OwnedFd, timeout: PollTimeout) -> bool {
    let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    !matches!(poll(&mut fds, timeout), Ok(0) | Err(_))
}

/// An empty file in place of a stream that nobody reads any more.
pub(crate) fn null() -> io::Result<File> {
    File::options().write(true).open("/dev/null")
}
