//! `edgecoder check`.

use std::path::PathBuf;

use edgecoder_executor::Runner as _;

use crate::app::App;
use crate::error::CliError;
use crate::exit::Exit;
use crate::source::{LanguageArg, Source};
use crate::style::Tone;
use crate::ui::violation;

/// Say whether a program is inside the subset that runs in the embedded interpreter.
///
/// All violations are listed, with line, column, reason code and a hint. The exit status is 0
/// when there is none and 1 when there is one.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The program, or - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The language, when the file's name doesn't tell.
    #[arg(long, value_enum)]
    lang: Option<LanguageArg>,
    /// Print one JSON list with line, column, code, message and hint.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Check {
    /// Checks and prints.
    pub(crate) fn run(self, app: &App) -> Result<Exit, CliError> {
        let source = Source::load(&self.file, self.lang)?;
        let violations = app.executor()?.check(source.language, &source.shown, &source.content)?;
        if self.json {
            app.output.json(&violations)?;
        } else {
            for violation in &violations {
                for line in violation::lines(app.output.palette, &source.shown, &source.content, violation) {
                    app.output.line(line)?;
                }
            }
            let paint = app.output.error_palette;
            app.output.note(match violations.len() {
                0 => format!("{} {} is inside the subset", paint.paint(Tone::Good, "✓"), source.shown),
                1 => "1 violation".to_owned(),
                count => format!("{count} violations"),
            });
        }
        Ok(if violations.is_empty() { Exit::Success } else { Exit::Failure })
    }
}
