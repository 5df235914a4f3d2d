//! The user's files: reading and replacing them without leaving the repository or following links.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::AgentError;
use crate::workspace::tree::check_path;

/// The real place of a path, after checking that no part of it is a symbolic link.
///
/// # Errors
/// [`AgentError::UnsafePath`] for a path that leaves the repository or passes a link or a file.
pub(crate) fn resolve(root: &Path, path: &str) -> Result<PathBuf, AgentError> {
    check_path(path)?;
    let unsafe_path = |why| AgentError::UnsafePath { path: path.to_owned(), why };
    let mut place = root.to_path_buf();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        match std::fs::symlink_metadata(&place) {
            Ok(found) if found.is_symlink() => return Err(unsafe_path("it passes a symbolic link")),
            Ok(found) if parts.peek().is_some() && !found.is_dir() => {
                return Err(unsafe_path("a part of it is a file, not a folder"));
            }
            Ok(found) if parts.peek().is_none() && !found.is_file() => {
                return Err(unsafe_path("it is no regular file"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(AgentError::io("look at", &place, source)),
        }
    }
    Ok(place)
}

/// The file's bytes; `None` when it is not there.
pub(crate) fn read(root: &Path, path: &str) -> Result<Option<Vec<u8>>, AgentError> {
    let place = resolve(root, path)?;
    match std::fs::read(&place) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AgentError::io("read", &place, source)),
    }
}

/// Writes the bytes to a new file, with the mode of `like` where that exists, and waits for the disk.
pub(crate) fn stage(temporary: &Path, bytes: &[u8], like: &Path) -> Result<(), AgentError> {
    let fault = |source| AgentError::io("write", temporary, source);
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    if let Ok(found) = std::fs::metadata(like) {
        file.set_permissions(found.permissions()).map_err(fault)?;
    }
    file.sync_all().map_err(fault)
}

/// Removes a file if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), AgentError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(AgentError::io("remove", path, source)),
    }
}

/// Renames over the target and makes the folder's entry durable.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), AgentError> {
    std::fs::rename(from, to).map_err(|source| AgentError::io("replace", to, source))?;
    sync_folder(to);
    Ok(())
}

/// Asks for the folder's entries to be durable; not every file system offers it.
pub(crate) fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        match folder.sync_all() {
            Ok(()) | Err(_) => {}
        }
    }
}
