//! `edgecoder apply` and `edgecoder undo`.

use edgecoder_agent::Written;

use super::run;
use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::style::Tone;

/// Put a run's change into your files.
///
/// Your own edits since the run stay: a hunk that no longer fits is named, and then nothing at all is changed.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    /// The run: its id, the end of it, or `last`.
    #[arg(value_name = "RUN")]
    run: String,
}

/// Take a run's change out of your files again.
///
/// Only the agent's own hunks are taken back; your edits elsewhere stay. Needs no git.
#[derive(Debug, clap::Args)]
pub(crate) struct Undo {
    /// The run: its id, the end of it, or `last`.
    #[arg(value_name = "RUN")]
    run: String,
}

impl Apply {
    /// Applies.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let id = run::find(app, &self.run)?;
        say(app, "applied", &app.runs()?.apply(id)?)
    }
}

impl Undo {
    /// Undoes.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let id = run::find(app, &self.run)?;
        say(app, "undone", &app.runs()?.undo(id)?)
    }
}

fn say(app: &App, word: &str, written: &Written) -> Result<Exit, CliError> {
    let paint = app.output.palette;
    for file in &written.files {
        app.output.line(format_args!("{} {}", paint.paint(Tone::Good, word), written.root.join(file).display()))?;
    }
    Ok(Exit::Success)
}
