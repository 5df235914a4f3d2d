//! From bytes to a tree, refusing everything that is no Python or could exhaust the stack.

use edgecoder_types::limits::SOURCE_BYTES_MAX;
use edgecoder_types::{Places, Violation};
use rustpython_ruff_python_ast as ast;
use rustpython_ruff_python_parser::parse_module;
use rustpython_ruff_source_file::{SourceFile, SourceFileBuilder};
use rustpython_ruff_text_size::TextSize;

use crate::{nesting, place};

/// A parsed file. Only [`parse`] makes one.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree.
    pub module: ast::ModModule,
    /// The text it came from, with its line index: without byte order mark, line ends as `\n`.
    pub source: SourceFile,
}

/// Encodings whose ASCII half is ASCII: a file of ASCII bytes means the same in each of them.
const ASCII_COMPATIBLE: [&str; 12] = [
    "ascii",
    "us-ascii",
    "utf8",
    "utf-8",
    "utf-8-sig",
    "latin1",
    "latin-1",
    "iso-8859-1",
    "iso8859-1",
    "iso-8859-15",
    "cp1252",
    "windows-1252",
];

/// Parses one file. Refuses (as a violation) what is no Python: syntax errors with their place,
/// NUL bytes, invalid UTF-8, more than [`SOURCE_BYTES_MAX`] bytes, nesting deeper than [`crate::NESTING_MAX`].
///
/// Needs [`crate::STACK_BYTES_MIN`] bytes of stack; no source can use more.
///
/// # Errors
/// One violation: `source_too_large`, `source_nul`, `source_not_utf8`, `source_encoding`,
/// `nesting_too_deep` or `syntax_error`.
pub fn parse(path: &str, content: &[u8]) -> Result<Parsed, Vec<Violation>> {
    let text = decode(path, content).map_err(|violation| vec![violation])?;
    let source = SourceFileBuilder::new(path, text).finish();
    if let Some(excess) = nesting::find_excess(source.source_text()) {
        let at = TextSize::new(u32::try_from(excess.offset).unwrap_or(0));
        let hint = "split the expression or the block into functions or variables";
        return Err(vec![place::violation(&source, at, "nesting_too_deep", excess.message, hint)]);
    }
    match parse_module(source.source_text()) {
        Ok(parsed) => Ok(Parsed { module: parsed.into_syntax(), source }),
        Err(error) => {
            let at = error.location.start();
            Err(vec![place::violation(&source, at, "syntax_error", error.error.to_string(), "correct the syntax")])
        }
    }
}

/// The text of the file as Python's own reader sees it.
fn decode(path: &str, content: &[u8]) -> Result<String, Violation> {
    let refuse = |offset: usize, code: &str, message: String, hint: &str| {
        let (line, column) = Places::new(content).of(offset);
        Violation { path: path.to_owned(), line, column, code: code.to_owned(), message, hint: hint.to_owned() }
    };
    if content.len() > SOURCE_BYTES_MAX {
        let message = format!("the file has {} bytes; at most {SOURCE_BYTES_MAX} are read", content.len());
        let violation = Violation {
            path: path.to_owned(),
            line: 1,
            column: 1,
            code: "source_too_large".to_owned(),
            message,
            hint: "split the file, or move data out of it".to_owned(),
        };
        return Err(violation);
    }
    if let Some(offset) = content.iter().position(|byte| *byte == 0) {
        let message = format!("NUL byte at offset {offset}");
        return Err(refuse(offset, "source_nul", message, "this is no Python source; remove the NUL bytes"));
    }
    let text = match std::str::from_utf8(content) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.valid_up_to();
            let byte = content.get(offset).copied().unwrap_or_default();
            let message = format!("byte 0x{byte:02x} at offset {offset} is not UTF-8");
            return Err(refuse(offset, "source_not_utf8", message, "save the file as UTF-8"));
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some((offset, name)) = find_cookie(text) {
        let normal = name.to_ascii_lowercase().replace('_', "-");
        let is_utf8 = matches!(normal.as_str(), "utf8" | "utf-8" | "utf-8-sig");
        let is_same = is_utf8 || (text.is_ascii() && ASCII_COMPATIBLE.contains(&normal.as_str()));
        if !is_same {
            let message = format!("the file declares the encoding {name:?}, only UTF-8 is read");
            return Err(refuse(offset, "source_encoding", message, "save the file as UTF-8 and drop the declaration"));
        }
    }
    Ok(with_unix_line_ends(text))
}

/// The encoding that a comment in the first two lines declares (PEP 263), with its offset.
fn find_cookie(text: &str) -> Option<(usize, &str)> {
    let mut offset = 0;
    for line in text.split_inclusive(['\n', '\r']).take(2) {
        let code = line.trim_start_matches([' ', '\t', '\u{c}']);
        if let Some(comment) = code.strip_prefix('#') {
            if let Some(name) = cookie_name(comment) {
                return Some((offset + line.len() - code.len(), name));
            }
        } else if !code.trim_end_matches(['\n', '\r']).is_empty() {
            return None;
        }
        offset += line.len();
    }
    None
}

fn cookie_name(comment: &str) -> Option<&str> {
    comment.match_indices("coding").find_map(|(at, word)| {
        let rest = comment[at + word.len()..].strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

/// Python reads `\r\n` and `\r` as `\n`, inside string literals too.
fn with_unix_line_ends(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

/// The text size of a file is below 4 GiB because it is at most [`SOURCE_BYTES_MAX`].
const _: () = assert!(SOURCE_BYTES_MAX < u32::MAX as usize && size_of::<TextSize>() == 4);
