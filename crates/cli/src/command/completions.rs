//! `edgecoder completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::app::App;
use crate::args::Args;
use crate::error::CliError;
use crate::exit::Exit;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: ShellArg,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ShellArg {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    /// Prints the script.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let shell = match self.shell {
            ShellArg::Bash => Shell::Bash,
            ShellArg::Zsh => Shell::Zsh,
            ShellArg::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Args::command(), "edgecoder", &mut script);
        app.output.bytes(&script)?;
        Ok(Exit::Success)
    }
}
