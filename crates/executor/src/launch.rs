//! Starts trusted host programs that the product itself needs (`pip`, `git`, …).
//!
//! Never for code of a task: that goes to the sandbox. The program gets an argument list (no shell),
//! a small inherited environment, a process group of its own and a bound on time and output; the
//! whole group is killed when the call ends early or the handle is dropped.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::contract::Cancel;
use edgecoder_types::ErrorKind;

/// What a program inherits of our environment; everything else is left out.
const INHERITED: [&str; 12] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
/// Most bytes kept of each stream unless told otherwise.
const OUTPUT_BYTES: usize = 64 << 20;
/// Longest run unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(600);
/// How often a cancel is looked for.
const CANCEL_WATCH: Duration = Duration::from_millis(25);
/// Between the polite signal and the other one.
const GRACE: Duration = Duration::from_millis(500);

/// Why a host program gave no result.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no such program.
    #[error("program {program} was not found; install it, or put it on the PATH")]
    NotFound {
        /// As asked for.
        program: String,
    },
    /// It could not be started or talked to.
    #[error("cannot run {program}")]
    Start {
        /// As asked for.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It took too long and was ended.
    #[error("{program} did not end within {seconds} s and was ended")]
    TimedOut {
        /// As asked for.
        program: String,
        /// The bound.
        seconds: u64,
    },
    /// It printed too much and was ended.
    #[error("{program} printed more than {bytes} bytes and was ended")]
    OutputLimit {
        /// As asked for.
        program: String,
        /// The bound.
        bytes: usize,
    },
    /// The caller cancelled.
    #[error("{program} was cancelled")]
    Cancelled {
        /// As asked for.
        program: String,
    },
}

impl LaunchError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Start { .. } | Self::TimedOut { .. } | Self::Cancelled { .. } => ErrorKind::Unavailable,
            Self::OutputLimit { .. } => ErrorKind::Exhausted,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "program_not_found",
            Self::Start { .. } => "program_start_failed",
            Self::TimedOut { .. } => "program_timed_out",
            Self::OutputLimit { .. } => "program_output_limit",
            Self::Cancelled { .. } => "program_cancelled",
        }
    }
}

/// What a host program left behind.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether the exit status is 0.
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// The last line of standard error that isn't blank, for messages.
    pub fn last_error_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
    }
}

/// A host program with its arguments.
#[derive(Debug)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    timeout: Duration,
    output_bytes_max: usize,
}

impl Command {
    /// A program by path, or by name to be found on the `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            folder: None,
            stdin: Vec::new(),
            timeout: TIMEOUT,
            output_bytes_max: OUTPUT_BYTES,
        }
    }

    /// Adds one argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable on top of the few inherited ones.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the working folder.
    pub fn folder(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Sets standard input; it is empty otherwise.
    pub fn stdin(&mut self, content: impl Into<Vec<u8>>) -> &mut Self {
        self.stdin = content.into();
        self
    }

    /// Sets the longest run.
    pub fn timeout(&mut self, timeout: Duration) -> &mut Self {
        self.timeout = timeout;
        self
    }

    /// Sets the most bytes of each output stream.
    pub fn output_bytes_max(&mut self, bytes: usize) -> &mut Self {
        self.output_bytes_max = bytes;
        self
    }

    /// Runs it to its end and returns what it printed.
    pub fn run(&self, cancel: &Cancel) -> Result<Output, LaunchError> {
        self.run_streaming(cancel, |_, _| {})
    }

    /// Like [`Command::run`], and hands every piece of output to `on_output` as it comes.
    pub fn run_streaming(
        &self,
        cancel: &Cancel,
        mut on_output: impl FnMut(OutputStream, &[u8]),
    ) -> Result<Output, LaunchError> {
        let mut group = self.start()?;
        let pieces = group.pump(&self.stdin);
        let deadline = Instant::now() + self.timeout;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut open = true;
        loop {
            if open {
                match pieces.recv_timeout(CANCEL_WATCH) {
                    Ok((stream, piece)) => {
                        on_output(stream, &piece);
                        let kept = if stream == OutputStream::Stdout { &mut stdout } else { &mut stderr };
                        if kept.len() + piece.len() > self.output_bytes_max {
                            return Err(LaunchError::OutputLimit {
                                program: self.name(),
                                bytes: self.output_bytes_max,
                            });
                        }
                        kept.extend(piece);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => open = false,
                }
            } else if let Some(status) = group.0.try_wait().map_err(|source| self.failed(source))? {
                group.1 = true;
                return Ok(Output { status, stdout, stderr });
            } else {
                std::thread::sleep(Duration::from_millis(1));
            }
            if cancel.is_cancelled() {
                return Err(LaunchError::Cancelled { program: self.name() });
            }
            if Instant::now() >= deadline {
                return Err(LaunchError::TimedOut { program: self.name(), seconds: self.timeout.as_secs() });
            }
        }
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    fn failed(&self, source: io::Error) -> LaunchError {
        LaunchError::Start { program: self.name(), source }
    }

    fn start(&self) -> Result<Group, LaunchError> {
        if let Some(folder) = &self.folder
            && !folder.is_dir()
        {
            let message = format!("{} is not a folder", folder.display());
            return Err(self.failed(io::Error::new(io::ErrorKind::NotADirectory, message)));
        }
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args).env_clear().process_group(0);
        #[expect(clippy::disallowed_methods, reason = "the one place that hands our environment on, name by name")]
        let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command.envs(inherited).envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => Ok(Group(child, false)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(LaunchError::NotFound { program: self.name() })
            }
            Err(error) => Err(self.failed(error)),
        }
    }
}

/// Which of a program's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A process group with its leader, and whether the leader has been reaped.
#[derive(Debug)]
struct Group(Child, bool);

impl Group {
    /// Feeds the input and reads both outputs on threads of their own, which end with the program.
    fn pump(&mut self, stdin: &[u8]) -> Receiver<(OutputStream, Vec<u8>)> {
        let (sender, receiver) = channel();
        if let Some(mut input) = self.0.stdin.take() {
            let content = stdin.to_vec();
            // A program that stops reading is not an error: its exit status tells.
            std::thread::spawn(move || input.write_all(&content).unwrap_or_default());
        }
        let sources: [(OutputStream, Option<Box<dyn Read + Send>>); 2] = [
            (OutputStream::Stdout, self.0.stdout.take().map(|pipe| Box::new(pipe) as _)),
            (OutputStream::Stderr, self.0.stderr.take().map(|pipe| Box::new(pipe) as _)),
        ];
        for (stream, source) in sources {
            let Some(mut source) = source else { continue };
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(count @ 1..) = source.read(&mut buffer) {
                    if sender.send((stream, buffer[..count].to_vec())).is_err() {
                        return;
                    }
                }
            });
        }
        receiver
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.0.id()).unwrap_or(i32::MAX));
        if self.1 {
            return;
        }
        let end = Instant::now() + GRACE;
        let mut gone = killpg(group, Signal::SIGTERM).is_err();
        while !gone && Instant::now() < end {
            gone = !matches!(self.0.try_wait(), Ok(None));
            std::thread::sleep(Duration::from_millis(2));
        }
        killpg(group, Signal::SIGKILL).unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}
