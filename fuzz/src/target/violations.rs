//! What holds for every violation, whichever checker says it.

use anyhow::{Result, ensure};
use edgecoder_types::Violation;

/// Checks that each has a code, a text and a place in the source, and that they come in order, each once.
pub(super) fn check(path: &str, content: &[u8], found: &[Violation]) -> Result<()> {
    let text = String::from_utf8_lossy(content);
    // Python ends lines at `\r`, too; JavaScript counts other characters as ends only for its own automatic semicolons.
    let lines: Vec<&str> = text.split(['\n', '\r']).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    for violation in found {
        ensure!(violation.path == path, "path of a violation: {violation:?}");
        ensure!(!violation.message.is_empty() && !violation.hint.is_empty(), "text of a violation: {violation:?}");
        let of_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_code = violation.code.bytes().all(of_code);
        ensure!(is_code && !violation.code.is_empty(), "code of a violation: {violation:?}");
        let (line, column) = (violation.line as usize, violation.column as usize);
        ensure!((1..=lines.len()).contains(&line), "line of a violation: {violation:?} in {} lines", lines.len());
        ensure!((1..=longest + 1).contains(&column), "column of a violation: {violation:?}, at most {longest}");
    }
    let is_ordered = found.windows(2).all(|pair| match pair {
        [one, next] => (one.line, one.column) <= (next.line, next.column),
        _ => true,
    });
    ensure!(is_ordered, "order of violations: {found:?}");
    Ok(())
}
