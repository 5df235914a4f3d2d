//! A home directory of its own for each test, and the binary started in it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a home and a working directory.
pub(crate) struct Home {
    folder: TempDir,
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        std::fs::create_dir(folder.path().join("here")).unwrap();
        Self { folder }
    }

    /// The working directory of the commands.
    pub(crate) fn here(&self) -> PathBuf {
        self.folder.path().join("here")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file in the working directory.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.here().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// The command, ready to start.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgecoder"));
        command.args(args).current_dir(self.here()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    /// A command line as a user pastes it into a shell.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.here()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.command(args).output().unwrap().into()
    }

    /// Runs it with something on its standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> Ended {
        use std::io::Write as _;
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A command that refuses its input early closes the pipe.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let ended = child.wait_with_output().unwrap().into();
        writer.join().unwrap();
        ended
    }

    /// Runs it on a terminal of its own, 80 columns wide; both streams come back as one text.
    pub(crate) fn run_on_terminal(&self, args: &str, variables: &[(&str, &str)]) -> Ended {
        let script = format!("stty cols 80 rows 24; exec {} {args}", env!("CARGO_BIN_EXE_edgecoder"));
        let mut command = Command::new("script");
        command.args(["-qefc", &script, "/dev/null"]).current_dir(self.here()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin").env("TERM", "xterm-256color");
        command.env("SHELL", "/bin/sh");
        command.envs(variables.iter().copied());
        command.output().unwrap().into()
    }
}

/// The default model's file.
pub(crate) fn model() -> String {
    std::env::var("EDGECODER_TEST_MODEL")
        .expect("set EDGECODER_TEST_MODEL to the default model's GGUF file (`make test` fetches it and does so)")
}

/// All processes below this one, with their start times: a number alone may be given out again.
pub(crate) fn descendants(root: u32) -> Vec<(u32, String)> {
    let mut found = vec![(root, String::new())];
    let mut at = 0;
    while let Some((parent, _)) = found.get(at).cloned() {
        let children = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse::<u32>().ok()?;
            let (ppid, started) = parent_and_start(process)?;
            (ppid == parent).then_some((process, started))
        });
        found.extend(children);
        at += 1;
    }
    found.remove(0);
    found
}

/// Whether that very process still runs.
pub(crate) fn is_running(process: &(u32, String)) -> bool {
    parent_and_start(process.0).is_some_and(|(_, started)| started == process.1)
}

/// Fields 4 and 22 of `/proc/PID/stat`; `None` for what is gone or a zombie.
fn parent_and_start(process: u32) -> Option<(u32, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    (*fields.first()? != "Z").then_some(())?;
    Some((fields.get(1)?.parse().ok()?, (*fields.get(19)?).to_owned()))
}
