//! What a run is asked to do, and how much it may use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::AgentError;

/// Most samples of a run unless the user says otherwise.
pub const SAMPLES_DEFAULT: u32 = 320;

/// How much a run may use. What is `None` is not bounded, except samples, which then are [`SAMPLES_DEFAULT`].
///
/// Samples and tokens are reproducible: the same seed ends at the same candidate. Wall clock is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Candidates.
    pub samples: Option<u32>,
    /// Generated tokens.
    pub tokens: Option<u64>,
    /// Wall clock, in milliseconds; over all resumptions together.
    pub wall_ms: Option<u64>,
}

impl Budget {
    /// Reads `--budget`: a plain number is tokens, a number with `s`, `m` or `h` is wall clock.
    ///
    /// # Errors
    /// Usage, for anything else.
    pub fn parse(text: &str) -> Result<Self, AgentError> {
        let wrong = || {
            AgentError::Usage(format!(
                "--budget {text:?} is neither a number of tokens such as 20000 nor a time such as 90s, 5m or 1h"
            ))
        };
        let (digits, unit_ms) = match text.strip_suffix(['s', 'm', 'h']) {
            Some(digits) if text.ends_with('s') => (digits, Some(1_000)),
            Some(digits) if text.ends_with('m') => (digits, Some(60_000)),
            Some(digits) => (digits, Some(3_600_000)),
            None => (text, None),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        if number == 0 {
            return Err(wrong());
        }
        match unit_ms {
            None => Ok(Self { tokens: Some(number), ..Self::default() }),
            Some(unit_ms) => {
                Ok(Self { wall_ms: Some(number.checked_mul(unit_ms).ok_or_else(wrong)?), ..Self::default() })
            }
        }
    }

    /// Whether the same seed always ends alike under this budget.
    pub fn is_reproducible(&self) -> bool {
        self.wall_ms.is_none()
    }
}

/// Everything that a run depends on besides the repository and the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunOptions {
    /// The task in words.
    pub task: String,
    /// The repository; `None`: a task with asserts or examples of its own stands alone, every other one is about
    /// `current_dir`.
    pub repo: Option<PathBuf>,
    /// Where the user is: the default repository, and where the diff of a task that stands alone applies.
    pub current_dir: PathBuf,
    /// The one file to write in, relative to the repository.
    pub file: Option<String>,
    /// The test command.
    pub test: Option<String>,
    /// Bounds.
    pub budget: Budget,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Softmax temperature of the middle of the range that is sampled; `None`: the strategy's own.
    pub temperature: Option<f32>,
    /// How the user names the model, for `resume` and for the commands in the report.
    pub model_label: String,
    /// Whether the model was named for this run, so that the commands in the report have to name it too.
    #[serde(default)]
    pub model_flag: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_tokens_or_time() {
        assert_eq!(Budget::parse("20000").unwrap().tokens, Some(20_000));
        assert_eq!(Budget::parse("90s").unwrap().wall_ms, Some(90_000));
        assert_eq!(Budget::parse("5m").unwrap().wall_ms, Some(300_000));
        assert_eq!(Budget::parse("1h").unwrap().wall_ms, Some(3_600_000));
        for wrong in ["", "0", "0s", "s", "-1", "1.5m", "9x", "99999999999999999999", "18446744073709551615h"] {
            assert_eq!(Budget::parse(wrong).unwrap_err().code(), "usage", "{wrong}");
        }
    }
}
