//! Process 1 of the sandbox: builds the root, locks down, starts the program and waits for it.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::socket::{ControlMessage, MsgFlags, recv, sendmsg};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Gid, Pid, Uid, setfsgid, setfsuid, sethostname};

use super::helper::{Received, errno_of, memory_file, receive, send};
use super::job::{Event, JobFile};
use super::root::{Step as _, StepError, USER_ID};
use super::{lockdown, root, seccomp, sys, warm};

/// Folder of the program's files inside.
pub(crate) const WORKSPACE: &str = "/work";
/// Folder of the trusted harness inside.
pub(crate) const HARNESS: &str = "/harness";

/// Descriptors at and above this number are the sandbox's own until the program starts.
const OWN_FDS: i32 = 16;

/// Never returns: ends the process when the program ended or could not be started. The job comes
/// through `feed`, after one byte that says that the identity maps are written.
pub(crate) fn run(binds: &[String], feed: UnixStream, status: &File) -> ! {
    let code = match prepare(binds, feed, status) {
        Ok((received, files)) => match sys::clone_process(0) {
            Ok(0) => {
                let Err(error) = start(&received, &files, status);
                i32::from(send(status, &failed(error)).is_err())
            }
            Ok(child) => wait_for(child, status),
            Err(source) => {
                let error = StepError { step: "fork", source, message: "start the program".to_owned() };
                i32::from(send(status, &failed(error)).is_err())
            }
        },
        Err(error) => i32::from(send(status, &failed(error)).is_err()),
    };
    sys::exit_now(code)
}

fn failed(error: StepError) -> Event {
    Event::SetupFailed { step: error.step.into(), errno: errno_of(&error.source), message: error.message }
}

/// What the program is handed as descriptors.
struct Handed {
    stdin: File,
    config: Option<File>,
}

/// The helper dies: so does the sandbox. It may be dead already; then the feed has ended.
fn tie() -> Result<(), StepError> {
    let tied = sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    tied.step("helper", || "tie to the helper".to_owned())
}

fn warn(status: &File, warnings: Vec<String>) -> Result<(), StepError> {
    let mut events = warnings.into_iter().map(Event::Warning);
    events.try_for_each(|event| send(status, &event)).step("helper", || "warn".to_owned())
}

/// What comes before the job, up to a root that is as good as done.
fn enter(binds: &[String], mut feed: &UnixStream, status: &File, proc: bool) -> Result<(), StepError> {
    tie()?;
    feed.read_exact(&mut [0]).step("helper", || "wait for the helper".to_owned())?;
    warn(status, root::enter(binds, proc, USER_ID)?)?;
    sethostname("sandbox").step("hostname", || "set the host name".to_owned())
}

fn prepare(binds: &[String], feed: UnixStream, status: &File) -> Result<(Received, Handed), StepError> {
    enter(binds, &feed, status, true)?;
    let filter = seccomp::filter();
    let stdin = memory_file("stdin", b"").step("files", || "standard input".to_owned())?;
    let received = receive(&feed).step("helper", || "read the job".to_owned())?;
    let handed = furnish(&received, stdin)?;
    drop(feed);
    warn(status, lockdown::apply(lockdown::Rules::new(binds), &filter)?)?;
    // Changing identity cleared it.
    tie()?;
    Ok((received, handed))
}

/// Makes the root what the job needs: the last change to it.
fn furnish(received: &Received, stdin: File) -> Result<Handed, StepError> {
    root::fit(&received.job)?;
    let config = place(received, &stdin)?;
    root::seal()?;
    Ok(Handed { stdin, config })
}

/// Process 1 of a sandbox whose program is forked by the warm interpreter; never returns. It does the same, tells the
/// judge at the `gate` when to come in and when to begin, and then only keeps the namespaces.
pub(crate) fn run_warm(binds: &[String], feed: UnixStream, gate: &OwnedFd, status: File) -> ! {
    let code = match prepare_warm(binds, feed, gate, &status) {
        Ok(()) => 0,
        Err(error) => i32::from(send(&status, &failed(error)).is_err()),
    };
    if code != 0 || sys::ignore_children().is_err() {
        sys::exit_now(1);
    }
    drop(status);
    loop {
        nix::unistd::pause();
    }
}

fn prepare_warm(binds: &[String], mut feed: UnixStream, gate: &OwnedFd, status: &File) -> Result<(), StepError> {
    enter(binds, &feed, status, false)?;
    let filter = seccomp::filter();
    let stdin = memory_file("stdin", b"").step("files", || "standard input".to_owned())?;
    let rules = lockdown::Rules::new(binds);
    let ruleset = rules.descriptor().step(warm::STEP, || "copy the landlock rules".to_owned())?;
    feed.read_exact(&mut [0]).step("helper", || "wait for the judge".to_owned())?;
    let rights: Vec<RawFd> =
        [Some(stdin.as_raw_fd()), ruleset.as_ref().map(AsRawFd::as_raw_fd)].into_iter().flatten().collect();
    gate_send(gate, &seccomp::bytes(&filter), &rights)?;
    drop(ruleset);
    let mut answer = [0; 512];
    let count = gate_recv(gate, &mut answer).step(warm::STEP, || "hear from the judge".to_owned())?;
    if answer[..count] != *b"+" {
        let source = io::Error::from_raw_os_error(libc::EPERM);
        let message = format!("lock the judge down: {}", String::from_utf8_lossy(&answer[..count]));
        return Err(StepError { step: warm::STEP, source, message });
    }
    send(status, &Event::Ready).step("helper", || "say that all is ready".to_owned())?;
    let received = receive(&feed).step("helper", || "read the job".to_owned())?;
    drop(feed);
    let Handed { stdin: _stdin, config } = furnish(&received, stdin)?;
    let limits: Vec<u8> = lockdown::limits(&received.job)
        .into_iter()
        .flat_map(|(resource, value)| [u64::from(resource as u32), value])
        .flat_map(u64::to_ne_bytes)
        .collect();
    let rights = [received.report.as_ref().map(AsRawFd::as_raw_fd), config.as_ref().map(AsRawFd::as_raw_fd)];
    gate_send(gate, &limits, &rights.into_iter().flatten().collect::<Vec<_>>())?;
    // Meanwhile the judge reads the job. It begins when this process, too, has given up everything.
    warn(status, lockdown::apply(rules, &filter)?)?;
    tie()?;
    gate_send(gate, b"!", &[])
}

/// Writes every file of the job to its place; the harness's configuration comes back.
fn place(received: &Received, stdin: &File) -> Result<Option<File>, StepError> {
    let job = &received.job;
    let mut rest = received.payload.as_slice();
    let mut cut = |size: u64| -> Result<&[u8], StepError> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let Some((taken, left)) = rest.split_at_checked(size) else {
            let source = io::ErrorKind::UnexpectedEof.into();
            return Err(StepError { step: "helper", source, message: "cut the payload".to_owned() });
        };
        rest = left;
        Ok(taken)
    };
    // Its offset stays at the start: whoever reads it shares it.
    stdin.write_all_at(cut(job.stdin_size)?, 0).step("files", || "standard input".to_owned())?;
    let config = cut(job.config_size)?;
    let config = if config.is_empty() {
        None
    } else {
        Some(memory_file("config", config).step("files", || "the harness's configuration".to_owned())?)
    };
    for file in &job.harness {
        write(HARNESS, file, cut(file.size)?)?;
    }
    // The program's own files belong to it.
    setfsgid(Gid::from_raw(USER_ID));
    setfsuid(Uid::from_raw(USER_ID));
    let written = job.files.iter().try_for_each(|file| write(WORKSPACE, file, cut(file.size)?));
    setfsuid(Uid::current());
    setfsgid(Gid::current());
    written?;
    if Path::new(WORKSPACE).join(".git").exists() {
        root::freeze(&format!("{WORKSPACE}/.git"))?;
    }
    Ok(config)
}

fn write(folder: &str, file: &JobFile, content: &[u8]) -> Result<(), StepError> {
    let path = Path::new(folder).join(&file.path);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(&path, content)).step("files", || file.path.clone())
}

/// In the program's process: last changes, then `execve`. Returns only on failure.
fn start(received: &Received, handed: &Handed, status: &File) -> Result<Infallible, StepError> {
    let job = &received.job;
    let here = |text: &'static str| move || text.to_owned();
    sys::prctl(libc::PR_SET_PDEATHSIG, 0).step("program", here("reset the death signal"))?;
    nix::unistd::setsid().step("program", here("start a session"))?;
    std::env::set_current_dir(WORKSPACE).step("program", here("enter the workspace"))?;
    let status = duplicate(status).step("program", here("keep the status pipe"))?;
    let moved: Vec<(i32, i32)> = [
        (Some(handed.stdin.as_raw_fd()), 0),
        (received.report.as_ref().map(AsRawFd::as_raw_fd), 3),
        (handed.config.as_ref().map(File::as_raw_fd), 4),
    ]
    .into_iter()
    .filter_map(|(source, target)| Some((source?, target)))
    .collect();
    let mut sources = Vec::new();
    for (source, target) in moved {
        sources.push((move_up(sys::borrow(source)).step("program", here("move a descriptor"))?, target));
    }
    sys::close_on_exec_from(3).step("program", here("close descriptors"))?;
    for (source, target) in &sources {
        sys::install_fd(source.as_raw_fd(), *target).step("program", here("install a descriptor"))?;
    }
    sys::reset_signals();
    let argv = strings(&job.argv).step("program", here("read the arguments"))?;
    let env = strings(&job.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
        .step("program", here("read the environment"))?;
    let name = job.argv.first().map_or("", String::as_str);
    let candidates = look_up(name, &job.env);
    lockdown::limit(job)?;
    let mut errno = libc::ENOENT;
    for path in candidates {
        let Ok(path) = CString::new(path.into_os_string().into_encoded_bytes()) else { continue };
        let error = errno_of(&sys::exec(&path, &argv, &env));
        if error != libc::ENOENT && error != libc::ENOTDIR {
            errno = error;
        }
    }
    send(&status, &Event::ExecFailed { program: name.to_owned(), errno }).step("program", here("report"))?;
    sys::exit_now(127)
}

fn gate_send(gate: &OwnedFd, bytes: &[u8], fds: &[RawFd]) -> Result<(), StepError> {
    let rights = [ControlMessage::ScmRights(fds)];
    let rights = if fds.is_empty() { &[] } else { &rights[..] };
    sendmsg::<()>(gate.as_raw_fd(), &[io::IoSlice::new(bytes)], rights, MsgFlags::MSG_NOSIGNAL, None)
        .map(drop)
        .step(warm::STEP, || "tell the judge".to_owned())
}

fn gate_recv(gate: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    match recv(gate.as_raw_fd(), buffer, MsgFlags::empty())? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => Ok(count),
    }
}

fn duplicate(file: &File) -> io::Result<File> {
    move_up(file).map(File::from)
}

/// A second number of a descriptor, above those that a program is handed.
pub(crate) fn move_up(fd: impl AsFd) -> io::Result<OwnedFd> {
    Ok(sys::adopt_fd(fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(OWN_FDS))?))
}

pub(crate) fn strings(list: &[String]) -> io::Result<Vec<CString>> {
    list.iter()
        .map(|item| CString::new(item.as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL)))
        .collect()
}

fn look_up(name: &str, env: &[(String, String)]) -> Vec<PathBuf> {
    if name.contains('/') {
        return vec![PathBuf::from(name)];
    }
    let path = env.iter().find(|(key, _)| key == "PATH").map_or("", |(_, value)| value.as_str());
    path.split(':').filter(|folder| !folder.is_empty()).map(|folder| Path::new(folder).join(name)).collect()
}

/// Reaps whatever ends until the program itself does.
fn wait_for(child: libc::pid_t, status: &File) -> i32 {
    let child = Pid::from_raw(child);
    loop {
        let (code, signal) = match wait() {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => (Some(code), None),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => (None, Some(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => (None, None),
        };
        let peak_bytes = sys::children_peak_bytes();
        return i32::from(send(status, &Event::Exited { code, signal, peak_bytes }).is_err());
    }
}
