//! `edgecoder resume`.

use super::run;
use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::remote;

/// Continue a run that was interrupted or killed, from its journal.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    /// The run: its id, the end of it, or `last`.
    #[arg(value_name = "RUN")]
    run: String,
    /// Change your files when the result is verified.
    #[arg(long)]
    apply: bool,
    /// Let the task and code go to the model's server, though it is another machine.
    #[arg(long)]
    allow_egress: bool,
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
        if let Some(name) = app.remote_name()? {
            remote::admit(app, &name, self.allow_egress, !self.json)?;
        }
        let (model, _) = app.model()?;
        run::drive(app, model.as_model(), self.json, self.apply, |agent, cancel, on_event| {
            agent.resume(id, cancel, on_event)
        })
    }
}
