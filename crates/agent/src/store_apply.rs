//! `apply` and `undo`: the only code that writes to the user's files.

use edgecoder_types::ids::RunId;
use serde::Serialize;

use crate::error::AgentError;
use crate::patch::apply::{Misfit, carry_out, take_back};
use crate::patch::transaction::{APPLIED, Applied, Change, Direction, carry, moved, recover};
use crate::patch::{ChangeKind, FilePatch, Patch, files};
use crate::store::{Manifest, RunFolder, RunStore, load, load_if_there};
use crate::workspace::tree::digest_of;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The folder.
    pub root: std::path::PathBuf,
    /// Files that changed, in ascending order.
    pub files: Vec<String>,
}

impl RunStore {
    /// Puts the run's diff into the user's files, all of it or nothing. A file that has changed since the checkpoint is
    /// fine as long as every hunk still fits exactly.
    ///
    /// # Errors
    /// [`AgentError::Conflict`] with the hunk that does not fit; [`AgentError::NothingToDo`] when there is no diff or it
    /// is applied already; I/O.
    pub fn apply(&self, id: RunId) -> Result<Written, AgentError> {
        let (run, manifest, patch) = self.open_patch(id)?;
        if run.path.join(APPLIED).exists() {
            return Err(AgentError::NothingToDo(format!(
                "the diff of {id} is applied already; `edgecoder undo {id}` takes it back"
            )));
        }
        if patch.is_empty() {
            return Err(AgentError::NothingToDo(format!("{id} has no diff")));
        }
        let changes = patch.files.iter().map(|file| applied(&run, &manifest, file)).collect::<Result<Vec<_>, _>>()?;
        carry(&run, &manifest.root, Direction::Apply, &changes)?;
        Ok(written(manifest, &changes))
    }

    /// Takes exactly the run's hunks out of the user's files again; what the user has changed elsewhere stays.
    ///
    /// # Errors
    /// [`AgentError::Conflict`] when a hunk's own lines were changed since; [`AgentError::NothingToDo`] when it is not applied.
    pub fn undo(&self, id: RunId) -> Result<Written, AgentError> {
        let (run, manifest, patch) = self.open_patch(id)?;
        let Some(applied) = load_if_there::<Applied>(&run.path.join(APPLIED))? else {
            return Err(AgentError::NothingToDo(format!("the diff of {id} is not applied")));
        };
        let changes =
            patch.files.iter().map(|file| undone(&run, &manifest, file, &applied)).collect::<Result<Vec<_>, _>>()?;
        carry(&run, &manifest.root, Direction::Undo, &changes)?;
        Ok(written(manifest, &changes))
    }

    fn open_patch(&self, id: RunId) -> Result<(RunFolder, Manifest, Patch), AgentError> {
        let run = RunFolder::lock(self.path(id)?, id)?;
        let manifest: Manifest = load(&run.path.join("run.json"))?;
        recover(&run, &manifest.root)?;
        let patch: Option<Patch> = load_if_there(&run.path.join("patch.json"))?;
        let unfinished =
            || AgentError::NothingToDo(format!("{id} has not ended; `edgecoder resume {id}` continues it"));
        Ok((run, manifest, patch.ok_or_else(unfinished)?))
    }
}

fn written(manifest: Manifest, changes: &[Change]) -> Written {
    Written { root: manifest.root, files: changes.iter().map(|change| change.path.clone()).collect() }
}

fn conflict(file: &FilePatch, misfit: Misfit) -> AgentError {
    AgentError::Conflict {
        path: file.path.clone(),
        hunk: misfit.hunk,
        hunks: file.hunks.len(),
        header: misfit.header,
        why: misfit.why,
    }
}

fn text(path: &str, bytes: &[u8]) -> Result<String, AgentError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| moved(path, "it is no UTF-8 text any more"))
}

/// What applying makes of one file.
fn applied(run: &RunFolder, manifest: &Manifest, file: &FilePatch) -> Result<Change, AgentError> {
    let before = files::read(&manifest.root, &file.path)?;
    let after = match (file.kind, &before, file.after) {
        (ChangeKind::Create, None, Some(after)) => Some(run.load_blob(after)?),
        (ChangeKind::Create, Some(_), _) => {
            return Err(moved(&file.path, "the file is new in the diff but exists by now"));
        }
        (ChangeKind::Modify | ChangeKind::Delete, None, _) => {
            return Err(moved(&file.path, "the file has been removed since the checkpoint"));
        }
        (ChangeKind::Modify, Some(bytes), Some(after)) if Some(digest_of(bytes)) == file.before => {
            Some(run.load_blob(after)?)
        }
        (ChangeKind::Modify, Some(bytes), _) => {
            let changed = carry_out(&text(&file.path, bytes)?, &file.hunks).map_err(|misfit| conflict(file, misfit))?;
            Some(changed.into_bytes())
        }
        (ChangeKind::Delete, Some(bytes), _) if Some(digest_of(bytes)) == file.before => None,
        (ChangeKind::Delete, Some(_), _) => {
            return Err(moved(&file.path, "the diff removes the file, but it has changed since the checkpoint"));
        }
        (ChangeKind::Create, None, None) => return Err(moved(&file.path, "the diff holds no content for it")),
    };
    Ok(Change { path: file.path.clone(), before, after })
}

/// What undoing makes of one file.
fn undone(run: &RunFolder, manifest: &Manifest, file: &FilePatch, applied: &Applied) -> Result<Change, AgentError> {
    let before = files::read(&manifest.root, &file.path)?;
    let record = applied.changes.iter().find(|change| change.path == file.path);
    let untouched = record.is_some_and(|record| before.as_deref().map(digest_of) == record.after);
    let original = record.and_then(|record| record.before);
    let after = match (untouched, original, file.kind, &before) {
        (true, Some(original), ..) => Some(run.load_blob(original)?),
        (true, None, ..) => None,
        (false, _, ChangeKind::Modify, Some(bytes)) => {
            let taken = take_back(&text(&file.path, bytes)?, file).map_err(|misfit| conflict(file, misfit))?;
            Some(taken.into_bytes())
        }
        (false, _, ChangeKind::Create, Some(_)) => {
            return Err(moved(&file.path, "the agent created the file and it has changed since; remove it by hand"));
        }
        (false, _, ChangeKind::Modify | ChangeKind::Create, None) => {
            return Err(moved(&file.path, "the file has been removed since"));
        }
        (false, _, ChangeKind::Delete, _) => {
            return Err(moved(&file.path, "the agent removed the file and another one is there by now"));
        }
    };
    Ok(Change { path: file.path.clone(), before, after })
}
