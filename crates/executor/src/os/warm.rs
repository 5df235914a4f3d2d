//! The warm way into the sandbox: a Python interpreter that has loaded the test harness forks a process for each run.
//!
//! Four parties, beside the run's parent:
//!
//! * the **warm launcher** is a [`launcher`] in a user namespace of its own. It starts the interpreter and forks a helper
//!   for each run;
//! * the **warm interpreter** (`os_harness/ec_warm.py`) lives in that user namespace, in a root like a sandbox's, without
//!   the network. It has the capabilities of its namespace, so that its forks can enter the runs' namespaces, which are
//!   below it. It executes nobody's code, reads no job, and holds nothing secret;
//! * the **helper** makes the run's namespaces, as for a run without a warm interpreter, with **init** in them;
//! * the **judge** is what the interpreter forks: born into the run's process namespace, it enters the others, gives up
//!   everything, starts the subject, and says that it is ready. Only then the job is sent.
//!
//! Wire forms, all on sequenced-packet sockets. Helper to interpreter: one byte with init's process, the helper's answer
//! socket, the judge's gate, standard output, error output, and the pipe of the judge's last word. The answer: the judge's
//! process number, then its wait status and what it used, as the kernel tells them. A judge that has judged everything says
//! the same of itself as its last word, and waits to be ended: taking its memory down takes longer than a small run. Init
//! to judge, through the gate: the filter's steps with standard input and the landlock
//! ruleset; then the limits with the report and the configuration; then `!` when init is locked down itself, and no line of
//! the job is executed before. Judge to init: `+`, or `-` and what went wrong.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use edgecoder_types::Limits;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, socketpair};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, wait, waitpid};
use nix::unistd::{Pid, pipe2};

use super::helper::{
    Group, Init, Map, NAMESPACES, Received, detach_output, errno_of, ignore_gone, map_identities, memory_file, receive,
    send, transmit,
};
use super::job::Event;
use super::root::{Step as _, StepError};
use super::{init, launcher, memory, plan, root, sys};

/// The step that failed when a run has to go without a warm interpreter.
pub(crate) const STEP: &str = "warm_interpreter";
/// First argument of a launcher that has a warm interpreter.
const MARK: &str = "--warm";
/// The number that the socket to the interpreter has in the launcher, its helpers and the interpreter itself.
const CONTROL: RawFd = 3;
/// The number that the folder of the interpreter's process in `/proc` has in it, until it serves.
const ABOUT: RawFd = 4;
/// Length of what is said of a judge's ending, and where its peak memory stands in it (in KiB).
const ENDING_BYTES: usize = PEAK_AT - 32 + size_of::<libc::rusage>();
const PEAK_AT: usize = 8 + 32;

/// What a warm launcher is told by its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The interpreter's executable.
    pub python: String,
    /// Decides the order of sets, as the seed of a run does.
    pub hash_seed: u32,
    /// How long nothing may happen before all of it ends.
    pub idle: Duration,
    /// Host folders that the sandboxes show.
    pub binds: Vec<String>,
}

impl Config {
    pub(crate) fn to_args(&self) -> Vec<String> {
        let mut args = vec![MARK.to_owned(), self.python.clone(), self.hash_seed.to_string()];
        args.push(self.idle.as_millis().to_string());
        args.extend(self.binds.iter().cloned());
        args
    }

    /// `None`: a launcher without an interpreter.
    pub(crate) fn from_args(args: &[String]) -> Option<Self> {
        let [mark, python, seed, idle, binds @ ..] = args else { return None };
        let idle = Duration::from_millis(idle.parse().ok()?);
        let config = Self { python: python.clone(), hash_seed: seed.parse().ok()?, idle, binds: binds.to_vec() };
        (mark == MARK).then_some(config)
    }
}

/// What a warm launcher has.
#[derive(Debug)]
pub(crate) struct Base {
    /// The socket to the interpreter; the helpers have it too.
    control: OwnedFd,
    /// The interpreter: readable once it has ended.
    pub interpreter: OwnedFd,
}

impl Base {
    /// Enters a user namespace and starts the interpreter in it.
    pub(crate) fn start(config: &Config) -> Result<Self, StepError> {
        let here = |text: &'static str| move || text.to_owned();
        enter_user_namespace()?;
        // The judges of an interpreter that died come here, so that they leave their process namespaces.
        sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1).step(STEP, here("adopt orphans"))?;
        let (control, theirs) = packets().step(STEP, here("make a socket pair"))?;
        let namespaces = NAMESPACES & !(libc::CLONE_NEWUSER | libc::CLONE_NEWPID);
        let pid = sys::clone_process(namespaces).step(STEP, here("create the interpreter's namespaces"))?;
        if pid == 0 {
            drop(control);
            let Err(_) = interpret(config, theirs);
            sys::exit_now(1);
        }
        let interpreter = sys::open_process(pid).step(STEP, here("watch the interpreter"))?;
        sys::install_fd(control.as_raw_fd(), CONTROL).step(STEP, here("keep the socket"))?;
        if control.as_raw_fd() == CONTROL {
            std::mem::forget(control);
        }
        Ok(Self { control: sys::adopt_fd(CONTROL), interpreter })
    }

    /// In a helper, where the process's number is closed already and the socket has kept its own.
    pub(crate) fn into_control(self) -> OwnedFd {
        std::mem::forget(self.interpreter);
        self.control
    }

    /// The launcher's end: the interpreter goes when nobody can ask it any more, and so do the helpers. Whoever ends is
    /// waited for: a judge that nobody waits for keeps its process namespace, and so init and the helper.
    pub(crate) fn end(self) {
        drop(self);
        while matches!(wait(), Ok(_) | Err(Errno::EINTR)) {}
    }
}

fn packets() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// The launcher becomes root of a namespace that has nothing but this user; the runs' namespaces are made below it.
fn enter_user_namespace() -> Result<(), StepError> {
    let here = |text: &'static str| move || text.to_owned();
    let (gone, go) = pipe2(OFlag::O_CLOEXEC).step("uid_map", here("make a pipe"))?;
    let launcher = nix::unistd::getpid();
    // The maps can only be written from outside.
    let mapper = sys::clone_process(0).step("uid_map", here("start a process that maps the user"))?;
    if mapper == 0 {
        drop(go);
        let there = File::from(gone).read_exact(&mut [0]);
        let map = Map { alone: 0, second: 65534 };
        sys::exit_now(i32::from(there.and_then(|()| map_identities(launcher.as_raw(), map)).is_err()));
    }
    unshare(CloneFlags::CLONE_NEWUSER).step("namespaces", here("create a user namespace"))?;
    File::from(go).write_all(b"1").step("uid_map", here("have the user mapped"))?;
    match waitpid(Pid::from_raw(mapper), None) {
        Ok(WaitStatus::Exited(_, 0)) => Ok(()),
        _ => Err(io::Error::from_raw_os_error(libc::EPERM)).step("uid_map", here("map the sandbox's user")),
    }
}

/// In the interpreter's process: a root of its own, then `execve`. Returns only on failure.
fn interpret(config: &Config, control: OwnedFd) -> Result<Infallible, StepError> {
    let here = |text: &'static str| move || text.to_owned();
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong).step(STEP, here("tie to the launcher"))?;
    // There is no `/proc` in its root.
    let about = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let about = nix::fcntl::open("/proc/self", about, Mode::empty()).step(STEP, here("open its folder in /proc"))?;
    // An ordinary user's namespace has nobody else to own anything.
    root::enter(&config.binds, false, 0)?;
    for (path, text) in plan::HARNESS {
        fs::write(Path::new(init::HARNESS).join(path), text).step("files", || (*path).to_owned())?;
    }
    root::seal()?;
    // The streams are of the kinds that those of a run are: the interpreter looks at them once.
    let stdin = memory_file("stdin", b"").step(STEP, here("make a standard input"))?;
    let (_nobody, output) = pipe2(OFlag::O_CLOEXEC).step(STEP, here("make a pipe"))?;
    let stdin = OwnedFd::from(stdin);
    let moved = [(&control, CONTROL), (&about, ABOUT), (&stdin, 0), (&output, 1), (&output, 2)].map(|(fd, target)| {
        let high = init::move_up(fd).step(STEP, here("move a descriptor"))?;
        Ok((high, target))
    });
    sys::close_on_exec_from(3).step(STEP, here("close descriptors"))?;
    for moved in moved {
        let (source, target) = moved?;
        sys::install_fd(source.as_raw_fd(), target).step(STEP, here("install a descriptor"))?;
    }
    sys::reset_signals();
    let argv = plan::interpreter(&config.python, "ec_warm.py");
    let env = plan::environment(config.hash_seed);
    let argv = init::strings(&argv).step(STEP, here("read the arguments"))?;
    let env = init::strings(&env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
        .step(STEP, here("read the environment"))?;
    let path = CString::new(config.python.as_bytes()).map_err(io::Error::from).step(STEP, here("read the path"))?;
    Err(sys::exec(&path, &argv, &env)).step(STEP, here("start the interpreter"))
}

/// The judge's ending.
struct Ended {
    status: i32,
    peak_bytes: u64,
}

impl Ended {
    fn into_event(self) -> Event {
        let Self { status, peak_bytes } = self;
        let (exited, killed) = (libc::WIFEXITED(status), libc::WIFSIGNALED(status));
        Event::Exited {
            code: exited.then(|| libc::WEXITSTATUS(status)),
            signal: killed.then(|| libc::WTERMSIG(status)),
            peak_bytes,
        }
    }
}

/// The helper's work for one run: everything that doesn't depend on the job is done before the job is there.
pub(crate) fn serve(socket: &UnixStream, control: OwnedFd, config: &Config) -> Result<(), StepError> {
    let here = |text: &'static str| move || text.to_owned();
    let mut group = Group::create();
    let (status_read, status_write) = pipe2(OFlag::O_CLOEXEC).step("helper", here("make a pipe"))?;
    let (feed, theirs) = UnixStream::pair().step("helper", here("make a socket pair"))?;
    let (gate, judges_end) = packets().step("helper", here("make a socket pair"))?;
    let (answer, interpreters_end) = packets().step("helper", here("make a socket pair"))?;
    let keep = |stream: RawFd| sys::borrow(stream).try_clone_to_owned().step("helper", here("keep the output"));
    let (out, err) = (keep(1)?, keep(2)?);
    let (last_word, judges_last_word) = pipe2(OFlag::O_CLOEXEC).step("helper", here("make a pipe"))?;
    detach_output().step("helper", here("let go of the output"))?;
    let pid = sys::clone_process(NAMESPACES).step("namespaces", here("create the namespaces"))?;
    if pid == 0 {
        drop((status_read, feed, judges_end, answer, interpreters_end, out, err, last_word, judges_last_word, control));
        init::run_warm(&config.binds, theirs, &gate, File::from(status_write));
    }
    drop((status_write, theirs, gate));
    // Leaving early kills init before the group goes: what is declared later is dropped first.
    let init = Init(Pid::from_raw(pid));
    map_identities(pid, Map { alone: root::USER_ID, second: root::USER_ID })
        .step("uid_map", here("map the sandbox's user"))?;
    ignore_gone((&feed).write_all(b"1")).step("helper", here("start init"))?;
    let process = sys::open_process(pid).step("helper", here("watch init"))?;
    launcher::send(&control, &[&process, &interpreters_end, &judges_end, &out, &err, &judges_last_word])
        .step(STEP, here("ask the warm interpreter"))?;
    drop((process, interpreters_end, judges_end, out, err, judges_last_word, control));
    group.then(|group| group.attach(pid));
    let judge = read_judge(&answer).step(STEP, here("have the warm interpreter fork"))?;
    check_memory(judge).step(STEP, here("find the interpreter's memory apart"))?;
    group.then(|group| group.attach(judge));
    // From here on the judge may start the subject: both are in the group.
    ignore_gone((&feed).write_all(b"2")).step("helper", here("go on with init"))?;
    let mut status = BufReader::new(File::from(status_read));
    let early = read_until_ready(&mut status, socket)?;
    // Most jobs have these limits; setting them again would be in the way of a small one.
    let expected = Limits::default();
    let expected = (expected.memory_bytes, expected.processes);
    group.then(|group| group.limit(expected.0, expected.1.saturating_add(1)));
    if !wait_for_job(socket, &answer, config.idle) {
        return Ok(());
    }
    let Received { job, payload, report } = receive(socket).step("helper", here("read the job"))?;
    if (job.memory_bytes, job.processes) != expected {
        group.then(|group| group.limit(job.memory_bytes, job.processes.saturating_add(1)));
    }
    group.warn(socket)?;
    (&mut &*socket).write_all(&early).step("helper", here("pass on warnings"))?;
    ignore_gone(transmit(&feed, &job, &[&payload], report.as_ref())).step("helper", here("pass on the job"))?;
    drop((feed, payload, report));
    let watched = |limit| move || memory::of_tree(pid).saturating_add(memory::of_tree(judge)) > limit;
    let exceeded = group.memory_watch(watched(job.memory_bytes));
    let (ended, memory_exceeded) = watch(socket, &answer, &last_word, exceeded.as_deref());
    drop(exceeded);
    // With init, all that is left of the run goes. When the judge is through, the parent need not wait for that: it hears
    // all before. Else it is all gone before a word is said.
    let init = if ended.is_some() {
        Some(init)
    } else {
        drop(init);
        None
    };
    let mut events = Vec::new();
    status.read_to_end(&mut events).step("helper", here("read the ending"))?;
    (&mut &*socket).write_all(&events).step("helper", here("pass on the ending"))?;
    if let Some(ended) = ended {
        send(socket, &ended.into_event()).step("helper", here("pass on the ending"))?;
    }
    group.say_last(socket, memory_exceeded)?;
    drop(init);
    Ok(())
}

/// The judge's process number, from the interpreter's first answer.
fn read_judge(answer: &OwnedFd) -> io::Result<libc::pid_t> {
    let mut number = [0; 4];
    match recv_packet(answer, &mut number)? {
        4 => Ok(libc::pid_t::from_ne_bytes(number)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn recv_packet(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match recv(socket.as_raw_fd(), buffer, MsgFlags::empty()) {
            Err(Errno::EINTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Waits until init says that the judge is ready, and passes that on; what it said before comes back.
fn read_until_ready(status: &mut BufReader<File>, socket: &UnixStream) -> Result<Vec<u8>, StepError> {
    let mut early = Vec::new();
    loop {
        let mut line = Vec::new();
        status.read_until(b'\n', &mut line).step("helper", || "hear from init".to_owned())?;
        if line.is_empty() {
            // Init failed: its last words go to the parent, which has sent no job yet.
            (&mut &*socket).write_all(&early).step("helper", || "pass on the failure".to_owned())?;
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof)).step(STEP, || "start the judge".to_owned());
        }
        if serde_json::from_slice::<Event>(&line).is_ok_and(|event| event == Event::Ready) {
            (&mut &*socket).write_all(&line).step("helper", || "say that all is ready".to_owned())?;
            return Ok(early);
        }
        early.extend(line);
    }
}

/// Whether a job comes before this helper has waited for too long, or the judge or the interpreter has ended.
fn wait_for_job(socket: &UnixStream, answer: &OwnedFd, idle: Duration) -> bool {
    let timeout = PollTimeout::try_from(idle).unwrap_or(PollTimeout::NONE);
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(answer.as_fd(), PollFlags::POLLIN)];
    while poll(&mut fds, timeout) == Err(Errno::EINTR) {}
    fds[0].any().unwrap_or(false)
}

/// Waits until the judge has ended or said its last word, the parent has closed its socket, or (true) memory runs over.
fn watch(
    socket: &UnixStream,
    answer: &OwnedFd,
    last_word: &OwnedFd,
    exceeded: Option<&dyn Fn() -> bool>,
) -> (Option<Ended>, bool) {
    let timeout = if exceeded.is_some() { super::helper::MEMORY_WATCH } else { Duration::from_hours(1) };
    let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::NONE);
    let mut last_word = Some(last_word);
    loop {
        let mut fds =
            vec![PollFd::new(answer.as_fd(), PollFlags::POLLIN), PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        fds.extend(last_word.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        let result = poll(&mut fds, timeout);
        let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(false));
        let [answered, closed, said] = [(); 3].map(|()| ready.next().unwrap_or(false));
        if exceeded.is_some_and(|exceeded| exceeded()) {
            return (None, true);
        }
        match result {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) if said => match last_word.take().and_then(read_last_word) {
                // It ended without one: what the interpreter says counts.
                None => {}
                ended => return (ended, false),
            },
            Ok(_) if answered => return (read_ending(answer), false),
            Ok(_) if !closed => {}
            _ => return (None, false),
        }
    }
}

/// `None`: there is none.
fn read_last_word(pipe: &OwnedFd) -> Option<Ended> {
    let mut bytes = [0; ENDING_BYTES];
    let count = nix::unistd::read(pipe, &mut bytes).ok()?;
    (count == ENDING_BYTES).then(|| ending(&bytes))?
}

/// `None`: the interpreter died, and nobody knows.
fn read_ending(answer: &OwnedFd) -> Option<Ended> {
    let mut bytes = [0; ENDING_BYTES];
    let count = recv_packet(answer, &mut bytes).ok()?;
    (count == ENDING_BYTES).then(|| ending(&bytes))?
}

/// From a wait status, padded, and a `struct rusage`.
fn ending(bytes: &[u8; ENDING_BYTES]) -> Option<Ended> {
    let status = i32::from_ne_bytes(*bytes.first_chunk()?);
    let peak_kib = libc::c_long::from_ne_bytes(*bytes.get(PEAK_AT..)?.first_chunk()?);
    Some(Ended { status, peak_bytes: u64::try_from(peak_kib).ok()?.saturating_mul(1024) })
}

/// Sees that nothing which a fork of the interpreter writes into its memory is there for another one: a library that maps
/// memory for both (libffi does under some policies) would join the runs.
fn check_memory(judge: libc::pid_t) -> io::Result<()> {
    let maps = fs::read_to_string(format!("/proc/{judge}/maps"))?;
    match shared_and_writable(&maps) {
        None if maps.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
        None => Ok(()),
        Some(_) => Err(io::Error::from_raw_os_error(libc::EPERM)),
    }
}

/// The first mapping that may be written and is no copy.
fn shared_and_writable(maps: &str) -> Option<&str> {
    maps.lines().find(|line| {
        let flags = line.split(' ').nth(1).unwrap_or_default().as_bytes();
        !matches!(flags, [_, b'-', _, _] | [_, _, _, b'p'])
    })
}

/// Tells the parent why this helper can serve no run.
pub(crate) fn refuse(socket: &UnixStream, error: StepError) -> io::Result<()> {
    send(socket, &Event::SetupFailed { step: STEP.into(), errno: errno_of(&error.source), message: error.message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back() {
        let binds = vec!["/etc/alternatives".to_owned(), "/opt/python".to_owned()];
        let config =
            Config { python: "/usr/bin/python3.11".to_owned(), hash_seed: 7, idle: Duration::from_secs(9), binds };
        assert_eq!(Config::from_args(&config.to_args()), Some(config.clone()));
        assert_eq!(Config::from_args(&config.binds), None, "a launcher without an interpreter has folders only");
    }

    #[test]
    fn memory_that_forks_share_is_found() {
        let line =
            |flags: &str| format!("7f0000000000-7f0000001000 {flags} 00000000 00:01 1234 /memfd:libffi (deleted)\n");
        for apart in ["r--p", "r-xp", "rw-p", "rwxp", "---p", "r--s", "r-xs"] {
            assert_eq!(shared_and_writable(&line(apart)), None, "{apart}");
        }
        for joined in ["rw-s", "rwxs", "-w-s", "nonsense"] {
            let maps = line("rw-p") + &line(joined) + &line("r--p");
            assert_eq!(shared_and_writable(&maps), Some(line(joined).trim_end()), "{joined}");
        }
    }

    #[test]
    fn an_ending_is_read_as_the_kernel_tells_it() {
        let pid = sys::clone_process(0).unwrap();
        if pid == 0 {
            sys::exit_now(7);
        }
        let mut bytes = [0; ENDING_BYTES];
        let status = match waitpid(Pid::from_raw(pid), None).unwrap() {
            WaitStatus::Exited(_, code) => code << 8,
            other => panic!("{other:?}"),
        };
        bytes[..4].copy_from_slice(&status.to_ne_bytes());
        bytes[PEAK_AT..PEAK_AT + 8].copy_from_slice(&12_i64.to_ne_bytes());
        let ended = ending(&bytes).unwrap();
        assert_eq!((libc::WEXITSTATUS(ended.status), ended.peak_bytes), (7, 12 << 10));
        assert_eq!(std::mem::offset_of!(libc::rusage, ru_maxrss) + 8, PEAK_AT);
        assert_eq!(ENDING_BYTES, 152, "as in `ec_warm.py`");
    }
}
