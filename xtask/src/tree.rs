//! The files that belong to the project: those git knows or would add.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// One text file.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl SourceText {
    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        has_ending(&self.path, "rs")
    }

    /// Whether it is only for tests.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.ends_with("_tests.rs")
    }

    /// Whether it is an example repository or test data: material, not code of ours.
    pub fn is_material(&self) -> bool {
        self.path.starts_with("examples/") || self.path.contains("/data/") || self.path.contains("/fixtures/")
    }
}

/// Whether the path ends in `.ending`.
pub(crate) fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == ending)
}

/// All text files of the project.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// In ascending order of path.
    pub files: Vec<SourceText>,
}

impl Tree {
    /// Reads what git lists under `root`. Files that aren't UTF-8 are left out.
    ///
    /// # Errors
    /// When git can't be asked or a listed file can't be read.
    pub fn load(root: &Path) -> Result<Self> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("cannot run git")?;
        ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
        let listed = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full: PathBuf = root.join(path);
            if !full.is_file() {
                continue;
            }
            let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(SourceText { path: path.to_owned(), text });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// A tree made of pairs of path and text.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| SourceText { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Self { files }
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &SourceText> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// The file of that path.
    pub fn find(&self, path: &str) -> Option<&SourceText> {
        self.files.iter().find(|file| file.path == path)
    }
}
