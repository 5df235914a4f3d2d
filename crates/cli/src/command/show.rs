//! `edgecoder show` and `edgecoder runs`.

use std::collections::BTreeMap;

use edgecoder_agent::{RunSummary, State};
use edgecoder_inference::Sending;

use super::run;
use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{columns, grouped};
use crate::style::Tone;
use crate::ui::line::Line;
use crate::ui::report;

/// Show a run: its task, its change and how it ended.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The run: its id, the end of it, or `last`.
    #[arg(value_name = "RUN")]
    run: String,
    /// Print only the diff, for `git apply` or `patch -p1`.
    #[arg(long)]
    diff: bool,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "diff")]
    pub(crate) json: bool,
}

/// List the runs, newest first.
#[derive(Debug, clap::Args)]
pub(crate) struct Runs {
    /// Print one JSON list.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Show {
    /// Shows.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let detail = app.runs()?.show(run::find(app, &self.run)?)?;
        if self.json {
            app.output.json(&detail)?;
        } else if self.diff {
            app.output.bytes(detail.patch.unified().as_bytes())?;
        } else {
            let palette = app.output.palette;
            let program = crate::program::name(&app.env);
            let task = Line::new().with(Tone::Strong, &detail.manifest.options.task);
            let place = format!("{} · {}", detail.manifest.id, detail.manifest.root.display());
            app.output.line(task.render(palette, usize::MAX))?;
            app.output.line(Line::new().with(Tone::Faint, place).render(palette, usize::MAX))?;
            match &detail.report {
                Some(found) => {
                    for line in report::lines(found, run::receipt_digest(found), detail.applied, &program) {
                        app.output.line(line.render(palette, usize::MAX))?;
                    }
                }
                None => app
                    .output
                    .line(format_args!("it has not ended; continue it with edgecoder resume {}", detail.manifest.id))?,
            }
            for line in sent(&detail.sent) {
                app.output.line(line.render(palette, usize::MAX))?;
            }
        }
        Ok(Exit::Success)
    }
}

/// What went to servers, by place.
fn sent(sent: &[Sending]) -> Vec<Line> {
    let mut places: BTreeMap<(&str, bool), (usize, u64)> = BTreeMap::new();
    for one in sent {
        let (count, bytes) = places.entry((&one.to, one.leaves)).or_default();
        *count += 1;
        *bytes += one.bytes;
    }
    let line = |((to, leaves), (count, bytes)): ((&str, bool), (usize, u64))| {
        let tone = if leaves { Tone::Warn } else { Tone::Faint };
        let place = if leaves { "another machine" } else { "this machine" };
        Line::new().with(tone, format!("sent {count} requests, {} bytes, to {to} ({place})", grouped(bytes)))
    };
    places.into_iter().map(line).collect()
}

impl Runs {
    /// Lists.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let runs = app.runs()?.list()?;
        if self.json {
            app.output.json(&runs)?;
            return Ok(Exit::Success);
        }
        for run in &runs {
            app.output.line(row(run).render(app.output.palette, columns()))?;
        }
        if runs.is_empty() {
            app.output.note("no runs yet; start one with edgecoder run \"TASK\"");
        }
        Ok(Exit::Success)
    }
}

fn row(run: &RunSummary) -> Line {
    let (tone, word) = state(run.state);
    let tests = run.tests.map_or(String::new(), |(passed, total)| format!("{passed}/{total}"));
    let applied = if run.applied { "applied " } else { "" };
    Line::new()
        .with(Tone::Faint, run.id.to_string())
        .with(Tone::Plain, " ")
        .with(tone, word)
        .pad_to(47)
        .with(Tone::Plain, tests)
        .pad_to(55)
        .with(Tone::Accent, applied)
        .with(Tone::Plain, &run.task)
}

const fn state(state: State) -> (Tone, &'static str) {
    match state {
        State::Planning | State::Coding | State::Testing | State::Repairing => (Tone::Accent, "interrupted"),
        State::Verified => (Tone::Good, "verified"),
        State::SelfTested => (Tone::Warn, "self-tested"),
        State::AlreadyPassing => (Tone::Faint, "nothing to do"),
        State::Exhausted => (Tone::Bad, "not solved"),
        State::Escalated => (Tone::Bad, "refused"),
        State::Cancelled => (Tone::Warn, "cancelled"),
    }
}
