//! The `edgecoder` command: the only place that reads the environment and the configuration and
//! wires executor, model and agent together.
//!
//! Invariant: results go to standard output, remarks and errors to standard error; every error has
//! a code that `docs/errors.md` explains; no command leaves a process or half a file behind.

mod app;
mod args;
mod command;
mod config;
mod env;
mod error;
mod exit;
mod files;
mod interrupt;
mod keeping;
mod output;
mod pip;
mod preview;
mod program;
mod remote;
mod source;
mod spin;
mod style;
mod suggest;
mod ui;
mod when;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use app::App;
use args::{Args, Command};
use env::Env;
use error::CliError;
use exit::Exit;
use interrupt::Interrupt;
use output::{ColourChoice, Output};

/// Workers are forks of this binary: running out of memory has to end them.
#[global_allocator]
static ALLOC: edgecoder_executor::WorkerAlloc = edgecoder_executor::WorkerAlloc;

fn main() -> ExitCode {
    edgecoder_executor::helper_main();
    ExitCode::from(start().status())
}

fn start() -> Exit {
    let env = Env::from_process();
    let plain = Output::new(ColourChoice::Auto, false, &env);
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if !error.use_stderr() => return help(&error),
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let shown = help(&error);
            return if shown == Exit::Success { Exit::Usage } else { shown };
        }
        Err(error) => return fail(plain, false, &error.into()),
    };
    if args.command.generates() {
        spin::stop_spinning(&env);
    }
    let json = args.command.wants_json();
    let plain = Output::new(args.global.color.unwrap_or_default(), args.global.quiet, &env);
    let interrupt = match Interrupt::install() {
        Ok(interrupt) => interrupt,
        Err(error) => return fail(plain, json, &error.into()),
    };
    let mut app = match App::new(&args.global, env, interrupt) {
        Ok(app) => app,
        Err(error) => return fail(plain, json, &error),
    };
    finish(args.command, &mut app, json)
}

/// Runs the command; a signal that came decides the status whatever the command made of it.
fn finish(command: Command, app: &mut App, json: bool) -> Exit {
    let result = command.run(app);
    match (app.interrupt.received(), result) {
        (Some(signal), Ok(_)) => signal,
        (None, Ok(exit)) => exit,
        (signal, Err(error)) => {
            let exit = fail(app.output, json, &error);
            signal.unwrap_or(exit)
        }
    }
}

/// Prints what `--help` and `--version` asked for.
fn help(error: &clap::Error) -> Exit {
    match error.print() {
        Ok(()) => Exit::Success,
        Err(error) => CliError::from(error).exit(),
    }
}

fn fail(output: Output, json: bool, error: &CliError) -> Exit {
    let exit = error.exit();
    if exit != Exit::BrokenPipe {
        output.error(error);
        if json && let Err(lost) = output.error_json(error) {
            return lost.exit();
        }
    }
    exit
}
