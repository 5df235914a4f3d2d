//! `edgecoder resume`.

use super::run;
use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;

/// Continue a run that was interrupted or killed, from its journal.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// The run: its id, the end of it, or `last`.
    #[arg(value_name = "RUN")]
    run: String,
    /// Print every event as one JSON object a line; the last line is the result.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Resume {
    /// Continues to the end.
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, CliError> {
        let id = run::find(app, &self.run)?;
        let label = app.runs()?.show(id)?.manifest.options.model_label;
        app.config.set_flag("model.name", "RUN", &label)?;
        let (model, _) = app.model()?;
        run::drive(app, &model, self.json, false, |agent, cancel, on_event| agent.resume(id, cancel, on_event))
    }
}
