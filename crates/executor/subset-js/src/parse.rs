//! From bytes to a tree, refusing everything that is no JavaScript or could exhaust the stack.

use std::ffi::OsStr;
use std::path::Path;

use edgecoder_types::Violation;
use edgecoder_types::limits::SOURCE_BYTES_MAX;
use oxc_allocator::Allocator;
use oxc_ast::ast::{Program, Statement};
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;

use crate::nesting;
use crate::place::{self, Found};

/// How a file is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `import` and `export`.
    Module,
    /// `require` and `module.exports`.
    CommonJs,
}

/// What stands around a `CommonJS` file, on its first line.
pub(crate) const WRAPPER: &str = "(function (exports, require, module, __filename, __dirname) { \"use strict\"; ";
/// What ends the wrapper, on a line of its own.
pub(crate) const WRAPPER_END: &str = "\n})";

/// A file's text in the form that is parsed, checked and run.
#[derive(Debug)]
pub(crate) struct Text {
    /// As it was named.
    pub(crate) path: String,
    /// How it is loaded.
    pub(crate) kind: Kind,
    /// The text; a `CommonJS` file's with its wrapper.
    pub(crate) code: String,
}

impl Text {
    /// Bytes before the file's own text.
    pub(crate) fn offset(&self) -> usize {
        if self.kind == Kind::CommonJs { WRAPPER.len() } else { 0 }
    }

    /// A violation at an offset of the wrapped text.
    pub(crate) fn violation(&self, at: usize, code: &str, message: String, hint: &str) -> Violation {
        place::violation(&self.path, self.own(), at.saturating_sub(self.offset()), code, message, hint)
    }

    /// Violations at offsets of the wrapped text, in source order, each once.
    pub(crate) fn violations(&self, mut all: Vec<Found>) -> Vec<Violation> {
        for found in &mut all {
            found.at = found.at.saturating_sub(self.offset());
        }
        place::placed(&self.path, self.own(), all)
    }

    fn own(&self) -> &[u8] {
        self.code.get(self.offset()..).unwrap_or_default().as_bytes()
    }
}

/// Decodes a file and finds out how it is loaded. Parses it on the way: what comes back parses.
pub(crate) fn read(path: &str, content: &[u8]) -> Result<Text, Vec<Violation>> {
    let own = decode(path, content).map_err(|violation| vec![violation])?;
    if let Some((at, message)) = nesting::find_excess(&own) {
        let hint = "split the expression or the block into functions or variables";
        return Err(vec![place::violation(path, own.as_bytes(), at, "nesting_too_deep", message, hint)]);
    }
    let ending = Path::new(path).extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let as_module = || first_error(&own, SourceType::mjs());
    let as_common = || first_error(&own, SourceType::cjs());
    let syntax = |(at, message): (usize, String)| {
        vec![place::violation(path, own.as_bytes(), at, "syntax_error", message, "correct the syntax")]
    };
    if ending == "mjs" || (ending != "cjs" && is_module(&own)) {
        return match as_module() {
            None => Ok(Text { path: path.to_owned(), kind: Kind::Module, code: own }),
            Some(error) => Err(syntax(error)),
        };
    }
    if let Some(error) = as_common() {
        return Err(syntax(error));
    }
    let code = format!("{WRAPPER}{own}{WRAPPER_END}");
    let wrapped = Text { path: path.to_owned(), kind: Kind::CommonJs, code };
    match first_error(&wrapped.code, SourceType::script()) {
        None => Ok(wrapped),
        Some((at, message)) => {
            let hint = "write it as strict mode wants it";
            Err(vec![wrapped.violation(at, "sloppy_denied", message, hint)])
        }
    }
}

/// Whether the text has `import` or `export` statements.
fn is_module(text: &str) -> bool {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
    parsed.program.body.iter().any(Statement::is_module_declaration)
        || (parsed.module_record.has_module_syntax && !parsed.diagnostics.has_errors())
}

/// Parses and analyses a text that is known to parse, and hands tree and scopes to `look`.
pub(crate) fn with_tree<R>(text: &Text, look: impl FnOnce(&Program<'_>, &Scoping) -> R) -> R {
    let source_type = if text.kind == Kind::Module { SourceType::mjs() } else { SourceType::script() };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &text.code, source_type).with_options(options()).parse();
    let built = SemanticBuilder::new().with_check_syntax_error(true).build(&parsed.program);
    look(&parsed.program, built.semantic.scoping())
}

/// The first error of a text, by place.
pub(crate) fn first_error(text: &str, source_type: SourceType) -> Option<(usize, String)> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, source_type).with_options(options()).parse();
    let mut errors: Vec<(usize, String)> = parsed.diagnostics.errors().map(place_of).collect();
    if parsed.panicked && errors.is_empty() {
        errors.push((0, "the file cannot be parsed".to_owned()));
    }
    if errors.is_empty() {
        let built = SemanticBuilder::new().with_check_syntax_error(true).build(&parsed.program);
        errors.extend(built.diagnostics.errors().map(place_of));
    }
    errors.into_iter().min()
}

fn place_of(error: &oxc_diagnostics::OxcDiagnostic) -> (usize, String) {
    let at = error.labels.first().map_or(0, |label| usize::try_from(label.offset()).unwrap_or(0));
    (at, error.message.to_string())
}

fn options() -> ParseOptions {
    ParseOptions { preserve_parens: true, ..ParseOptions::default() }
}

/// The text of a file.
fn decode(path: &str, content: &[u8]) -> Result<String, Violation> {
    let refuse =
        |at: usize, code: &str, message: String, hint: &str| place::violation(path, content, at, code, message, hint);
    if content.len() > SOURCE_BYTES_MAX {
        let message = format!("the file has {} bytes; at most {SOURCE_BYTES_MAX} are read", content.len());
        return Err(refuse(0, "source_too_large", message, "split the file, or move data out of it"));
    }
    if let Some(at) = content.iter().position(|byte| *byte == 0) {
        let hint = "this is no JavaScript source; remove the NUL bytes";
        return Err(refuse(at, "source_nul", format!("NUL byte at offset {at}"), hint));
    }
    match std::str::from_utf8(content) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            // Node skips the line that names the interpreter; so that lines stay, it becomes blank.
            let first = text.split('\n').next().unwrap_or_default();
            if first.starts_with("#!") {
                return Ok(format!("{}{}", " ".repeat(first.len()), text.get(first.len()..).unwrap_or_default()));
            }
            Ok(text.to_owned())
        }
        Err(error) => {
            let at = error.valid_up_to();
            let byte = content.get(at).copied().unwrap_or_default();
            let message = format!("byte 0x{byte:02x} at offset {at} is not UTF-8");
            Err(refuse(at, "source_not_utf8", message, "save the file as UTF-8"))
        }
    }
}
