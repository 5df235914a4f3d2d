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
use std::time::Duration;

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

/// The parent's ends of the three streams of a helper that was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub socket: UnixStream,
    pub out: OwnedFd,
    pub err: OwnedFd,
}

impl Launcher {
    /// Starts a launcher: of helpers whose sandboxes show the host folders `args` read-only beside the system's, or a
    /// warm one.
    pub(crate) fn start(program: &Path, args: &[String]) -> io::Result<Self> {
        let (control, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        let process = Command::new(program)
            .arg0(LAUNCHER_NAME)
            .args(args)
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { control, _process: Reaped(Some(process)) })
    }

    /// Asks for a helper, without waiting until it is there.
    pub(crate) fn ask(&self) -> io::Result<Asked> {
        let (socket, input) = UnixStream::pair()?;
        let (out, output) = pipe2(OFlag::O_CLOEXEC)?;
        let (err, error) = pipe2(OFlag::O_CLOEXEC)?;
        send(&self.control, &[&OwnedFd::from(input), &output, &error])?;
        Ok(Asked { socket, out, err })
    }

    /// Whether [`Self::answer`] has something to say at once.
    pub(crate) fn has_answer(&self) -> bool {
        is_readable(&self.control, PollTimeout::ZERO)
    }

    /// The process of the helper that was asked for first and not answered yet: readable once it has ended.
    pub(crate) fn answer(&self) -> io::Result<OwnedFd> {
        let mut answer = receive(&self.control)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        answer.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// A child that is waited for when it is dropped, having been told to go. A warm launcher takes its interpreter down first,
/// so nobody stands still for it.
#[derive(Debug)]
struct Reaped(Option<Child>);

impl Drop for Reaped {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let wait = move || child.wait().map(drop).unwrap_or_default();
        std::thread::Builder::new().spawn(wait).map(drop).unwrap_or_default();
    }
}

/// Sends one message with descriptors.
pub(crate) fn send(control: &OwnedFd, fds: &[&OwnedFd]) -> io::Result<()> {
    let fds: Vec<RawFd> = fds.iter().map(|fd| fd.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    sendmsg::<()>(control.as_raw_fd(), &[IoSlice::new(&FORK)], &rights, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
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

/// What a warm launcher has beside its parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch<'a> {
    /// The interpreter, without which the launcher is of no use.
    pub process: &'a OwnedFd,
    /// How long nothing may happen before the launcher ends.
    pub idle: Duration,
}

/// Where the launcher's own work ends.
#[derive(Debug)]
pub(crate) enum Turn {
    /// In a forked helper, with its socket.
    Helper(UnixStream),
    /// In the launcher itself: nobody wants more helpers.
    Over,
}

/// What the launcher wakes up for.
enum Wake {
    Message,
    Nothing,
    Over,
}

/// The launcher's own work, in a session of its own. A warm one's descriptor 3 stays open in its helpers.
pub(crate) fn fork_on_demand(watch: Option<&Watch>) -> io::Result<Turn> {
    let control = sys::adopt_fd(0);
    let mut helpers: Vec<(Pid, OwnedFd)> = Vec::new();
    loop {
        match wait_for_message(&control, &mut helpers, watch)? {
            Wake::Message => {}
            Wake::Nothing => continue,
            Wake::Over => return Ok(Turn::Over),
        }
        let Some(streams) = receive(&control)? else { return Ok(Turn::Over) };
        let pid = sys::clone_process(0)?;
        if pid == 0 {
            drop(helpers);
            // The numbers 0 to 2 are taken over from the control socket and the null devices.
            std::mem::forget(control);
            return become_helper(streams, if watch.is_some() { 4 } else { 3 }).map(Turn::Helper);
        }
        drop(streams);
        let process = sys::open_process(pid)?;
        send(&control, &[&process])?;
        helpers.push((Pid::from_raw(pid), process));
    }
}

/// Waits until the parent has something to say, reaping helpers meanwhile.
fn wait_for_message(control: &OwnedFd, helpers: &mut Vec<(Pid, OwnedFd)>, watch: Option<&Watch>) -> io::Result<Wake> {
    let mut fds = vec![PollFd::new(control.as_fd(), PollFlags::POLLIN)];
    fds.extend(helpers.iter().map(|(_, process)| PollFd::new(process.as_fd(), PollFlags::POLLIN)));
    fds.extend(watch.map(|watch| PollFd::new(watch.process.as_fd(), PollFlags::POLLIN)));
    let timeout = watch.and_then(|watch| PollTimeout::try_from(watch.idle).ok()).unwrap_or(PollTimeout::NONE);
    match poll(&mut fds, timeout) {
        Ok(0) if helpers.is_empty() => return Ok(Wake::Over),
        Ok(_) => {}
        Err(Errno::EINTR) => return Ok(Wake::Nothing),
        Err(error) => return Err(error.into()),
    }
    let mut ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(false)).collect();
    if watch.is_some() && ready.pop() == Some(true) {
        return Ok(Wake::Over);
    }
    let mut ended = ready.iter().skip(1);
    helpers.retain(|(pid, _)| {
        let ended = ended.next().copied().unwrap_or(false);
        !(ended && waitpid(*pid, None).is_ok())
    });
    Ok(if ready.first().copied().unwrap_or(false) { Wake::Message } else { Wake::Nothing })
}

/// Makes the received descriptors standard input, output and error, and drops everything from `first` on.
fn become_helper(streams: Vec<OwnedFd>, first: u32) -> io::Result<UnixStream> {
    let streams: [OwnedFd; 3] = streams.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    for (target, stream) in (0..).zip(&streams) {
        sys::install_fd(stream.as_raw_fd(), target)?;
    }
    drop(streams);
    sys::close_from(first)?;
    Ok(UnixStream::from(sys::adopt_fd(0)))
}

/// Whether a process has ended; waits for it up to `timeout`.
pub(crate) fn has_ended(process: &OwnedFd, timeout: PollTimeout) -> bool {
    is_readable(process, timeout)
}

fn is_readable(fd: &OwnedFd, timeout: PollTimeout) -> bool {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    !matches!(poll(&mut fds, timeout), Ok(0) | Err(_))
}

/// An empty file in place of a stream that nobody reads any more.
pub(crate) fn null() -> io::Result<File> {
    File::options().write(true).open("/dev/null")
}
