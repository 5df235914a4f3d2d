//! Process 1 of the sandbox: builds the root, locks down, starts the program and waits for it.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Gid, Pid, Uid, setfsgid, setfsuid, sethostname};

use super::helper::{Received, errno_of, memory_file, receive, send};
use super::job::{Event, JobFile};
use super::root::{Step as _, StepError, USER_ID};
use super::{lockdown, root, seccomp, sys};

/// Folder of the program's files inside.
pub(crate) const WORKSPACE: &str = "/work";
/// Folder of the trusted harness inside.
pub(crate) const HARNESS: &str = "/harness";

/// Descriptors at and above this number are the sandbox's own until the program starts.
const OWN_FDS: i32 = 16;

/// Never returns: ends the process when the program ended or could not be started. The job comes
/// through `feed`, after one byte that says that the identity maps are written.
pub(crate) fn run(binds: &[String], feed: UnixStream, status: File) -> ! {
    let code = match prepare(binds, feed, &status) {
        Ok((received, stdin, config)) => match sys::clone_process(0) {
            Ok(0) => {
                let Err(error) = start(&received, &stdin, config.as_ref(), &status);
                i32::from(send(&status, &failed(error)).is_err())
            }
            Ok(child) => wait_for(child, &status),
            Err(source) => {
                let error = StepError { step: "fork", source, message: "start the program".to_owned() };
                i32::from(send(&status, &failed(error)).is_err())
            }
        },
        Err(error) => i32::from(send(&status, &failed(error)).is_err()),
    };
    sys::exit_now(code)
}

fn failed(error: StepError) -> Event {
    Event::SetupFailed { step: error.step.into(), errno: errno_of(&error.source), message: error.message }
}

fn prepare(binds: &[String], mut feed: UnixStream, status: &File) -> Result<(Received, File, Option<File>), StepError> {
    let here = |text: &'static str| move || text.to_owned();
    let warn = |warnings: Vec<String>| {
        let mut events = warnings.into_iter().map(Event::Warning);
        events.try_for_each(|event| send(status, &event)).step("helper", here("warn"))
    };
    // The helper dies: so does the sandbox. It may be dead already; then the feed has ended.
    let tie = || sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong);
    tie().step("helper", here("tie to the helper"))?;
    feed.read_exact(&mut [0]).step("helper", here("wait for the helper"))?;
    warn(root::enter(binds)?)?;
    sethostname("sandbox").step("hostname", here("set the host name"))?;
    let filter = seccomp::filter();
    let received = receive(&feed).step("helper", here("read the job"))?;
    root::fit(&received.job)?;
    let (stdin, config) = place(&received)?;
    root::seal()?;
    warn(lockdown::apply(binds, &filter)?)?;
    // Changing identity cleared it.
    tie().step("helper", here("tie to the helper"))?;
    Ok((received, stdin, config))
}

/// Writes every file of the job to its place.
fn place(received: &Received) -> Result<(File, Option<File>), StepError> {
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
    let stdin = memory_file("stdin", cut(job.stdin_size)?).step("files", || "standard input".to_owned())?;
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
    Ok((stdin, config))
}

fn write(folder: &str, file: &JobFile, content: &[u8]) -> Result<(), StepError> {
    let path = Path::new(folder).join(&file.path);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(&path, content)).step("files", || file.path.clone())
}

/// In the program's process: last changes, then `execve`. Returns only on failure.
fn start(received: &Received, stdin: &File, config: Option<&File>, status: &File) -> Result<Infallible, StepError> {
    let job = &received.job;
    let here = |text: &'static str| move || text.to_owned();
    sys::prctl(libc::PR_SET_PDEATHSIG, 0).step("program", here("reset the death signal"))?;
    nix::unistd::setsid().step("program", here("start a session"))?;
    std::env::set_current_dir(WORKSPACE).step("program", here("enter the workspace"))?;
    let status = duplicate(status).step("program", here("keep the status pipe"))?;
    let moved: Vec<(i32, i32)> = [
        (Some(stdin.as_raw_fd()), 0),
        (received.report.as_ref().map(|fd| fd.as_raw_fd()), 3),
        (config.map(File::as_raw_fd), 4),
    ]
    .into_iter()
    .filter_map(|(source, target)| Some((source?, target)))
    .collect();
    let mut sources = Vec::new();
    for (source, target) in moved {
        let file = File::from(sys::adopt_fd(
            fcntl(sys::borrow(source), FcntlArg::F_DUPFD_CLOEXEC(OWN_FDS))
                .step("program", here("move a descriptor"))?,
        ));
        sources.push((file, target));
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
    lockdown::limits(job)?;
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

fn duplicate(file: &File) -> io::Result<File> {
    Ok(File::from(sys::adopt_fd(fcntl(file, FcntlArg::F_DUPFD_CLOEXEC(OWN_FDS))?)))
}

fn strings(list: &[String]) -> io::Result<Vec<CString>> {
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
