//! The few colours of the command line, by what they mean.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Passed, verified, added.
    Good,
    /// Failed, an error, removed.
    Bad,
    /// Worth a look.
    Warn,
    /// Names, headings.
    Strong,
    /// Hunk headers, paths, what is under way.
    Accent,
    /// What one may skip.
    Faint,
    /// Plain.
    Plain,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Accent => AnsiColor::Cyan.on_default(),
            Self::Faint => Style::new().dimmed(),
            Self::Plain => Style::new(),
        }
    }
}

/// Whether a stream takes colour. Paints nothing where it doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Escape sequences allowed.
    pub(crate) colour: bool,
}

impl Palette {
    /// Text in a tone.
    pub(crate) fn paint<T: fmt::Display>(self, tone: Tone, text: T) -> Painted<T> {
        Painted { style: if self.colour { tone.style() } else { Style::new() }, text }
    }
}

/// Text with its escape sequences around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

/// Shell colours for clap's help.
pub(crate) const fn help_styles() -> clap::builder::Styles {
    clap::builder::Styles::styled()
        .header(Style::new().bold())
        .usage(Style::new().bold())
        .literal(AnsiColor::Cyan.on_default())
        .placeholder(Style::new().dimmed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_means_no_escapes() {
        assert_eq!(Palette { colour: false }.paint(Tone::Bad, "x").to_string(), "x");
        assert_eq!(Palette { colour: true }.paint(Tone::Bad, "x").to_string(), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Palette { colour: true }.paint(Tone::Plain, "x").to_string(), "x");
    }
}
