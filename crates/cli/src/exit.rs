//! Exit statuses, one meaning each.

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; for `run` verified, for `exec` passed or completed.
    Success,
    /// It ran and the answer is no.
    Failure,
    /// The command line, the configuration or the input is wrong.
    Usage,
    /// Policy refuses, or no allowed layer works here.
    Refused,
    /// A signal ended it.
    Signal(u8),
    /// Whoever read the output went away.
    BrokenPipe,
}

impl Exit {
    /// The status that the shell sees.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Signal(number) => 128 + number,
            Self::BrokenPipe => 141,
        }
    }
}
