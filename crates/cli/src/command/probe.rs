//! `edgecoder model probe`: measures a model, keeps what was found and shows it.

use std::path::PathBuf;

use edgecoder_executor::identity::SystemClock;
use edgecoder_inference::GenerateEvent;
use edgecoder_inference::probe::{Finding, Overflow, Probe, probe};

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::output::printable;
use crate::remote;
use crate::style::Tone;
use crate::when;

/// Measures the model that the settings name, or else the chosen one.
pub(crate) fn run(app: &mut App, name: Option<&str>, allow_egress: bool, json: bool) -> Result<Exit, CliError> {
    if let Some(name) = name {
        app.config.set_flag("model.name", "NAME", name)?;
    }
    if let Some(name) = app.remote_name()? {
        remote::admit(app, &name, allow_egress, !json)?;
    }
    let (model, label) = app.model()?;
    app.output.note(format_args!("asking {label}; a long prompt is among the questions, so this may take minutes"));
    let found = probe(model.as_model(), &SystemClock, &app.model_cancel(), &mut |event| {
        if let GenerateEvent::Sending(sending) = event
            && sending.leaves
        {
            app.output.note(format_args!("sent {}: {} bytes", sending.what, sending.bytes));
        }
    })?;
    keep(app, &label, &found)?;
    if json {
        app.output.json(&found)?;
    } else {
        show(app, &found)?;
    }
    Ok(Exit::Success)
}

/// Where what was found out about a model is kept.
fn place(app: &App, label: &str) -> Result<PathBuf, CliError> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = label.chars().map(plain).take(100).collect();
    // Names that differ only in what a file name cannot hold stay apart.
    let digest = edgecoder_security::sha256(label.as_bytes()).to_string();
    Ok(app.data_dir()?.join("probes").join(format!("{name}-{}.json", digest.get(..8).unwrap_or_default())))
}

fn keep(app: &App, label: &str, found: &Probe) -> Result<(), CliError> {
    let path = place(app, label)?;
    if let Some(folder) = path.parent() {
        files::create_dir(folder)?;
    }
    let text = serde_json::to_vec_pretty(found).map_err(std::io::Error::from)?;
    files::write_whole(&path, &text)
}

/// What was found out about a model earlier, if it was ever probed.
pub(crate) fn kept(app: &App, label: &str) -> Result<Option<Probe>, CliError> {
    let path = place(app, label)?;
    match std::fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CliError::Unreadable { path, source }),
    }
}

/// Prints what was found out.
pub(crate) fn show(app: &App, found: &Probe) -> Result<(), CliError> {
    let paint = app.output.palette;
    let row = |works: bool, name: &str, detail: &str| {
        let (tone, mark) = if works { (Tone::Good, "✓") } else { (Tone::Warn, "–") };
        app.output.line(format_args!("{} {name:<9} {}", paint.paint(tone, mark), printable(detail)))
    };
    let finding = |name: &str, finding: &Finding| row(finding.works, name, &finding.detail);
    let head = format!("{}, probed {}", printable(&found.name), when::utc(found.at_ms));
    app.output.line(paint.paint(Tone::Strong, head))?;
    finding("tools", &found.tools)?;
    finding("json", &found.json)?;
    finding("schema", &found.schema)?;
    finding("grammar", &found.grammar)?;
    let window = &found.window;
    let read = window.read_tokens.map_or_else(String::new, |tokens| format!(", {tokens} read at once"));
    let is_sound = matches!(window.overflow, Overflow::Refused | Overflow::Read);
    row(is_sound, "window", &format!("{} tokens{read}: {}", window.stated_tokens, window.detail))?;
    let speed = found.speed;
    let tenths = |rate: u64| format!("{}.{}", rate / 10, rate % 10);
    row(
        true,
        "speed",
        &format!(
            "{} tokens/s, {} at once {} tokens/s, first text after {} ms",
            tenths(speed.tokens_per_10s),
            speed.together,
            tenths(speed.together_per_10s),
            speed.first_text_ms
        ),
    )
}
