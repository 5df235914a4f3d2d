//! Where text goes: results to standard output, everything about them to standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use crate::env::Env;
use crate::error::CliError;
use crate::style::{Palette, Tone};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColourChoice {
    /// On a terminal that isn't dumb, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two output streams and how they may be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Palette for standard output.
    pub(crate) palette: Palette,
    /// Palette for standard error.
    pub(crate) error_palette: Palette,
    /// Whether standard output can be redrawn: a terminal that moves its cursor.
    pub(crate) live: bool,
    /// Say only what was asked for.
    pub(crate) quiet: bool,
}

impl Output {
    /// Looks at the streams and the environment.
    pub(crate) fn new(choice: ColourChoice, quiet: bool, env: &Env) -> Self {
        let dumb = env.get("TERM").is_some_and(|term| term == "dumb");
        let colour = |terminal: bool| match choice {
            ColourChoice::Auto => terminal && !dumb && !env.has("NO_COLOR"),
            ColourChoice::Always => true,
            ColourChoice::Never => false,
        };
        let terminal = io::stdout().is_terminal();
        Self {
            palette: Palette { colour: colour(terminal) },
            error_palette: Palette { colour: colour(io::stderr().is_terminal()) },
            live: terminal && !dumb && !quiet,
            quiet,
        }
    }

    /// One line of the result.
    #[expect(clippy::unused_self, reason = "every write goes through the output the command was given")]
    pub(crate) fn line(self, text: impl fmt::Display) -> Result<(), CliError> {
        Ok(writeln!(io::stdout().lock(), "{text}")?)
    }

    /// Raw bytes of the result.
    #[expect(clippy::unused_self, reason = "every write goes through the output the command was given")]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        Ok(stdout.flush()?)
    }

    /// One JSON value on one line.
    pub(crate) fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CliError> {
        let mut text = serde_json::to_vec(value).map_err(io::Error::from)?;
        text.push(b'\n');
        self.bytes(&text)
    }

    /// A remark, on standard error; nothing when quiet. A reader of errors that left is no reason to fail.
    pub(crate) fn note(self, text: impl fmt::Display) {
        if !self.quiet {
            self.error_line(text);
        }
    }

    /// An error with its hint, on standard error.
    pub(crate) fn error(self, error: &CliError) {
        let paint = self.error_palette;
        let head = paint.paint(Tone::Bad, format!("error[{}]", error.code()));
        self.error_line(format!("{head}: {}", printable(&error.message())));
        if let Some(hint) = error.hint() {
            self.error_line(format!("{}: {}", paint.paint(Tone::Accent, "hint"), printable(&hint)));
        }
    }

    /// The same as one JSON object on standard output, for `--json`.
    pub(crate) fn error_json(self, error: &CliError) -> Result<(), CliError> {
        self.json(&serde_json::json!({ "error": error_object(error) }))
    }

    /// Raw bytes on standard error.
    #[expect(clippy::unused_self, reason = "every write goes through the output the command was given")]
    pub(crate) fn error_bytes(self, bytes: &[u8]) {
        ignore(io::stderr().lock().write_all(bytes));
    }

    fn error_line(self, text: impl fmt::Display) {
        self.error_bytes(format!("{text}\n").as_bytes());
    }
}

/// An error in JSON.
pub(crate) fn error_object(error: &CliError) -> serde_json::Value {
    serde_json::json!({"code": error.code(), "message": error.message(), "hint": error.hint()})
}

/// Nobody is left to tell when standard error itself fails.
fn ignore(_: io::Result<()>) {}

/// The text without control characters, so that a file name or a model can't drive the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Width of the terminal in columns, within what a person can read.
pub(crate) fn columns() -> usize {
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns)).clamp(40, 160)
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as `93.8 MiB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([grouped(0), grouped(999), grouped(1000), grouped(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([human_bytes(1023), human_bytes(1536), human_bytes(98_362_432)], ["1023 B", "1.5 KiB", "93.8 MiB"]);
        assert!(human_bytes(u64::MAX).ends_with("TiB"));
    }

    #[test]
    fn control_characters_cannot_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\tc"), "a\u{fffd}[2Jb\tc");
    }
}
