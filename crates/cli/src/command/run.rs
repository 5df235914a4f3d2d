//! `edgecoder run`.

use std::path::PathBuf;

use edgecoder_agent::{Agent, AgentEvent, Budget, RunOptions, RunReport};
use edgecoder_executor::Cancel;
use edgecoder_executor::identity::{SystemClock, SystemEntropy};
use edgecoder_inference::Model;
use edgecoder_security::body_digest;
use edgecoder_types::Digest;
use edgecoder_types::ids::RunId;

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::keeping::KeepingRunner;
use crate::output::error_object;
use crate::preview;
use crate::program;
use crate::remote;
use crate::ui::follow::Follower;
use crate::ui::report;

/// Work on a coding task until its tests pass.
///
/// The agent writes candidates with a model, of this machine unless you name another, runs each in the sandbox, repairs the best one with its
/// own error, and stops at the first that passes. It works on a copy: your files change only with --apply or
/// `edgecoder apply`. "verified" means that the executor's receipt for the exact final code says that every test passed.
///
/// A run with a budget in samples or tokens is reproducible: the same seed, model, build and machine kind give the same
/// result. A budget in seconds is not.
///
/// Exit status: 0 verified, 1 not verified, 2 wrong usage or input, 3 refused by policy.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Run {
    /// What is to be done, in words; asserts, doctests and examples in it count as tests.
    #[arg(value_name = "TASK")]
    task: String,
    /// The repository to work in; by default the working directory, unless the task has examples of its own.
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Write in this file only.
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// The command that runs the tests; by default they are found in the repository.
    #[arg(long, value_name = "CMD")]
    test: Option<String>,
    /// Most candidates (reproducible).
    #[arg(long, value_name = "N")]
    samples: Option<u64>,
    /// Most tokens, as in 20000 (reproducible), or most time, as in 90s or 5m (not reproducible).
    #[arg(long, value_name = "N|TIME")]
    budget: Option<String>,
    /// Where all randomness comes from.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Model: a name from `edgecoder model list`, a path to a GGUF file, ollama:NAME or openai:NAME.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Change your files when the result is verified.
    #[arg(long)]
    apply: bool,
    /// With a model of a server: print what would be sent first, byte for byte, and send nothing.
    #[arg(long, conflicts_with = "apply")]
    preview: bool,
    /// Let the task and code go to the model's server, though it is another machine.
    #[arg(long)]
    allow_egress: bool,
    /// Print every event as one JSON object a line; the last line is the result.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Run {
    /// Runs to the end.
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, CliError> {
        self.set_flags(app)?;
        let mut budget = self.budget.as_deref().map_or(Ok(Budget::default()), Budget::parse)?;
        let samples = u32::try_from(app.config.number("run.samples")).unwrap_or(u32::MAX);
        if self.samples.is_some() || budget == Budget::default() {
            budget.samples = Some(samples);
        }
        if let Some(name) = app.remote_name()?.filter(|_| !self.preview) {
            remote::admit(app, &name, self.allow_egress, !self.json)?;
        }
        let (model, label) = app.model()?;
        let options = RunOptions {
            task: self.task,
            repo: self.repo,
            current_dir: std::env::current_dir()?,
            file: self.file,
            test: self.test,
            budget,
            seed: app.config.number("run.seed"),
            temperature: None,
            model_label: label,
            model_flag: self.model.is_some(),
        };
        if self.preview {
            return preview::run(app, &model, options, self.json);
        }
        drive(app, model.as_model(), self.json, self.apply, |agent, cancel, on_event| {
            agent.run(options, cancel, on_event)
        })
    }

    fn set_flags(&self, app: &mut App) -> Result<(), CliError> {
        let flags = [
            ("run.samples", "--samples", self.samples.map(|samples| samples.to_string())),
            ("run.seed", "--seed", self.seed.map(|seed| seed.to_string())),
            ("model.name", "--model", self.model.clone()),
        ];
        for (key, flag, value) in flags {
            if let Some(value) = value {
                app.config.set_flag(key, flag, &value)?;
            }
        }
        Ok(())
    }
}

type AgentResult = Result<RunReport, edgecoder_agent::AgentError>;

/// Wires the agent, follows it to its end and prints the result. Used by `run` and `resume`.
pub(crate) fn drive(
    app: &App,
    model: &dyn Model,
    json: bool,
    apply: bool,
    work: impl FnOnce(&mut Agent<'_>, &Cancel, &mut dyn FnMut(&AgentEvent)) -> AgentResult,
) -> Result<Exit, CliError> {
    let cancel = app.cancel();
    let executor = app.executor()?;
    executor.check_identity()?;
    let runner = KeepingRunner::new(executor);
    let mut entropy = SystemEntropy::open()?;
    let store = app.runs()?;
    let mut agent = Agent { model, runner: &runner, store, clock: &SystemClock, entropy: &mut entropy };
    let mut follower = Follower::new(app, json, &cancel)?;
    let result = work(&mut agent, &cancel, &mut |event| follower.on_event(event));
    follower.finish()?;
    let report = result?;
    let wanted = apply && report.exit_code == 0;
    let applied = if wanted { app.runs()?.apply(report.id).map(drop).map_err(CliError::from) } else { Ok(()) };
    // The work is done, whatever keeps it from the files: the result is shown first.
    print(app, &report, json, wanted, applied.as_ref().err())?;
    match applied {
        Ok(()) => Ok(exit(&report)),
        Err(error) if json => {
            app.output.error(&error);
            Ok(error.exit())
        }
        Err(error) => Err(error),
    }
}

fn print(
    app: &App,
    report: &RunReport,
    json: bool,
    wanted: bool,
    apply_error: Option<&CliError>,
) -> Result<(), CliError> {
    let digest = receipt_digest(report);
    let applied = wanted && apply_error.is_none();
    if json {
        return app.output.json(&serde_json::json!({
            "apply_error": apply_error.map(error_object),
            "event": "finished",
            "report": report,
            "receipt_digest": digest,
            "receipt_file": digest.map(|digest| app.receipt_file(digest)).transpose()?,
            "applied": applied,
        }));
    }
    let palette = app.output.palette;
    for line in report::lines(report, digest, applied, &program::name(&app.env)) {
        app.output.line(line.render(palette, usize::MAX))?;
    }
    Ok(())
}

/// The digest under which the final run's receipt is kept.
pub(crate) fn receipt_digest(report: &RunReport) -> Option<Digest> {
    report.receipt.as_ref().and_then(|body| body_digest(body).ok())
}

fn exit(report: &RunReport) -> Exit {
    match report.exit_code {
        0 => Exit::Success,
        2 => Exit::Usage,
        3 => Exit::Refused,
        _ => Exit::Failure,
    }
}

/// The run that a user names.
pub(crate) fn find(app: &App, text: &str) -> Result<RunId, CliError> {
    Ok(app.runs()?.find(text)?)
}
