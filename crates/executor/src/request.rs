//! What a well-formed run request is.

use std::collections::BTreeSet;

use edgecoder_types::limits::SOURCE_BYTES_MAX;
use edgecoder_types::{Language, Limits, RunRequest, TestPlan};

use crate::contract::ExecutorError;

/// Most files of one run.
const FILES_MAX: usize = 20_000;
/// Most bytes of all files together.
const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Most memory that may be asked for: 16 GiB.
const MEMORY_BYTES_MAX: u64 = 16 << 30;
/// Most output that may be asked for, each of two streams: 64 MiB.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// Most processes that may be asked for.
const PROCESSES_MAX: u64 = 4096;
/// Longest wall clock that may be asked for, in milliseconds: one hour.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// Refuses requests that no layer could run as they are meant.
pub(crate) fn validate(request: &RunRequest) -> Result<(), ExecutorError> {
    let invalid = |text: String| Err(ExecutorError::Invalid(text));
    if request.files.len() > FILES_MAX {
        return invalid(format!("{} files, but at most {FILES_MAX} are taken", request.files.len()));
    }
    let total: usize = request.files.iter().map(|file| file.content.len()).sum();
    if total > REQUEST_BYTES_MAX {
        return invalid(format!("the files have {total} bytes together, but at most {REQUEST_BYTES_MAX} are taken"));
    }
    let mut paths = BTreeSet::new();
    for file in &request.files {
        check_path(&file.path)?;
        if !paths.insert(file.path.as_str()) {
            return invalid(format!("the file {:?} is given twice", file.path));
        }
    }
    let tests: &[String] = match &request.tests {
        TestPlan::None | TestPlan::Command(_) => &[],
        TestPlan::Files(files) | TestPlan::Selected(files) | TestPlan::Collect(files) => files,
    };
    if matches!(request.tests, TestPlan::Selected(_)) && request.expected_tests.is_empty() {
        return invalid("a selection of tests needs the tests that it expects".to_owned());
    }
    if let Some(missing) = request.entry.iter().chain(tests).find(|path| !paths.contains(path.as_str())) {
        return invalid(format!("{missing:?} is not among the request's files"));
    }
    if matches!(&request.tests, TestPlan::Command(command) if command.is_empty()) {
        return invalid("the test command is empty".to_owned());
    }
    check_limits(&request.limits)
}

/// A request may come from a stranger's receipt: what it may ask of this machine is bounded.
fn check_limits(limits: &Limits) -> Result<(), ExecutorError> {
    let bounds = [
        ("memory", limits.memory_bytes, MEMORY_BYTES_MAX),
        ("output", limits.output_bytes, OUTPUT_BYTES_MAX),
        ("processes", u64::from(limits.processes), PROCESSES_MAX),
    ];
    if let Some((what, asked, most)) = bounds.into_iter().find(|(_, asked, most)| asked > most) {
        return Err(ExecutorError::Invalid(format!("a limit of {asked} for {what}; at most {most} is granted")));
    }
    let invalid = |text: String| Err(ExecutorError::Invalid(text));
    let timeout_ms = limits.timeout_ms;
    if timeout_ms == 0 || timeout_ms > TIMEOUT_MS_MAX {
        return invalid(format!("a timeout of {timeout_ms} ms; it must be from 1 to {TIMEOUT_MS_MAX}"));
    }
    Ok(())
}

/// A path stays inside the run and means the same everywhere.
pub(crate) fn check_path(path: &str) -> Result<(), ExecutorError> {
    let strange = |part: &str| part.is_empty() || part == "." || part == ".." || part.chars().any(char::is_control);
    if path.len() > 1024 || path.contains('\\') || path.split('/').any(strange) {
        let shown: String = path.chars().take(200).collect();
        return Err(ExecutorError::Invalid(format!(
            "the path {shown:?} is not a relative path of plain names separated by '/'"
        )));
    }
    Ok(())
}

/// The first source file that is too large for a checker, if any.
pub(crate) fn too_large(request: &RunRequest) -> Option<&str> {
    let source = |path: &str| match request.language {
        Language::Python => path.to_ascii_lowercase().ends_with(".py"),
        Language::JavaScript => edgecoder_subset_js::is_source(path),
        Language::Command => false,
    };
    request
        .files
        .iter()
        .find(|file| {
            file.content.len() > SOURCE_BYTES_MAX && (source(&file.path) || request.entry.as_ref() == Some(&file.path))
        })
        .map(|file| file.path.as_str())
}

#[cfg(test)]
mod tests {
    use edgecoder_types::{FileRole, LayerChoice, SourceFile};

    use super::*;

    fn request(paths: &[&str]) -> RunRequest {
        let file =
            |path: &&str| SourceFile { path: (*path).to_owned(), content: Vec::new(), role: FileRole::Candidate };
        RunRequest {
            language: Language::Python,
            entry: paths.first().map(|path| (*path).to_owned()),
            files: paths.iter().map(file).collect(),
            tests: TestPlan::None,
            expected_tests: Vec::new(),
            stdin: Vec::new(),
            args: Vec::new(),
            limits: Limits::default(),
            layer: LayerChoice::Auto,
            seed: 0,
        }
    }

    #[test]
    fn plain_relative_paths_are_taken() {
        assert!(validate(&request(&["main.py", "pkg/sub/a b.py", "ü.py"])).is_ok());
    }

    #[test]
    fn paths_that_leave_the_run_are_refused() {
        for path in ["", "/etc/passwd", "../a.py", "a/../b.py", "a//b.py", "./a.py", "a/.", "a\\b.py", "a\0b", "a\nb"] {
            assert!(validate(&request(&[path])).is_err(), "{path:?}");
        }
    }

    #[test]
    fn boundless_limits_are_refused() {
        let change: [fn(&mut Limits); 5] = [
            |limits| limits.memory_bytes = 1 << 62,
            |limits| limits.output_bytes = 1 << 40,
            |limits| limits.processes = u32::MAX,
            |limits| limits.timeout_ms = 0,
            |limits| limits.timeout_ms = u64::MAX,
        ];
        for change in change {
            let mut request = request(&["a.py"]);
            change(&mut request.limits);
            assert!(validate(&request).is_err(), "{:?}", request.limits);
        }
    }

    #[test]
    fn missing_and_double_files_are_refused() {
        assert!(validate(&request(&["a.py", "a.py"])).is_err());
        let mut missing = request(&["a.py"]);
        missing.tests = TestPlan::Files(vec!["test_a.py".to_owned()]);
        assert!(validate(&missing).is_err());
    }
}
