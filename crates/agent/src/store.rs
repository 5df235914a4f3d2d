//! Runs on disk: one folder each, under the folder that the command line chose.
//!
//! ```text
//! <store>/<run id>/run.json       options, repository, model: written once
//!                  blobs/<sha256> the checkpoint's and the result's files
//!                  snapshot.json  path → digest
//!                  journal.ndjson what happened
//!                  result.json    the report; patch.json and result.diff: the change
//!                  lock           held while a process works on the run
//! ```

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use edgecoder_inference::{ModelInfo, Sending};
use edgecoder_types::ids::RunId;
use edgecoder_types::{Digest, UnixMs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::journal::Journal;
use crate::options::RunOptions;
use crate::patch::Patch;
use crate::report::RunReport;
use crate::state::State;
use crate::workspace::tree::{Entry, EntryRecord, Tree, digest_of};

/// What a run was started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format version.
    pub v: u32,
    /// The run.
    pub id: RunId,
    /// When it was started.
    pub created_at_ms: UnixMs,
    /// Its options.
    pub options: RunOptions,
    /// The repository, or where a task that stands alone puts its file.
    pub root: PathBuf,
    /// Whether the task stands alone, without a repository.
    pub stands_alone: bool,
    /// The model.
    pub model: ModelInfo,
}

/// One line of `edgecoder runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// When it was started.
    pub created_at_ms: UnixMs,
    /// The task.
    pub task: String,
    /// The repository.
    pub root: PathBuf,
    /// Where its state machine stands.
    pub state: State,
    /// Expected tests that passed, of all, once it has ended.
    pub tests: Option<(usize, usize)>,
    /// Whether its diff lies in the repository now.
    pub applied: bool,
}

/// All that is known of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunDetail {
    /// What it was started with.
    pub manifest: Manifest,
    /// Where it stands.
    pub state: State,
    /// Its end, if it has one.
    pub report: Option<RunReport>,
    /// Its change.
    pub patch: Patch,
    /// Whether its diff lies in the repository now.
    pub applied: bool,
    /// What was sent to servers for it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sending>,
}

/// The folder of all runs.
#[derive(Clone, Debug)]
pub struct RunStore {
    folder: PathBuf,
}

/// One run's folder, locked for this process.
#[derive(Debug)]
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
    #[expect(dead_code, reason = "holds the lock until the folder is closed")]
    lock: File,
}

impl RunStore {
    /// A store in this folder; it is made when the first run is.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Every run, newest first. Folders that hold no readable run are left out.
    ///
    /// # Errors
    /// I/O, when the store cannot be read.
    pub fn list(&self) -> Result<Vec<RunSummary>, AgentError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(AgentError::io("read", &self.folder, source)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| AgentError::io("read", &self.folder, source))?;
            let Ok(id) = entry.file_name().to_string_lossy().parse::<RunId>() else { continue };
            let Ok(detail) = self.show(id) else { continue };
            found.push(RunSummary {
                id,
                created_at_ms: detail.manifest.created_at_ms,
                task: detail.manifest.options.task,
                root: detail.manifest.root,
                state: detail.state,
                tests: detail.report.map(|report| (report.tests_passed, report.tests_total)),
                applied: detail.applied,
            });
        }
        found.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(found)
    }

    /// Everything about one run.
    ///
    /// # Errors
    /// [`AgentError::RunNotFound`], or the journal is not readable.
    pub fn show(&self, id: RunId) -> Result<RunDetail, AgentError> {
        let folder = self.path(id)?;
        let recorded = Journal::read(&folder.join("journal.ndjson"))?;
        Ok(RunDetail {
            manifest: load(&folder.join("run.json"))?,
            state: recorded.last_state(),
            report: load_if_there(&folder.join("result.json"))?,
            patch: load_if_there(&folder.join("patch.json"))?.unwrap_or_default(),
            applied: folder.join("applied.json").exists(),
            sent: recorded.sent,
        })
    }

    /// The run that this text names: a whole id, or the unambiguous end or beginning of one, or `last`.
    ///
    /// # Errors
    /// [`AgentError::RunNotFound`] for none, usage for several.
    pub fn find(&self, text: &str) -> Result<RunId, AgentError> {
        if let Ok(id) = text.parse::<RunId>() {
            return self.path(id).map(|_| id);
        }
        let all = self.list()?;
        if text == "last" {
            return all.first().map(|run| run.id).ok_or_else(|| AgentError::RunNotFound(text.to_owned()));
        }
        let wanted = text.to_uppercase();
        let named = |id: &RunId| {
            let id = id.to_string();
            let tail = id.strip_prefix("run_").unwrap_or(&id).to_owned();
            wanted.len() >= 4 && (tail.ends_with(&wanted) || tail.starts_with(wanted.trim_start_matches("RUN_")))
        };
        let matching: Vec<RunId> = all.iter().map(|run| run.id).filter(named).collect();
        match matching.as_slice() {
            [only] => Ok(*only),
            [] => Err(AgentError::RunNotFound(text.to_owned())),
            several => Err(AgentError::Usage(format!("{text} names {} runs; give more of the id", several.len()))),
        }
    }

    pub(crate) fn path(&self, id: RunId) -> Result<PathBuf, AgentError> {
        let path = self.folder.join(id.to_string());
        if path.join("run.json").is_file() { Ok(path) } else { Err(AgentError::RunNotFound(id.to_string())) }
    }

    /// Makes the folder of a new run with its manifest and its checkpoint.
    pub(crate) fn create(&self, manifest: &Manifest, tree: &Tree) -> Result<RunFolder, AgentError> {
        let path = self.folder.join(manifest.id.to_string());
        let made = private_folders(&path.join("blobs"));
        made.map_err(|source| AgentError::io("create", &path, source))?;
        let folder = RunFolder::lock(path, manifest.id)?;
        folder.save_tree("snapshot.json", tree)?;
        folder.save_json("run.json", manifest)?;
        Ok(folder)
    }

    /// Opens a run for work.
    pub(crate) fn open(&self, id: RunId) -> Result<(RunFolder, Manifest, Tree), AgentError> {
        let folder = RunFolder::lock(self.path(id)?, id)?;
        let manifest: Manifest = load(&folder.path.join("run.json"))?;
        if manifest.v != MANIFEST_VERSION {
            return Err(AgentError::Journal(format!("it has version {}, not {MANIFEST_VERSION}", manifest.v)));
        }
        let tree = folder.load_tree("snapshot.json")?;
        Ok((folder, manifest, tree))
    }
}

/// A process that is just being started shares our closed files for a moment, locks included: one refusal is no proof.
const LOCK_TRIES: u32 = 20;
/// Between two tries.
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

/// Version of `run.json`.
pub(crate) const MANIFEST_VERSION: u32 = 1;

impl RunFolder {
    /// Removes a run that never began.
    pub(crate) fn discard(self) -> Result<(), AgentError> {
        std::fs::remove_dir_all(&self.path).map_err(|source| AgentError::io("remove", &self.path, source))
    }

    pub(crate) fn lock(path: PathBuf, id: RunId) -> Result<Self, AgentError> {
        let name = path.join("lock");
        let file = File::options().create(true).append(true).mode(0o600).open(&name);
        let file = file.map_err(|source| AgentError::io("open", &name, source))?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { path, lock: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(source)) => return Err(AgentError::io("lock", &name, source)),
            }
        }
        Err(AgentError::RunBusy(id.to_string()))
    }

    /// Keeps bytes by their digest.
    pub(crate) fn save_blob(&self, entry: &Entry) -> Result<(), AgentError> {
        let path = self.path.join("blobs").join(entry.digest.to_string());
        if path.exists() { Ok(()) } else { write_atomically(&path, &entry.content) }
    }

    /// Bytes by their digest, checked.
    pub(crate) fn load_blob(&self, digest: Digest) -> Result<Vec<u8>, AgentError> {
        let path = self.path.join("blobs").join(digest.to_string());
        let bytes = std::fs::read(&path).map_err(|source| AgentError::io("read", &path, source))?;
        if digest_of(&bytes) == digest {
            Ok(bytes)
        } else {
            Err(AgentError::Journal(format!("{} does not have the digest of its name", path.display())))
        }
    }

    pub(crate) fn save_tree(&self, name: &str, tree: &Tree) -> Result<(), AgentError> {
        tree.iter().try_for_each(|(_, entry)| self.save_blob(entry))?;
        self.save_json(name, &tree.records())
    }

    pub(crate) fn load_tree(&self, name: &str) -> Result<Tree, AgentError> {
        let records: std::collections::BTreeMap<String, EntryRecord> = load(&self.path.join(name))?;
        let mut tree = Tree::default();
        for (path, record) in records {
            crate::workspace::tree::check_path(&path)?;
            tree.insert(&path, Entry::new(&self.load_blob(record.digest)?, record.executable));
        }
        Ok(tree)
    }

    pub(crate) fn save_json(&self, name: &str, value: &impl Serialize) -> Result<(), AgentError> {
        let path = self.path.join(name);
        let mut bytes =
            serde_json::to_vec_pretty(value).map_err(|error| AgentError::io("write", &path, error.into()))?;
        bytes.push(b'\n');
        write_atomically(&path, &bytes)
    }

    pub(crate) fn save_text(&self, name: &str, text: &str) -> Result<(), AgentError> {
        write_atomically(&self.path.join(name), text.as_bytes())
    }
}

/// Makes a folder and those above it that are not there, for their owner only: a run holds the user's source.
fn private_folders(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes beside the file and renames, so that readers see the old bytes or the new ones.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), AgentError> {
    let fault = |source| AgentError::io("write", path, source);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    file.as_file().sync_all().map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}

pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, AgentError> {
    let bytes = std::fs::read(path).map_err(|source| AgentError::io("read", path, source))?;
    serde_json::from_slice(&bytes).map_err(|error| AgentError::Journal(format!("{}: {error}", path.display())))
}

pub(crate) fn load_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, AgentError> {
    if path.exists() { load(path).map(Some) } else { Ok(None) }
}
