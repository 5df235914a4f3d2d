//! Files that are whole or not there, and the memory of which ones were verified.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::contract::InferenceError;

/// What changes when a file is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    modified_s: i64,
    modified_ns: i64,
    inode: u64,
}

/// Beside a model's file: the digest it had, and its stamp then.
#[derive(Debug, Serialize, Deserialize)]
struct Verified {
    sha256: Digest,
    stamp: Stamp,
}

pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> InferenceError {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ": no space is left there; free some, or put the data directory elsewhere"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            ": make it writable, or put the data directory elsewhere"
        }
        _ => "",
    };
    InferenceError::Unavailable(format!("cannot {what} {} ({error}){hint}", path.display()))
}

/// A file's stamp, or none when there is no file.
pub(super) fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Stamp {
            bytes: metadata.len(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
            inode: metadata.ino(),
        })),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn record_path(path: &Path) -> PathBuf {
    path.with_extension("verified.json")
}

/// Whether the file was verified to have this digest and is unchanged since.
pub(super) fn is_verified(path: &Path, stamp: &Stamp, sha256: Digest) -> bool {
    fs::read(record_path(path))
        .ok()
        .and_then(|text| serde_json::from_slice::<Verified>(&text).ok())
        .is_some_and(|record| record.sha256 == sha256 && record.stamp == *stamp)
}

/// Spares the next start from reading the whole file. Where it cannot be written, the next start reads it again.
pub(super) fn remember_verified(path: &Path, stamp: &Stamp, sha256: Digest) {
    let record = Verified { sha256, stamp: stamp.clone() };
    if let Ok(text) = serde_json::to_vec(&record) {
        drop(write_whole(&record_path(path), &text));
    }
}

/// Digest of a file's bytes.
pub(super) fn digest(path: &Path) -> Result<Digest, InferenceError> {
    let mut file = File::open(path).map_err(|error| failed("read", path, &error))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(|error| failed("read", path, &error))?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(Digest(hasher.finalize().into()));
        };
        hasher.update(bytes);
    }
}

pub(super) fn make_folder(path: &Path) -> Result<(), InferenceError> {
    fs::create_dir_all(path).map_err(|error| failed("create", path, &error))
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), InferenceError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", path, &error)),
        _ => Ok(()),
    }
}

/// Writes a small file so that a reader sees the old content or the new, never a part.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), InferenceError> {
    let wrong = |error: io::Error| failed("write", path, &error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(content).map_err(wrong)?;
    put_in_place(file, path).map_err(wrong)
}

/// Makes a finished temporary file of the same folder durable under its name.
pub(super) fn put_in_place(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
