//! Building requests and running them in a process of their own, bounded in time and memory.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use edgecoder_js_vm::Ending;
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, SourceFile, TestPlan};

const PROGRAM: &str = env!("CARGO_BIN_EXE_edgecoder-js-vm-once");
const PRLIMIT: &str = "/usr/bin/prlimit";

/// Wall clock of one program.
pub(crate) const WALL: Duration = Duration::from_secs(20);

/// Fuel of ordinary programs.
pub(crate) const FUEL: u64 = 2_000_000;

/// What became of a process.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It delivered an ending.
    Ended(Box<Ending>),
    /// It died without one, as by the address space limit.
    Died(String),
    /// It was killed by the clock.
    Killed,
}

impl Outcome {
    /// The ending, or the test fails.
    pub(crate) fn ending(self) -> Ending {
        match self {
            Self::Ended(ending) => *ending,
            Self::Died(text) => panic!("it died without an ending: {text}"),
            Self::Killed => panic!("it was killed by the clock"),
        }
    }
}

pub(crate) fn file(path: &str, role: FileRole, content: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), content: content.as_bytes().to_vec(), role }
}

pub(crate) fn request(entry: Option<&str>, mut files: Vec<SourceFile>, tests: TestPlan) -> RunRequest {
    files.sort_by(|left, right| left.path.cmp(&right.path));
    RunRequest {
        language: Language::JavaScript,
        entry: entry.map(str::to_owned),
        files,
        tests,
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits { fuel: FUEL, ..Limits::default() },
        layer: LayerChoice::Embedded,
        seed: 7,
    }
}

/// A candidate program.
pub(crate) fn program(source: &str) -> RunRequest {
    request(Some("main.js"), vec![file("main.js", FileRole::Candidate, source)], TestPlan::None)
}

/// A candidate `sol.js`, judged by an oracle `t.js`.
pub(crate) fn judged(candidate: &str, oracle: &str) -> RunRequest {
    let files = vec![file("sol.js", FileRole::Candidate, candidate), file("t.js", FileRole::Oracle, oracle)];
    request(Some("sol.js"), files, TestPlan::Files(vec!["t.js".to_owned()]))
}

/// Runs a request.
pub(crate) fn run(request: &RunRequest) -> Outcome {
    run_within(request, WALL, 3 << 30)
}

/// Runs a request within a wall clock and an address space in bytes.
pub(crate) fn run_within(request: &RunRequest, wall: Duration, address_space: u64) -> Outcome {
    let mut command = if std::path::Path::new(PRLIMIT).exists() {
        let mut command = Command::new(PRLIMIT);
        command.args([&format!("--as={address_space}"), "--core=0", "--", PROGRAM]);
        command
    } else {
        Command::new(PROGRAM)
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let text = serde_json::to_vec(request).expect("requests are JSON");
    child.stdin.take().expect("piped").write_all(&text).expect("the program reads its request");
    let mut stdout = child.stdout.take().expect("piped");
    let mut stderr = child.stderr.take().expect("piped");
    let out = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).map(|_| text)
    });
    let err = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| text)
    });
    let started = Instant::now();
    loop {
        if child.try_wait().expect("a child can be waited for").is_some() {
            break;
        }
        if started.elapsed() > wall {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
            return Outcome::Killed;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let out = out.join().expect("the reader ends").expect("the pipe is readable");
    let err = err.join().expect("the reader ends").expect("the pipe is readable");
    match serde_json::from_slice(&out) {
        Ok(ending) => Outcome::Ended(Box::new(ending)),
        Err(_) => Outcome::Died(String::from_utf8_lossy(&err).chars().take(400).collect()),
    }
}

/// The cases of a data file: what follows each line `### name`.
pub(crate) fn cases(text: &'static str) -> Vec<(&'static str, &'static str)> {
    let parts = text.split("\n### ").skip(1);
    parts.filter_map(|part| part.split_once('\n')).map(|(name, body)| (name, body.trim_end_matches('\n'))).collect()
}

/// Checks all cases, two at a time, and reports every one that fails.
pub(crate) fn all<T: Sync>(cases: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = Mutex::new(cases.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(case) = next.lock().expect("no thread panics with it").next() else { return };
                    if let Err(failure) = check(case) {
                        failures.lock().expect("no thread panics with it").push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no thread panics with it");
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
