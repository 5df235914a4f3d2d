//! The command line as a whole. Each subcommand has its own file under `command/`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::app::App;
use crate::command;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::ColourChoice;
use crate::style;

/// A coding agent that runs where the code is: it writes code, runs it in a sandbox and says
/// "verified" only when the run's own record says so. Nothing leaves this machine unless you name a model that is elsewhere.
#[derive(Debug, Parser)]
#[command(
    name = "edgecoder",
    version,
    styles = style::help_styles(),
    max_term_width = 100,
    propagate_version = true,
    after_help = "Exit status: 0 yes, 1 no, 2 wrong usage or input, 3 refused by policy, 130 interrupted."
)]
pub(crate) struct Args {
    /// Flags that every command takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "General")]
pub(crate) struct Global {
    /// When to use colour; auto obeys NO_COLOR and TERM=dumb.
    #[arg(long, global = true, value_enum, value_name = "WHEN", display_order = 900)]
    pub(crate) color: Option<ColourChoice>,
    /// Say only the result.
    #[arg(short, long, global = true, display_order = 901)]
    pub(crate) quiet: bool,
    /// Read settings from this file instead of your own edgecoder.toml.
    #[arg(long, global = true, value_name = "FILE", display_order = 902)]
    pub(crate) config: Option<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(command::run::Run),
    Show(command::show::Show),
    Apply(command::apply::Apply),
    Undo(command::apply::Undo),
    Resume(command::resume::Resume),
    Runs(command::show::Runs),
    Check(command::check::Check),
    Exec(command::exec::Exec),
    Receipt(command::receipt::Receipt),
    Model(command::model::Model),
    Eval(command::eval::Eval),
    Doctor(command::doctor::Doctor),
    Config(command::config::Config),
    Completions(command::completions::Completions),
    Man(command::man::Man),
    Version(command::version::Version),
}

impl Command {
    /// Whether results, and so errors, are wanted as JSON.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Check(command) => command.json,
            Self::Exec(command) => command.json,
            Self::Receipt(command) => command.wants_json(),
            Self::Model(command) => command.wants_json(),
            Self::Doctor(command) => command.json,
            Self::Eval(command) => command.json,
            Self::Config(command) => command.wants_json(),
            Self::Version(command) => command.json,
            Self::Run(command) => command.json,
            Self::Resume(command) => command.json,
            Self::Show(command) => command.json,
            Self::Runs(command) => command.json,
            Self::Apply(_) | Self::Undo(_) | Self::Completions(_) | Self::Man(_) => false,
        }
    }

    /// Whether a model of this process may write.
    pub(crate) fn generates(&self) -> bool {
        match self {
            Self::Run(_) | Self::Resume(_) => true,
            Self::Model(command) => command.generates(),
            _ => false,
        }
    }

    /// Does it.
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, CliError> {
        match self {
            Self::Run(command) => command.run(app),
            Self::Show(command) => command.run(app),
            Self::Apply(command) => command.run(app),
            Self::Undo(command) => command.run(app),
            Self::Resume(command) => command.run(app),
            Self::Runs(command) => command.run(app),
            Self::Check(command) => command.run(app),
            Self::Exec(command) => command.run(app),
            Self::Receipt(command) => command.run(app),
            Self::Model(command) => command.run(app),
            Self::Doctor(command) => command.run(app),
            Self::Eval(command) => command.run(app),
            Self::Completions(command) => command.run(app),
            Self::Config(command) => command.run(app),
            Self::Man(command) => command.run(app),
            Self::Version(command) => command.run(app),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_has_help() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Args::command());
    }
}
