//! Changes several of the user's files as one step that a kill can interrupt anywhere.
//!
//! 1. `intent.json` in the run's folder names the temporary files (`staging`).
//! 2. Each new content is written beside its target. A failure so far removes them: nothing has changed.
//! 3. The intent becomes `ready`; then each temporary file is renamed over its target.
//! 4. What was done is recorded and the intent removed.
//!
//! [`recover`] after a kill removes what step 2 left, or finishes what step 3 began.

use std::path::{Path, PathBuf};

use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};

use super::files;
use crate::error::AgentError;
use crate::store::{RunFolder, load_if_there};
use crate::workspace::tree::{Entry, digest_of};

const INTENT: &str = "intent.json";
/// What lies in the repository: present exactly while the run's diff is applied.
pub(crate) const APPLIED: &str = "applied.json";

/// One file's change. `None` is "not there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Option<Vec<u8>>,
}

/// One file's change by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeRecord {
    pub(crate) path: String,
    pub(crate) before: Option<Digest>,
    pub(crate) after: Option<Digest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Staging,
    Ready,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Apply,
    Undo,
}

/// What is about to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Intent {
    v: u32,
    direction: Direction,
    stage: Stage,
    changes: Vec<ChangeRecord>,
    /// Folders that did not exist, outermost first.
    folders: Vec<String>,
}

/// What was applied, for undo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Applied {
    pub(crate) changes: Vec<ChangeRecord>,
    pub(crate) folders: Vec<String>,
}

/// Carries out all changes or none.
pub(crate) fn carry(run: &RunFolder, root: &Path, direction: Direction, changes: &[Change]) -> Result<(), AgentError> {
    let record = |change: &Change| -> Result<ChangeRecord, AgentError> {
        for bytes in [&change.before, &change.after].into_iter().flatten() {
            run.save_blob(&Entry::new(bytes, false))?;
        }
        let digest = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(digest_of);
        Ok(ChangeRecord { path: change.path.clone(), before: digest(&change.before), after: digest(&change.after) })
    };
    let mut intent = Intent {
        v: 1,
        direction,
        stage: Stage::Staging,
        changes: changes.iter().map(record).collect::<Result<_, _>>()?,
        folders: missing_folders(root, changes)?,
    };
    run.save_json(INTENT, &intent)?;
    if let Err(error) = stage_all(run, root, &intent, changes) {
        clean(run, root, &intent)?;
        return Err(error);
    }
    intent.stage = Stage::Ready;
    run.save_json(INTENT, &intent)?;
    finish(run, root, &intent)
}

/// Ends what a killed process began.
pub(crate) fn recover(run: &RunFolder, root: &Path) -> Result<(), AgentError> {
    match load_if_there::<Intent>(&run.path.join(INTENT))? {
        None => Ok(()),
        Some(intent) if intent.stage == Stage::Staging => clean(run, root, &intent),
        Some(intent) => finish(run, root, &intent),
    }
}

fn stage_all(run: &RunFolder, root: &Path, intent: &Intent, changes: &[Change]) -> Result<(), AgentError> {
    for folder in &intent.folders {
        let place = root.join(folder);
        match std::fs::create_dir(&place) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(AgentError::io("create", &place, source)),
        }
    }
    for change in changes {
        let target = files::resolve(root, &change.path)?;
        let temporary = temporary(run, &target);
        // Deleting needs the same right as writing, and the content is at hand if a later file fails.
        let bytes = change.after.as_deref().or(change.before.as_deref()).unwrap_or_default();
        files::stage(&temporary, bytes, &target)?;
        if files::read(root, &change.path)? != change.before {
            return Err(moved(&change.path, "it changed while the diff was being applied"));
        }
    }
    Ok(())
}

/// Renames everything into place. A file that is there already was renamed before a kill.
fn finish(run: &RunFolder, root: &Path, intent: &Intent) -> Result<(), AgentError> {
    for (number, change) in intent.changes.iter().enumerate() {
        if let Err(error) = put(run, root, change) {
            for done in intent.changes.get(..number).unwrap_or_default() {
                put_back(run, root, done)?;
            }
            clean(run, root, intent)?;
            return Err(error);
        }
    }
    // Before folders are removed: one that holds a temporary file stays.
    for change in &intent.changes {
        files::remove(&temporary(run, &files::resolve(root, &change.path)?))?;
    }
    match intent.direction {
        Direction::Apply => {
            let applied = Applied { changes: intent.changes.clone(), folders: intent.folders.clone() };
            run.save_json(APPLIED, &applied)?;
        }
        Direction::Undo => {
            let applied: Applied = load_if_there(&run.path.join(APPLIED))?.unwrap_or_default();
            remove_empty(root, &applied.folders);
            files::remove(&run.path.join(APPLIED))?;
        }
    }
    files::remove(&run.path.join(INTENT))
}

fn put(run: &RunFolder, root: &Path, change: &ChangeRecord) -> Result<(), AgentError> {
    let target = files::resolve(root, &change.path)?;
    let now = files::read(root, &change.path)?.as_deref().map(digest_of);
    if now == change.after {
        return Ok(());
    }
    if now != change.before {
        return Err(moved(&change.path, "it changed while the diff was being applied"));
    }
    if change.after.is_none() {
        std::fs::remove_file(&target).map_err(|source| AgentError::io("remove", &target, source))?;
        files::sync_folder(&target);
        return Ok(());
    }
    files::rename(&temporary(run, &target), &target)
}

/// Takes back one change of a transaction that failed half-way.
fn put_back(run: &RunFolder, root: &Path, change: &ChangeRecord) -> Result<(), AgentError> {
    let target = files::resolve(root, &change.path)?;
    let Some(before) = change.before else { return files::remove(&target) };
    let temporary = temporary(run, &target);
    files::remove(&temporary)?;
    files::stage(&temporary, &run.load_blob(before)?, &target)?;
    files::rename(&temporary, &target)
}

/// Removes temporary files, folders that were made for them, and the intent.
fn clean(run: &RunFolder, root: &Path, intent: &Intent) -> Result<(), AgentError> {
    for change in &intent.changes {
        if let Ok(target) = files::resolve(root, &change.path) {
            files::remove(&temporary(run, &target))?;
        }
    }
    remove_empty(root, &intent.folders);
    files::remove(&run.path.join(INTENT))
}

/// Innermost first; one that holds something stays.
fn remove_empty(root: &Path, folders: &[String]) {
    for folder in folders.iter().rev() {
        match std::fs::remove_dir(root.join(folder)) {
            Ok(()) | Err(_) => {}
        }
    }
}

/// The hidden file beside the target, named after the run.
fn temporary(run: &RunFolder, target: &Path) -> PathBuf {
    let id = run.path.file_name().unwrap_or_default().to_string_lossy();
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.edgecoder-{}", id.trim_start_matches("run_")))
}

fn missing_folders(root: &Path, changes: &[Change]) -> Result<Vec<String>, AgentError> {
    let mut found: Vec<String> = Vec::new();
    for change in changes.iter().filter(|change| change.after.is_some()) {
        files::resolve(root, &change.path)?;
        for (at, _) in change.path.match_indices('/') {
            let folder = change.path.get(..at).unwrap_or_default().to_owned();
            if !root.join(&folder).exists() && !found.contains(&folder) {
                found.push(folder);
            }
        }
    }
    Ok(found)
}

/// A conflict about a file as a whole.
pub(crate) fn moved(path: &str, why: &str) -> AgentError {
    AgentError::Conflict {
        path: path.to_owned(),
        hunk: 0,
        hunks: 0,
        header: "whole file".to_owned(),
        why: why.to_owned(),
    }
}
