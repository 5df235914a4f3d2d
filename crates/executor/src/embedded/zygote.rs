//! The helper process that boots the interpreter once and forks a child per run.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use edgecoder_python_vm::{Ending, Vm};
use edgecoder_types::{Language, RunStatus, Violation};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::sys::wait::WaitStatus;
use nix::unistd::{ForkResult, Pid};

use super::frame::{self, Answer, Job};
use super::{lockdown, rehearsal};
use crate::alloc;

/// `argv[0]` by which the helper knows its role.
pub(crate) const ARGV0: &str = "edgecoder-zygote";

/// Asks for a child; carries the child's end of a socket pair.
pub(crate) const SPAWN: u8 = b'S';
/// Asks how a dead child ended; carries its process id.
pub(crate) const WAIT: u8 = b'W';

/// Deep Python recursion must meet the interpreter's own limit before the end of the stack, in debug builds too.
const STACK_BYTES: usize = 1 << 30;

/// Exit status of a child that could not lock itself down.
pub(crate) const EXIT_LOCKDOWN: i32 = 98;
/// Exit status of a child whose interpreter panicked.
pub(crate) const EXIT_PANIC: i32 = 99;

/// If this process was started as a zygote, serves until its parent closes the control socket and
/// never returns. Must be called first in `main`, before any thread starts.
pub fn helper_main() {
    if std::env::args_os().next().is_none_or(|name| name != ARGV0) {
        return;
    }
    let served = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| serve(io::stdin().as_fd()));
    let status = match served.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => 0,
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => 1,
    };
    alloc::exit(status);
}

fn serve(control: BorrowedFd<'_>) -> io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut vm = Some(Vm::boot());
    let base_bytes = address_space_bytes()?;
    let child = ChildSetup { filter: lockdown::child_filter()?, pages: rehearsal::pages(&mut vm) };
    lockdown::lock_zygote()?;
    while let Some((command, pid, fd)) = receive(control)? {
        match (command, fd) {
            (SPAWN, Some(job)) => {
                // The child owns the interpreter's copy; this process never runs a program.
                if let Some(pid) = fork()? {
                    drop(job);
                    answer_spawn(control, pid, base_bytes)?;
                } else if let Some(vm) = vm.take() {
                    run_child(vm, &job, &child);
                }
            }
            (WAIT, None) => answer_wait(control, pid)?,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "unknown command")),
        }
    }
    Ok(())
}

/// Virtual memory of this process now: a child's limit comes on top.
fn address_space_bytes() -> io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
    Ok(pages * 4096)
}

#[expect(unsafe_code, reason = "fork has no safe wrapper")]
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the only other thread of this process is parked in `join` for good and holds no lock;
    // the child never returns to it.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

fn receive(control: BorrowedFd<'_>) -> io::Result<Option<(u8, i32, Option<OwnedFd>)>> {
    let mut bytes = [0_u8; 5];
    let mut space = nix::cmsg_space!([RawFd; 1]);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let message = recvmsg::<()>(control.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let length = message.bytes;
    let mut fds = message.cmsgs()?.flat_map(|control| match control {
        ControlMessageOwned::ScmRights(fds) => fds,
        _ => Vec::new(),
    });
    let fd = fds.next().map(owned);
    if length == 0 {
        return Ok(None);
    }
    let [command, pid @ ..] = bytes;
    Ok(Some((command, i32::from_le_bytes(pid), fd)))
}

#[expect(unsafe_code, reason = "a received descriptor is a bare number")]
pub(crate) fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: the kernel just installed this descriptor for us; nobody else knows its number.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[expect(unsafe_code, reason = "pidfd_open has no safe wrapper")]
fn pidfd(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two integers and returns a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(owned(fd)) }
}

/// Answers with the child's process id and the address space that it has before any program.
fn answer_spawn(control: BorrowedFd<'_>, child: Pid, base_bytes: u64) -> io::Result<()> {
    let pidfd = pidfd(child)?;
    let mut answer = vec![SPAWN];
    answer.extend(child.as_raw().to_le_bytes());
    answer.extend(base_bytes.to_le_bytes());
    let fds = [pidfd.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&fds)];
    sendmsg::<()>(control.as_raw_fd(), &[IoSlice::new(&answer)], &rights, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Answers with how the child ended: `E` and its exit status, or `K` and the signal, then its peak memory in KiB.
fn answer_wait(control: BorrowedFd<'_>, pid: i32) -> io::Result<()> {
    let (kind, value, peak_kib) = wait(pid)?;
    let mut answer = vec![WAIT, kind];
    answer.extend(value.to_le_bytes());
    answer.extend(peak_kib.to_le_bytes());
    sendmsg::<()>(control.as_raw_fd(), &[IoSlice::new(&answer)], &[], MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

#[expect(unsafe_code, reason = "wait4 has no safe wrapper")]
fn wait(pid: i32) -> io::Result<(u8, i32, i64)> {
    let mut status = 0;
    // SAFETY: an all-zero `rusage` is a valid value of that plain C struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live, writable locals of the right types.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    if waited < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(match WaitStatus::from_raw(Pid::from_raw(waited), status)? {
        WaitStatus::Exited(_, code) => (b'E', code, usage.ru_maxrss),
        WaitStatus::Signaled(_, signal, _) => (b'K', signal as i32, usage.ru_maxrss),
        _ => (b'K', 0, usage.ru_maxrss),
    })
}

/// What every child does before it has a job.
struct ChildSetup {
    filter: seccompiler::BpfProgram,
    pages: rehearsal::Pages,
}

/// Becomes a worker ahead of need: locked down and with its memory at hand, it waits for its job. The executor bounds
/// its address space and its processor time before it sends one.
fn run_child(vm: Vm, job: &OwnedFd, setup: &ChildSetup) -> ! {
    alloc::exit_when_out_of_memory();
    if prepare_child(job).and_then(|()| lockdown::lock_child(&setup.filter)).is_err() {
        alloc::exit(EXIT_LOCKDOWN);
    }
    setup.pages.take();
    let Ok(job) = frame::read(&mut JobSocket) else { alloc::exit(EXIT_LOCKDOWN) };
    // The interpreter's state is not looked at after a panic: the process ends.
    let _panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match job {
        Job::Run(request) if request.language == Language::JavaScript => edgecoder_js_vm::run(request, deliver),
        Job::Run(request) => vm.run(request, deliver),
        Job::Check(request) if request.language == Language::JavaScript => {
            deliver(checked(edgecoder_js_vm::check(&request)))
        }
        Job::Check(request) => deliver(checked(vm.check(&request))),
    }));
    alloc::exit(EXIT_PANIC);
}

/// Puts the job's socket in place of the control socket and closes everything else.
fn prepare_child(job: &OwnedFd) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    close_all_but(job)
}

/// Descriptor 0 of a child, without `std`'s buffers and locks.
struct JobSocket;

impl io::Read for JobSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(nix::unistd::read(io::stdin().as_fd(), buffer)?)
    }
}

impl io::Write for JobSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(io::stdin().as_fd(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[expect(unsafe_code, reason = "dup2 onto a fixed number and close_range have no safe wrappers")]
fn close_all_but(job: &OwnedFd) -> io::Result<()> {
    // SAFETY: both calls only change this process's descriptor table; descriptors above 0 are not used afterwards
    // (the caller leaks `job`, and standard output and error are /dev/null or closed).
    let done =
        unsafe { libc::dup3(job.as_raw_fd(), 0, 0) >= 0 && libc::syscall(libc::SYS_close_range, 1, u32::MAX, 0) == 0 };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn checked(violations: Vec<Violation>) -> Ending {
    Ending {
        status: if violations.is_empty() { RunStatus::Completed } else { RunStatus::Rejected },
        reason: "checked".to_owned(),
        detail: String::new(),
        stdout: Vec::new(),
        stderr: Vec::new(),
        exit_code: None,
        tests: Vec::new(),
        violations,
        fuel: 0,
    }
}

fn deliver(ending: Ending) -> ! {
    let peak_kib = getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss());
    let sent = frame::write(&mut JobSocket, &Answer { ending, peak_kib });
    alloc::exit(i32::from(sent.is_err()));
}
