//! `edgecoder config`.

use std::collections::BTreeMap;

use clap::Subcommand;

use crate::app::App;
use crate::config::keys::{KEYS, Kind};
use crate::error::CliError;
use crate::exit::Exit;
use crate::style::Tone;

/// Show settings and where they come from.
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every setting as it holds now.
    Show {
        /// Also say who set it: default, file, variable or flag.
        #[arg(long)]
        origin: bool,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the table of all settings: name, variable, default, meaning.
    Docs,
    /// Print the path of your own settings file.
    Path,
}

impl Config {
    /// Whether JSON is wanted.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self.action, Action::Show { json: true, .. })
    }

    /// Prints what was asked for.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        match self.action {
            Action::Show { json: true, .. } => show_json(app)?,
            Action::Show { origin, .. } => show(app, origin)?,
            Action::Docs => docs(app)?,
            Action::Path => {
                let path = crate::config::user_file(&app.env).ok_or(CliError::NoDataDir)?;
                app.output.line(path.display())?;
            }
        }
        Ok(Exit::Success)
    }
}

fn show_json(app: &App) -> Result<(), CliError> {
    let all: BTreeMap<_, _> = app
        .config
        .all()
        .map(|(key, setting)| {
            let value = setting.shown(key);
            (key.name, serde_json::json!({"value": value, "origin": setting.origin.to_string()}))
        })
        .collect();
    app.output.json(&all)
}

fn show(app: &App, origin: bool) -> Result<(), CliError> {
    let paint = app.output.palette;
    for (key, setting) in app.config.all() {
        let value = format!("{:?}", setting.shown(key));
        let value = if matches!(key.kind, Kind::Number(..)) { value.trim_matches('"').to_owned() } else { value };
        let text = format!("{} = {value}", key.name);
        if origin {
            let pad = 44_usize.saturating_sub(text.chars().count()).max(1);
            let from = paint.paint(Tone::Faint, format!("# {}", setting.origin));
            app.output.line(format_args!("{text}{:pad$}{from}", ""))?;
        } else {
            app.output.line(text)?;
        }
    }
    Ok(())
}

/// A Markdown table, so that it can go into a document as it stands.
fn docs(app: &App) -> Result<(), CliError> {
    app.output.line("| key | variable | values | default | meaning |\n| --- | --- | --- | --- | --- |")?;
    for key in KEYS {
        let values = match key.kind {
            Kind::Number(least, u64::MAX) => format!("{least} and more {}", key.unit),
            Kind::Number(least, most) => format!("{least} to {most} {}", key.unit),
            Kind::Text => "text".to_owned(),
            Kind::Path => "path".to_owned(),
            Kind::Secret => "secret".to_owned(),
            Kind::Word(words) => words.join(", "),
        };
        let (name, variable, doc) = (key.name, key.variable(), key.doc);
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        app.output.line(format_args!("| `{name}` | `{variable}` | {} | {default} | {doc} |", values.trim_end()))?;
    }
    Ok(())
}
