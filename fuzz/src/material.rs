//! The inputs in `data/`: `seeds/TARGET/` to begin with, and `found/TARGET/`, what once failed, smallest form.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Where inputs lie.
pub fn folder(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(kind).join(target)
}

/// The inputs of a folder by name, in ascending order; none where there is no folder.
///
/// # Errors
/// A file cannot be read.
pub fn load(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push((name, std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?));
    }
    found.sort();
    Ok(found)
}

/// A folder for the files of a target, in memory where the system offers that.
///
/// # Errors
/// None can be made.
pub fn scratch() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = tempfile::Builder::new().prefix("edgecoder-fuzz-").tempdir_in(memory);
    made.or_else(|_| tempfile::tempdir()).context("cannot make a folder for the target's files")
}
