//! What the subset checker says.

use serde::{Deserialize, Serialize};

/// One place where a program leaves the subset (or is no program at all).
///
/// The JSON form is what `edgecoder check --json` prints, a list of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// The file, as it was named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Stable reason code, e.g. `import_denied`.
    pub code: String,
    /// What was wrong, naming the construct.
    pub message: String,
    /// What to do instead.
    pub hint: String,
}
