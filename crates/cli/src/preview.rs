//! `run --preview`: the agent plans as ever, and what it would send first is shown in place of being sent.

use std::sync::{Mutex, PoisonError};

use edgecoder_agent::{Agent, AgentError, RunOptions, RunStore};
use edgecoder_executor::identity::{SystemClock, SystemEntropy};
use edgecoder_inference::provider::{Preview, RemoteModel};
use edgecoder_inference::{
    Cancel, GenerateEvent, GenerateRequest, Generated, InferenceError, Model, ModelInfo, Prompt, Usage,
};

use crate::app::{App, Chosen};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{grouped, printable};

/// Keeps the first question and never asks it.
struct Unsent<'a> {
    model: &'a RemoteModel,
    shown: Mutex<Vec<Preview>>,
}

impl Model for Unsent<'_> {
    fn info(&self) -> ModelInfo {
        self.model.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<u32, InferenceError> {
        self.model.count_tokens(prompt)
    }

    fn generate(
        &self,
        request: &GenerateRequest,
        _cancel: &Cancel,
        _on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = self.model.preview(request)?;
        Err(InferenceError::Unavailable("a preview sends nothing".to_owned()))
    }
}

/// Plans the run in a folder of its own and prints what would be sent.
pub(crate) fn run(app: &App, chosen: &Chosen, options: RunOptions, json: bool) -> Result<Exit, CliError> {
    let Chosen::Remote(model) = chosen else {
        if json {
            app.output.json(&serde_json::json!({"preview": [], "note": null}))?;
        } else {
            app.output.line("nothing would be sent: the model runs in this process")?;
        }
        return Ok(Exit::Success);
    };
    let unsent = Unsent { model, shown: Mutex::default() };
    let folder = tempfile::tempdir()?;
    let executor = app.executor()?;
    let mut entropy = SystemEntropy::open()?;
    let store = RunStore::new(folder.path());
    let mut agent = Agent { model: &unsent, runner: &executor, store, clock: &SystemClock, entropy: &mut entropy };
    let ended = agent.run(options, &app.cancel(), &mut |_| {});
    let shown = unsent.shown.into_inner().unwrap_or_else(PoisonError::into_inner);
    let note = match ended {
        Ok(report) => Some(report.message),
        Err(AgentError::Model(InferenceError::Unavailable(_))) if !shown.is_empty() => None,
        Err(error) => return Err(error.into()),
    };
    if json {
        app.output.json(&serde_json::json!({"preview": shown, "note": note}))?;
        return Ok(Exit::Success);
    }
    if let Some(note) = note {
        app.output.line(format_args!("nothing would be sent: {note}"))?;
        return Ok(Exit::Success);
    }
    print(app, &shown)?;
    Ok(Exit::Success)
}

fn print(app: &App, shown: &[Preview]) -> Result<(), CliError> {
    for one in shown {
        let place = if one.leaves { "another machine" } else { "this machine" };
        let proxy = one.proxy.as_ref().map_or_else(String::new, |proxy| format!(", through the proxy {proxy}"));
        let bytes = grouped(one.bytes);
        app.output
            .line(format_args!("--- to {} ({place}{proxy}), body of {bytes} bytes, SHA-256 {}", one.to, one.digest))?;
        // The body is JSON: characters that could drive a terminal are escaped in it.
        app.output.line(printable(&format!("{}{}", one.head.replace('\r', ""), one.body)))?;
    }
    app.output.note("nothing was sent; later prompts depend on how these candidates do");
    Ok(())
}
