//! `edgecoder exec`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use edgecoder_executor::receipt::ReceiptFile;
use edgecoder_executor::{Executor, Runner as _};
use edgecoder_types::limits::SOURCE_BYTES_MAX;
use edgecoder_types::{FileRole, Language, RunRequest, RunResult, RunStatus, SourceFile, TestPlan, Verdict};

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit as Status;
use crate::output::printable;
use crate::source::{LanguageArg, Source, load_bytes};
use crate::style::Tone;
use crate::ui::{violation, words};

/// Run a program, with its tests if there are any, where it can do no harm.
///
/// Exit status: 0 passed or completed, 1 any other ending, 2 wrong usage or input, 3 refused.
#[derive(Debug, clap::Args)]
pub(crate) struct Exec {
    /// The program, or - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Tests that decide: asserts, doctests, unittest cases or pytest functions.
    #[arg(long, value_name = "FILE")]
    tests: Option<PathBuf>,
    /// Where to run; auto takes embedded when the program is inside the subset, else os.
    #[arg(long, value_enum)]
    layer: Option<LayerArg>,
    /// Interpreter work it may use (embedded layer); running out is the same on every machine.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Wall clock it may use, in seconds; a backstop.
    #[arg(long, value_name = "S")]
    timeout: Option<u64>,
    /// Memory it may use, in MiB; a backstop.
    #[arg(long, value_name = "MB")]
    memory: Option<u64>,
    /// Seed of random numbers, hashing and the virtual clock.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What the program reads from its standard input.
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// The language, when the file's name doesn't tell.
    #[arg(long, value_enum)]
    lang: Option<LanguageArg>,
    /// Print one JSON object: status, reason, layer, stdout, stderr, exit_code, tests, fuel, receipt, ….
    #[arg(long)]
    pub(crate) json: bool,
    /// Arguments for the program.
    #[arg(last = true, value_name = "ARG")]
    args: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LayerArg {
    /// Embedded when the program is inside the subset, else the OS sandbox.
    Auto,
    /// The embedded interpreter or nothing.
    Embedded,
    /// The OS sandbox or nothing.
    Os,
}

/// Largest standard input of a program, in bytes.
const STDIN_BYTES_MAX: usize = 32 << 20;

impl Exec {
    /// Runs and prints.
    pub(crate) fn run(self, app: &mut App) -> Result<Status, CliError> {
        self.set_flags(app)?;
        let source = Source::load(&self.file, self.lang)?;
        let request = self.request(app, &source)?;
        let cancel = app.cancel();
        let executor = app.executor()?;
        let result = executor.run(&request, &cancel)?;
        let kept = keep(app, &executor, &request, &result);
        if self.json {
            print_json(app, &result, kept.as_ref())?;
        } else {
            print_human(app, &source, &result, kept.as_ref())?;
        }
        Ok(exit(result.status))
    }

    fn set_flags(&self, app: &mut App) -> Result<(), CliError> {
        let layer = self.layer.map(|layer| match layer {
            LayerArg::Auto => "auto",
            LayerArg::Embedded => "embedded",
            LayerArg::Os => "os",
        });
        let flags = [
            ("exec.layer", "--layer", layer.map(str::to_owned)),
            ("exec.fuel", "--fuel", self.fuel.map(|fuel| fuel.to_string())),
            ("exec.timeout_s", "--timeout", self.timeout.map(|seconds| seconds.to_string())),
            ("exec.memory_mb", "--memory", self.memory.map(|mebibytes| mebibytes.to_string())),
        ];
        for (key, flag, value) in flags {
            if let Some(value) = value {
                app.config.set_flag(key, flag, &value)?;
            }
        }
        Ok(())
    }

    fn request(&self, app: &App, source: &Source) -> Result<RunRequest, CliError> {
        let mut files =
            vec![SourceFile { path: source.name.clone(), content: source.content.clone(), role: FileRole::Candidate }];
        let mut tests = TestPlan::None;
        if let Some(path) = &self.tests {
            let name = file_name(path);
            let (endings, found, wanted): (&[&str], _, _) = if source.language == Language::JavaScript {
                (&["js", "mjs", "cjs"], "no JavaScript file", "a test file that ends in .js, .mjs or .cjs")
            } else {
                (&["py"], "no Python file", "a test file that ends in .py")
            };
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if !endings.contains(&ending) && path.is_file() {
                return Err(CliError::WrongFileType { path: path.clone(), found, wanted });
            }
            if name == source.name {
                let message = format!("the program and its tests are both called {name}");
                let hint = Some("rename one: they lie side by side where they run".to_owned());
                return Err(CliError::Usage { message, hint });
            }
            files.push(SourceFile {
                path: name.clone(),
                content: load_bytes(path, SOURCE_BYTES_MAX)?,
                role: FileRole::Oracle,
            });
            tests = TestPlan::Files(vec![name]);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let stdin = self.stdin.as_deref().map_or(Ok(Vec::new()), |path| load_bytes(path, STDIN_BYTES_MAX))?;
        Ok(RunRequest {
            language: source.language,
            entry: Some(source.name.clone()),
            files,
            tests,
            expected_tests: Vec::new(),
            stdin,
            args: self.args.clone(),
            limits: app.config.limits(),
            layer: app.config.layer(),
            seed: self.seed,
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The exit status of each ending.
fn exit(status: RunStatus) -> Status {
    match status {
        RunStatus::Passed | RunStatus::Completed => Status::Success,
        RunStatus::Refused => Status::Refused,
        RunStatus::Failed
        | RunStatus::NoTests
        | RunStatus::Error
        | RunStatus::Rejected
        | RunStatus::Forged
        | RunStatus::OutOfFuel
        | RunStatus::TimedOut
        | RunStatus::OutOfMemory
        | RunStatus::OutputLimit
        | RunStatus::Crashed
        | RunStatus::Cancelled => Status::Failure,
    }
}

/// Keeps the receipt where there is one. A full disk doesn't undo the run: it is said, and the run's answer stands.
fn keep(app: &App, executor: &Executor, request: &RunRequest, result: &RunResult) -> Option<(ReceiptFile, PathBuf)> {
    result.receipt.as_ref()?;
    match executor.keep_receipt(request, result) {
        Ok(kept) => Some(kept),
        Err(error) => {
            let error = CliError::from(error);
            app.output.note(format_args!("the receipt was not kept: {}", printable(&error.message())));
            None
        }
    }
}

fn print_json(app: &App, result: &RunResult, kept: Option<&(ReceiptFile, PathBuf)>) -> Result<(), CliError> {
    let mut value = serde_json::to_value(result).map_err(std::io::Error::from)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("receipt_digest".to_owned(), kept.map(|(file, _)| file.digest.to_string()).into());
        object.insert("receipt_file".to_owned(), kept.map(|(_, path)| path.display().to_string()).into());
    }
    app.output.json(&value)
}

fn print_human(
    app: &App,
    source: &Source,
    result: &RunResult,
    kept: Option<&(ReceiptFile, PathBuf)>,
) -> Result<(), CliError> {
    app.output.bytes(&result.stdout)?;
    app.output.error_bytes(&result.stderr);
    let paint = app.output.error_palette;
    if result.status == RunStatus::Rejected {
        for violation in &result.violations {
            let path = if violation.path.is_empty() { &source.shown } else { &violation.path };
            let text =
                if violation.path.is_empty() || violation.path == source.name { &source.content[..] } else { &[] };
            for line in violation::lines(paint, path, text, violation) {
                app.output.note(line);
            }
        }
    }
    for test in result.tests.iter().filter(|test| test.verdict != Verdict::Passed) {
        let (tone, mark) = words::mark(test.verdict);
        app.output.note(format_args!("{} {}", paint.paint(tone, mark), printable(&test.id)));
        if !test.message.is_empty() {
            app.output.note(format_args!("    {}", printable(&test.message)));
        }
    }
    app.output.note(words::summary(paint, result));
    if !result.detail.is_empty() {
        app.output.note(paint.paint(Tone::Faint, printable(&result.detail)));
    }
    if let Some((_, path)) = kept {
        app.output.note(paint.paint(Tone::Faint, format!("receipt {}", path.display())));
    }
    Ok(())
}
