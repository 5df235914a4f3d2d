//! Reads a repository into a tree: bounded, sorted, without what git ignores.

use std::path::{Path, PathBuf};

use super::tree::{Entry, Tree, check_path};
use crate::error::AgentError;

/// Most files of a checkpoint.
pub(crate) const FILES_MAX: usize = 5_000;
/// Largest file of a checkpoint, in bytes; larger ones are left out.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;
/// All files of a checkpoint together, in bytes.
pub(crate) const TOTAL_BYTES_MAX: u64 = 32 << 20;

/// Folders that never belong to a program's source.
const SKIPPED_FOLDERS: [&str; 6] = ["__pycache__", "node_modules", "target", "venv", "site-packages", ".git"];

/// What was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    pub(crate) tree: Tree,
    /// Files that were left out, with the reason, at most 100 of them.
    pub(crate) skipped: Vec<String>,
}

/// The repository's real path.
///
/// # Errors
/// Usage, when it is no readable folder.
pub(crate) fn root(path: &Path) -> Result<PathBuf, AgentError> {
    let real = path.canonicalize().map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => AgentError::Usage(format!("there is no folder {}", path.display())),
        _ => AgentError::io("open", path, source),
    })?;
    if real.is_dir() { Ok(real) } else { Err(AgentError::Usage(format!("{} is no folder", path.display()))) }
}

/// Reads the files below `root`. Hidden, ignored and binary files, symbolic links, files over
/// [`FILE_BYTES_MAX`] and what cannot be read are left out.
///
/// # Errors
/// [`AgentError::TooLarge`] past the bounds; an I/O error when the root itself cannot be read.
pub(crate) fn scan(root: &Path) -> Result<Scan, AgentError> {
    let mut found = Scan::default();
    let mut total = 0_u64;
    let walk = ignore::WalkBuilder::new(root)
        .follow_links(false)
        .require_git(false)
        .git_global(false)
        .parents(false)
        .max_filesize(None)
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !(is_folder && (SKIPPED_FOLDERS.contains(&name.as_ref()) || entry.path().join("pyvenv.cfg").exists()))
        })
        .build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                left_out_by(&mut found, root, error)?;
                continue;
            }
        };
        let Some(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            continue;
        }
        let Some(path) = relative(root, entry.path()) else {
            skip(&mut found, entry.path(), "its name is no plain UTF-8 path");
            continue;
        };
        if kind.is_symlink() {
            skip(&mut found, entry.path(), "it is a symbolic link");
            continue;
        }
        if !kind.is_file() {
            skip(&mut found, entry.path(), "it is no regular file");
            continue;
        }
        let read = std::fs::metadata(entry.path()).and_then(|metadata| {
            let wanted = metadata.len() <= FILE_BYTES_MAX;
            Ok((if wanted { std::fs::read(entry.path())? } else { Vec::new() }, metadata))
        });
        let (content, metadata) = match read {
            Ok(read) => read,
            Err(error) => {
                skip(&mut found, entry.path(), &format!("it cannot be read: {error}"));
                continue;
            }
        };
        if metadata.len() > FILE_BYTES_MAX {
            skip(&mut found, entry.path(), "it is larger than 1 MB");
            continue;
        }
        if content.contains(&0) {
            skip(&mut found, entry.path(), "it is binary");
            continue;
        }
        total += content.len() as u64;
        if found.tree.len() >= FILES_MAX {
            let what = format!("the number of files below {}", root.display());
            return Err(AgentError::TooLarge { what, limit: FILES_MAX.to_string() });
        }
        if total > TOTAL_BYTES_MAX {
            let what = format!("the text below {}", root.display());
            return Err(AgentError::TooLarge { what, limit: "32 MB".to_owned() });
        }
        found.tree.insert(&path, Entry::new(&content, is_executable(&metadata)));
    }
    Ok(found)
}

fn skip(found: &mut Scan, path: &Path, why: &str) {
    if found.skipped.len() < 100 {
        found.skipped.push(format!("{}: {why}", path.display()));
    }
}

/// Notes what the walk could not look into. The root itself is needed.
fn left_out_by(found: &mut Scan, root: &Path, error: ignore::Error) -> Result<(), AgentError> {
    let path = path_of(&error).map(Path::to_path_buf);
    let depth = error.depth();
    let text = error.to_string();
    let source = error.into_io_error().unwrap_or_else(|| std::io::Error::other(text));
    match path {
        Some(path) if depth != Some(0) && path != root => {
            skip(found, &path, &format!("it cannot be read: {source}"));
            Ok(())
        }
        Some(_) | None => Err(AgentError::io("read", root, source)),
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let text = path.strip_prefix(root).ok()?.to_str()?.replace(std::path::MAIN_SEPARATOR, "/");
    check_path(&text).ok()?;
    Some(text)
}

#[cfg(unix)]
pub(crate) fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
pub(crate) fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_source_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        };
        write("a.py", b"x = 1\n");
        write("pkg/b.py", b"\xc3\xa9");
        write("pkg/__pycache__/b.pyc", b"x");
        write("image.png", b"\x89PNG\0");
        write("big.txt", &vec![b'a'; (1 << 20) + 1]);
        write("secret.env", b"no");
        write(".gitignore", b"*.env\n");
        write(".git/config", b"x");
        write(".hidden/x.py", b"x");
        write("env/pyvenv.cfg", b"");
        write("env/lib/x.py", b"x");
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.py")).unwrap();
        let scan = scan(&root(folder.path()).unwrap()).unwrap();
        let paths: Vec<_> = scan.tree.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a.py", "pkg/b.py"]);
        assert_eq!(scan.skipped.len(), 3, "{:?}", scan.skipped);
    }

    /// Sockets, dangling links, names that are no UTF-8, and files that vanish or forbid reading: the rest is read.
    #[cfg(unix)]
    #[test]
    fn what_cannot_be_read_is_left_out_and_said() {
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.py"), "x = 1\n").unwrap();
        std::fs::write(path("closed.py"), "x = 2\n").unwrap();
        std::fs::set_permissions(path("closed.py"), std::fs::Permissions::from_mode(0o0)).unwrap();
        std::fs::create_dir(path("closed")).unwrap();
        std::fs::set_permissions(path("closed"), std::fs::Permissions::from_mode(0o0)).unwrap();
        std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.py")), "").unwrap();
        std::os::unix::fs::symlink("/nonexistent/x", path("dangling.py")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        let found = scan(&root(folder.path()).unwrap()).unwrap();
        let everyone = std::fs::read(path("closed.py")).is_ok();
        assert_eq!(found.tree.len(), if everyone { 2 } else { 1 }, "{found:?}");
        for name in ["dangling.py: it is a symbolic link", "socket: it is no regular file", "no plain UTF-8"] {
            assert!(found.skipped.iter().any(|line| line.contains(name)), "{name}: {:?}", found.skipped);
        }
        let denied = found.skipped.iter().filter(|line| line.contains("cannot be read: Permission denied")).count();
        assert_eq!(denied, if everyone { 0 } else { 2 }, "{:?}", found.skipped);
        std::fs::set_permissions(path("closed"), std::fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    fn bounds_end_the_walk_with_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=FILES_MAX {
            std::fs::write(folder.path().join(format!("{number}.py")), "").unwrap();
        }
        let error = scan(&root(folder.path()).unwrap()).unwrap_err();
        assert_eq!(error.code(), "repository_too_large");
        assert!(error.to_string().contains("5000"), "{error}");
        assert_eq!(root(Path::new("/nonexistent/x")).unwrap_err().code(), "usage");
    }
}
