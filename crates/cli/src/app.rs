//! What every command is given: settings, output, environment, signals.

use std::path::PathBuf;

use edgecoder_agent::RunStore;
use edgecoder_executor::{Cancel, Executor, ExecutorConfig};
use edgecoder_inference::provider::{RemoteModel, RemoteName};
use edgecoder_inference::{LocalModel, LocalOptions, Model, ModelStore, Selection};
use edgecoder_types::Digest;

use crate::args::Global;
use crate::config::{self, Config};
use crate::env::Env;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::remote;

/// The wiring of one invocation.
#[derive(Debug)]
pub(crate) struct App {
    /// Settings, flags of this command included once it has set them.
    pub(crate) config: Config,
    /// Where text goes.
    pub(crate) output: Output,
    /// The environment.
    pub(crate) env: Env,
    /// Signals.
    pub(crate) interrupt: Interrupt,
}

/// A model, ready to be asked.
#[derive(Debug)]
pub(crate) enum Chosen {
    /// In this process.
    Local(Box<LocalModel>),
    /// Of a server.
    Remote(Box<RemoteModel>),
}

impl Chosen {
    /// What both are.
    pub(crate) fn as_model(&self) -> &dyn Model {
        match self {
            Self::Local(model) => model.as_ref(),
            Self::Remote(model) => model.as_ref(),
        }
    }
}

impl App {
    /// Reads the settings and looks at the terminal.
    pub(crate) fn new(global: &Global, env: Env, interrupt: Interrupt) -> Result<Self, CliError> {
        let config = Config::load(global.config.as_deref(), &env)?;
        let output = Output::new(global.color.unwrap_or_else(|| config.colour()), global.quiet, &env);
        Ok(Self { config, output, env, interrupt })
    }

    /// Where models, runs and receipts lie.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, CliError> {
        config::data_dir(&self.config, &self.env)
    }

    /// Starts the executor; this binary is its helper.
    pub(crate) fn executor(&self) -> Result<Executor, CliError> {
        let data = self.data_dir()?;
        let helper =
            std::env::current_exe().map_err(|source| CliError::Unreadable { path: "/proc/self/exe".into(), source })?;
        let config = ExecutorConfig { helper, scratch_dir: data.join("scratch"), state_dir: data };
        Ok(Executor::start(config)?)
    }

    /// A flag that the first signal raises.
    pub(crate) fn cancel(&self) -> Cancel {
        let cancel = Cancel::default();
        let raised = cancel.clone();
        self.interrupt.on_signal(move || raised.cancel());
        cancel
    }

    /// The runs on this machine.
    pub(crate) fn runs(&self) -> Result<RunStore, CliError> {
        Ok(RunStore::new(self.data_dir()?.join("runs")))
    }

    /// Where the receipt of that digest is kept.
    pub(crate) fn receipt_file(&self, digest: Digest) -> Result<PathBuf, CliError> {
        Ok(self.data_dir()?.join("receipts").join(format!("{digest}.json")))
    }

    /// A flag of the model's that the first signal raises.
    pub(crate) fn model_cancel(&self) -> edgecoder_inference::Cancel {
        let cancel = edgecoder_inference::Cancel::default();
        let raised = cancel.clone();
        self.interrupt.on_signal(move || raised.cancel());
        cancel
    }

    /// Loads the model that the settings name, or else the chosen one; also says how the user names it.
    pub(crate) fn model(&self) -> Result<(Chosen, String), CliError> {
        if let Some(name) = self.remote_name()? {
            let model = remote::model(self, &name)?;
            return Ok((Chosen::Remote(Box::new(model)), name.to_string()));
        }
        let named = self.config.text("model.name");
        let found = ModelStore::open(&self.data_dir()?)?.resolve(named)?;
        let label = named.map_or_else(|| found.name.clone(), str::to_owned);
        let known = found.digest.is_some();
        let options =
            LocalOptions { name: known.then(|| found.name.clone()), digest: found.digest, ..LocalOptions::default() };
        Ok((Chosen::Local(Box::new(LocalModel::load(&found.path, options)?)), label))
    }

    /// The server's model that the settings name, or else the chosen one, if it is one.
    pub(crate) fn remote_name(&self) -> Result<Option<RemoteName>, CliError> {
        if let Some(named) = self.config.text("model.name") {
            return Ok(RemoteName::parse(named));
        }
        Ok(match ModelStore::open(&self.data_dir()?)?.selection()? {
            Selection::Remote(name) => RemoteName::parse(&name),
            Selection::Name(_) | Selection::Path(_) => None,
        })
    }
}
