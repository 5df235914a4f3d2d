//! Turns a request into a job: which program, which arguments, which files, and how it is judged.

use std::path::Path;

use edgecoder_types::{FileRole, Language, RunRequest, SourceFile, TestPlan};

use super::interpreter::Interpreter;
use super::job::{Job, JobFile};
use super::verdict::Refusal;
use super::{OsSandbox, node, report};
use crate::contract::ExecutorError;

/// A file of a trusted test harness: its name and its text.
pub(crate) type Part = (&'static str, &'static str);

/// The trusted test harness, part by part; `main.py` starts it, or `ec_warm.py` for many runs.
pub(crate) const HARNESS: &[Part] = &[
    ("ec_wire.py", include_str!("../os_harness/ec_wire.py")),
    ("ec_values.py", include_str!("../os_harness/ec_values.py")),
    ("ec_boxes.py", include_str!("../os_harness/ec_boxes.py")),
    ("ec_proxy.py", include_str!("../os_harness/ec_proxy.py")),
    ("ec_async.py", include_str!("../os_harness/ec_async.py")),
    ("ec_peer.py", include_str!("../os_harness/ec_peer.py")),
    ("ec_subject.py", include_str!("../os_harness/ec_subject.py")),
    ("ec_policy.py", include_str!("../os_harness/ec_policy.py")),
    ("ec_guard.py", include_str!("../os_harness/ec_guard.py")),
    ("ec_modules.py", include_str!("../os_harness/ec_modules.py")),
    ("ec_answers.py", include_str!("../os_harness/ec_answers.py")),
    ("ec_judge.py", include_str!("../os_harness/ec_judge.py")),
    ("ec_audit.py", include_str!("../os_harness/ec_audit.py")),
    ("ec_explain.py", include_str!("../os_harness/ec_explain.py")),
    ("ec_fixtures.py", include_str!("../os_harness/ec_fixtures.py")),
    ("ec_lend.py", include_str!("../os_harness/ec_lend.py")),
    ("ec_load.py", include_str!("../os_harness/ec_load.py")),
    ("ec_pytest.py", include_str!("../os_harness/ec_pytest.py")),
    ("ec_collect.py", include_str!("../os_harness/ec_collect.py")),
    ("ec_stage.py", include_str!("../os_harness/ec_stage.py")),
    ("ec_main.py", include_str!("../os_harness/ec_main.py")),
    ("ec_heap.py", include_str!("../os_harness/ec_heap.py")),
    ("ec_pages.py", include_str!("../os_harness/ec_pages.py")),
    ("ec_rehearse.py", include_str!("../os_harness/ec_rehearse.py")),
    ("ec_warm.py", include_str!("../os_harness/ec_warm.py")),
    ("main.py", include_str!("../os_harness/main.py")),
];

/// Where a program finds other programs.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Processor seconds on top of the wall clock, per process: the parent's clock comes first.
const CPU_MARGIN_SECONDS: u64 = 2;

/// How the ending is judged.
#[derive(Debug)]
pub(crate) enum Judge {
    /// A program: its exit status.
    Program,
    /// A command: exit status 0 is one passed test.
    Command,
    /// The harness's records.
    Harness(report::Secret),
}

/// A job and what is needed to judge it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub job: Job,
    pub judge: Judge,
    pub runtime: String,
    config: Vec<u8>,
    harness: &'static [Part],
}

impl Prepared {
    /// A run that a trusted harness judges.
    pub(super) fn judged(
        mut job: Job,
        judge: Judge,
        runtime: String,
        config: Vec<u8>,
        harness: &'static [Part],
    ) -> Self {
        job.report = true;
        // Without it a program cannot read its own interpreter's memory through a file.
        job.proc = false;
        job.config_size = config.len() as u64;
        job.harness =
            harness.iter().map(|(path, text)| JobFile { path: (*path).to_owned(), size: text.len() as u64 }).collect();
        Self { job, judge, runtime, config, harness }
    }

    /// A run that is judged by its exit status.
    fn plain(job: Job, judge: Judge, runtime: String) -> Self {
        Self { job, judge, runtime, config: Vec::new(), harness: &[] }
    }

    /// The same job for an interpreter that has the harness already; `None` for what doesn't need the harness.
    pub(crate) fn warm(&self) -> Option<Self> {
        let Judge::Harness(secret) = &self.judge else { return None };
        if !self.harness.iter().any(|(name, _)| *name == "ec_warm.py") {
            return None;
        }
        let job = Job { argv: Vec::new(), env: Vec::new(), harness: Vec::new(), ..self.job.clone() };
        let judge = Judge::Harness(secret.clone());
        Some(Self { job, judge, runtime: self.runtime.clone(), config: self.config.clone(), harness: &[] })
    }

    /// The bytes that the job's sizes describe, in order.
    pub(crate) fn payload<'a>(&'a self, request: &'a RunRequest) -> Vec<&'a [u8]> {
        let mut parts = vec![request.stdin.as_slice(), self.config.as_slice()];
        parts.extend(self.harness.iter().map(|(_, text)| text.as_bytes()));
        parts.extend(request.files.iter().map(|file| file.content.as_slice()));
        parts
    }
}

/// Prepares a run; the inner error is an outcome (`Refused`).
pub(crate) fn prepare(sandbox: &OsSandbox, request: &RunRequest) -> Result<Result<Prepared, Refusal>, ExecutorError> {
    validate(request)?;
    match &request.tests {
        TestPlan::None => program(sandbox, request),
        TestPlan::Files(tests) | TestPlan::Selected(tests) => harness(sandbox, request, "run", tests),
        TestPlan::Collect(tests) => harness(sandbox, request, "collect", tests),
        TestPlan::Command(argv) => match test_runner(argv, &request.files) {
            Some(tests) => harness(sandbox, request, "run", &tests),
            None => command(sandbox, request, argv),
        },
    }
}

fn program(sandbox: &OsSandbox, request: &RunRequest) -> Result<Result<Prepared, Refusal>, ExecutorError> {
    let Some(entry) = &request.entry else {
        return Err(ExecutorError::Invalid("there is neither an entry file to run nor tests".to_owned()));
    };
    let (interpreter, name, options): (_, _, &[&str]) = match request.language {
        Language::Python => (sandbox.python(), "cpython", &["-s", "-B"]),
        Language::JavaScript => (sandbox.node(), "node", &[]),
        Language::Command => {
            return Err(ExecutorError::Invalid("language `command` needs a command as its test plan".to_owned()));
        }
    };
    let Some(interpreter) = interpreter else { return Ok(Err(Refusal::no_interpreter(request.language))) };
    let mut argv = vec![interpreter.path.to_string_lossy().into_owned()];
    argv.extend(options.iter().map(|option| (*option).to_owned()));
    argv.push(format!("{}/{entry}", super::init::WORKSPACE));
    argv.extend(request.args.iter().cloned());
    let mut job = base(request, argv);
    if request.language == Language::JavaScript {
        node::make_room(&mut job);
    }
    let runtime = format!("{name}-{}", interpreter.version);
    Ok(Ok(Prepared::plain(job, Judge::Program, runtime)))
}

fn command(
    sandbox: &OsSandbox,
    request: &RunRequest,
    argv: &[String],
) -> Result<Result<Prepared, Refusal>, ExecutorError> {
    if argv.is_empty() {
        return Err(ExecutorError::Invalid("the test command is empty".to_owned()));
    }
    let mut argv = argv.to_vec();
    let interpreter: Option<&Interpreter> = match argv[0].as_str() {
        "python" | "python3" => sandbox.python(),
        "node" => sandbox.node(),
        _ => None,
    };
    if let Some(interpreter) = interpreter {
        argv[0] = interpreter.path.to_string_lossy().into_owned();
    }
    let is_node = sandbox.node().is_some_and(|node| Path::new(&argv[0]) == node.path);
    let mut job = base(request, argv);
    if is_node {
        node::make_room(&mut job);
    }
    Ok(Ok(Prepared::plain(job, Judge::Command, "command".to_owned())))
}

fn harness(
    sandbox: &OsSandbox,
    request: &RunRequest,
    mode: &str,
    tests: &[String],
) -> Result<Result<Prepared, Refusal>, ExecutorError> {
    if let Some(missing) = tests.iter().find(|path| !request.files.iter().any(|file| file.path == **path)) {
        return Err(ExecutorError::Invalid(format!("test file {missing} is not among the request's files")));
    }
    if request.language == Language::JavaScript {
        return node::harness(sandbox, request, mode, tests, |argv| base(request, argv));
    }
    let Some(python) = sandbox.python() else { return Ok(Err(Refusal::no_interpreter(Language::Python))) };
    let secret = report::Secret::draw().map_err(|source| ExecutorError::Setup {
        context: "cannot draw random numbers for the test harness".to_owned(),
        source,
    })?;
    let argv = interpreter(&python.path.to_string_lossy(), "main.py");
    let config = report::configuration(request, mode, tests, &secret)?;
    let runtime = format!("cpython-{}", python.version);
    Ok(Ok(Prepared::judged(base(request, argv), Judge::Harness(secret), runtime, config, HARNESS)))
}

fn base(request: &RunRequest, argv: Vec<String>) -> Job {
    Job {
        argv,
        env: environment(hash_seed(request)),
        stdin_size: request.stdin.len() as u64,
        config_size: 0,
        files: request
            .files
            .iter()
            .map(|file| JobFile { path: file.path.clone(), size: file.content.len() as u64 })
            .collect(),
        harness: Vec::new(),
        proc: true,
        report: false,
        memory_bytes: request.limits.memory_bytes,
        data_bytes: request.limits.memory_bytes,
        processes: request.limits.processes,
        cpu_seconds: request.limits.timeout_ms.div_ceil(1000).saturating_add(CPU_MARGIN_SECONDS),
    }
}

/// What decides the order of sets in a run.
pub(crate) fn hash_seed(request: &RunRequest) -> u32 {
    u32::try_from(request.seed & 0xffff_ffff).unwrap_or(0)
}

/// The whole environment of a program.
pub(crate) fn environment(hash_seed: u32) -> Vec<(String, String)> {
    let variables = [
        ("PATH", PATH.to_owned()),
        ("HOME", "/tmp".to_owned()),
        ("TMPDIR", "/tmp".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("USER", "user".to_owned()),
        ("SOURCE_DATE_EPOCH", "315532800".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PYTHONHASHSEED", hash_seed.to_string()),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The command that starts a part of the harness.
pub(crate) fn interpreter(python: &str, part: &str) -> Vec<String> {
    let script = format!("{}/{part}", super::init::HARNESS);
    [python, "-s", "-S", "-B", &script].map(str::to_owned).to_vec()
}

/// Options of pytest and unittest that change how they report, not what they run.
const HARMLESS_OPTIONS: &[&str] = &[
    "-q",
    "-qq",
    "-v",
    "-vv",
    "-x",
    "-s",
    "-b",
    "-f",
    "--quiet",
    "--verbose",
    "--exitfirst",
    "--failfast",
    "--buffer",
];

/// The last part of a path.
fn last_part(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// What follows `pytest`, `python -m pytest` or `python -m unittest`; `None` for other commands.
fn runner_words(argv: &[String]) -> Option<&[String]> {
    match argv {
        [program, rest @ ..] if ["pytest", "py.test"].contains(&last_part(program)) => Some(rest),
        [program, flag, module, rest @ ..]
            if flag == "-m"
                && ["pytest", "unittest"].contains(&module.as_str())
                && last_part(program).starts_with("python") =>
        {
            Some(rest)
        }
        _ => None,
    }
}

/// The files that a pytest or unittest invocation means; `None` when it is neither.
fn test_runner(argv: &[String], files: &[SourceFile]) -> Option<Vec<String>> {
    let rest = runner_words(argv)?;
    let named: Vec<String> = rest
        .iter()
        .filter(|word| !word.starts_with('-') && *word != "discover")
        .flat_map(|word| meant_by(word, files))
        .collect();
    if !named.is_empty() {
        return Some(named);
    }
    let is_test = |file: &&SourceFile| {
        let name = last_part(&file.path);
        file.role == FileRole::Oracle
            && is_python(name)
            && (name.starts_with("test") || name.strip_suffix("_test.py").is_some())
    };
    Some(files.iter().filter(is_test).map(|file| file.path.clone()).collect())
}

/// By the suffix as the import system sees it: case matters.
fn is_python(name: &str) -> bool {
    name.strip_suffix(".py").is_some()
}

/// A file, a folder of test files, or a dotted module name.
fn meant_by(word: &str, files: &[SourceFile]) -> Vec<String> {
    let path = word.split("::").next().unwrap_or_default().trim_start_matches("./").trim_end_matches('/');
    let dotted = format!("{}.py", path.replace('.', "/"));
    let below = format!("{path}/");
    let is_test = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or_default();
        is_python(name) && (name.starts_with("test") || name.strip_suffix("_test.py").is_some())
    };
    files
        .iter()
        .map(|file| &file.path)
        .filter(|name| **name == path || **name == dotted || (name.starts_with(&below) && is_test(name)))
        .cloned()
        .collect()
}

/// The built-in collector stands in for pytest and unittest: what it does not know it must not leave out silently.
fn check_runner(plan: &TestPlan) -> Result<(), ExecutorError> {
    let TestPlan::Command(argv) = plan else { return Ok(()) };
    let unknown =
        |word: &&String| word.contains("::") || (word.starts_with('-') && !HARMLESS_OPTIONS.contains(&word.as_str()));
    match runner_words(argv).unwrap_or_default().iter().find(unknown) {
        Some(word) => Err(ExecutorError::Invalid(format!(
            "the built-in test runner does not know {word:?} in a command; select tests by a plan of files and expected tests, \
             or put the command into a script"
        ))),
        None => Ok(()),
    }
}

fn validate(request: &RunRequest) -> Result<(), ExecutorError> {
    check_runner(&request.tests)?;
    let mut previous: Option<&str> = None;
    for file in &request.files {
        let bad = file.path.is_empty()
            || file.path.contains('\0')
            || file.path.split('/').any(|part| matches!(part, "" | "." | ".."));
        if bad {
            return Err(ExecutorError::Invalid(format!("file path {:?} has to be relative and plain", file.path)));
        }
        if previous.is_some_and(|previous| previous >= file.path.as_str()) {
            return Err(ExecutorError::Invalid(format!("file {} is out of order or there twice", file.path)));
        }
        previous = Some(&file.path);
    }
    if let Some(entry) = &request.entry
        && !request.files.iter().any(|file| file.path == *entry)
    {
        return Err(ExecutorError::Invalid(format!("entry {entry} is not among the request's files")));
    }
    let strings = request.args.iter().chain(match &request.tests {
        TestPlan::Command(argv) => argv.iter(),
        TestPlan::None | TestPlan::Files(_) | TestPlan::Selected(_) | TestPlan::Collect(_) => [].iter(),
    });
    if strings.into_iter().any(|text| text.contains('\0')) {
        return Err(ExecutorError::Invalid("an argument holds a NUL byte".to_owned()));
    }
    Ok(())
}
