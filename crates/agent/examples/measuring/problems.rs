//! The problems that a measuring tool is told to use.

use edgecoder_agent::eval::{Problem, read_problems};

/// Those of a file whose numbers lie in `from..=to`.
pub(crate) fn read(file: &str, from: u64, to: u64) -> Result<Vec<Problem>, Box<dyn std::error::Error>> {
    let mut problems = read_problems(&std::fs::read_to_string(file)?)?;
    problems.retain(|one| one.id.parse::<u64>().is_ok_and(|id| (from..=to).contains(&id)));
    Ok(problems)
}
