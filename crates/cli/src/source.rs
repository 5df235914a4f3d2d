//! Reading what the user names: bounded, with an error that says what is wrong with it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use clap::ValueEnum;
use edgecoder_types::Language;
use edgecoder_types::limits::SOURCE_BYTES_MAX;

use crate::error::CliError;
use crate::suggest;

/// A language the user may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LanguageArg {
    /// Python 3.
    Python,
    /// JavaScript.
    #[value(name = "js", alias = "javascript")]
    JavaScript,
}

impl From<LanguageArg> for Language {
    fn from(arg: LanguageArg) -> Self {
        match arg {
            LanguageArg::Python => Self::Python,
            LanguageArg::JavaScript => Self::JavaScript,
        }
    }
}

/// A source file, whole.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As it was named; `<stdin>` for standard input.
    pub(crate) shown: String,
    /// Its last part, or `main.py` or `main.js`.
    pub(crate) name: String,
    /// The bytes, which may be anything.
    pub(crate) content: Vec<u8>,
    /// What it is written in.
    pub(crate) language: Language,
}

impl Source {
    /// Reads a file, or standard input for `-`.
    pub(crate) fn load(path: &Path, language: Option<LanguageArg>) -> Result<Self, CliError> {
        if path == Path::new("-") {
            let language = language.unwrap_or(LanguageArg::Python).into();
            let content = bounded(io::stdin().lock(), Path::new("<stdin>"), None)?;
            return Ok(Self { shown: "<stdin>".to_owned(), name: usual_name(language).to_owned(), content, language });
        }
        let content = load_bytes(path, SOURCE_BYTES_MAX)?;
        let language = language
            .map(Language::from)
            .or_else(|| by_ending(path))
            .ok_or_else(|| CliError::UnknownLanguage { path: path.to_owned() })?;
        // The interpreter goes by the ending; a file is what the user calls it.
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| by_ending(Path::new(name)) == Some(language))
            .filter(|name| Path::new(name).extension().is_some_and(|ending| ending != "pyi"))
            .unwrap_or_else(|| usual_name(language).to_owned());
        Ok(Self { shown: path.display().to_string(), name, content, language })
    }
}

/// The language that a file's ending stands for.
fn by_ending(path: &Path) -> Option<Language> {
    match path.extension()?.to_str()? {
        "py" | "pyi" => Some(Language::Python),
        "js" | "mjs" | "cjs" => Some(Language::JavaScript),
        _ => None,
    }
}

/// The name of a program that has none.
fn usual_name(language: Language) -> &'static str {
    if language == Language::JavaScript { "main.js" } else { "main.py" }
}

/// Reads a regular file of at most `max` bytes.
pub(crate) fn load_bytes(path: &Path, max: usize) -> Result<Vec<u8>, CliError> {
    // Opening a pipe that nobody writes to would wait for ever.
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) {
        return Err(CliError::WrongFileType { path: path.to_owned(), found: "a named pipe", wanted: "a file" });
    }
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CliError::FileNotFound { path: path.to_owned(), near: suggest::nearest_file(path) },
        _ => CliError::Unreadable { path: path.to_owned(), source },
    })?;
    let metadata = file.metadata().map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    if metadata.is_dir() {
        return Err(CliError::WrongFileType { path: path.to_owned(), found: "a directory", wanted: "a file" });
    }
    if metadata.len() > max as u64 {
        return Err(CliError::SourceTooLarge { path: path.to_owned(), bytes: metadata.len(), max });
    }
    bounded(file, path, Some(max))
}

/// Reads to the end, or one byte past the bound, whatever the size the file system claims.
fn bounded(reader: impl io::Read, path: &Path, max: Option<usize>) -> Result<Vec<u8>, CliError> {
    let max = max.unwrap_or(SOURCE_BYTES_MAX);
    let mut content = Vec::new();
    reader
        .take(max as u64 + 1)
        .read_to_end(&mut content)
        .map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    if content.len() > max {
        return Err(CliError::SourceTooLarge { path: path.to_owned(), bytes: content.len() as u64, max });
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_input_has_its_own_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("data.bin"), [0, 159]).unwrap();
        std::fs::write(path("big.py"), vec![b'#'; SOURCE_BYTES_MAX + 1]).unwrap();
        std::fs::write(path("ok.py"), "x = 1\n").unwrap();
        let code = |name: &str| Source::load(&path(name), None).map_or_else(|error| error.code(), |_| "");
        assert_eq!(code("ok.py"), "");
        assert_eq!(code("none.py"), "file_not_found");
        assert_eq!(code("big.py"), "source_too_large");
        assert_eq!(code("data.bin"), "unknown_language");
        assert_eq!(Source::load(folder.path(), None).unwrap_err().code(), "wrong_file_type");
    }

    #[test]
    fn a_file_that_claims_no_size_is_still_bounded() {
        assert_eq!(load_bytes(Path::new("/dev/zero"), 1000).unwrap_err().code(), "source_too_large");
    }
}
