//! A run's folder that nobody made: applying and undoing its patch changes all of the repository or nothing, and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use edgecoder_agent::{Manifest, RunStore};
use edgecoder_security::sha256;
use edgecoder_types::ids::RunId;
use serde_json::json;

use super::{Check, Target};
use crate::draw::pieces;
use crate::material;

pub(super) const TARGET: Target = Target {
    name: "apply",
    about: "hostile patches, records and journals of a run: all or nothing, inside the repository, undone exactly",
    words: WORDS,
    grammar: None,
    smoke_cases: 2_500,
    open,
};

const RUN: &str = "run_01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// The repository's files.
const FILES: &[(&str, &str)] = &[
    ("a.py", "def f(x):\n    return x\n"),
    ("pkg/b.py", "B = 1\n"),
    ("empty", ""),
    ("notes.txt", "one\ntwo\nthree\n"),
];
/// Contents that the run's folder holds besides.
const BLOBS: &[&str] = &["def f(x):\n    return x + 1\n", "B = 2\n", "new\n", ""];
/// Files of the run's folder, in the order of the input's pieces.
const RECORDS: [&str; 4] = ["patch.json", "applied.json", "intent.json", "journal.ndjson"];

/// Where a case plays.
struct Place {
    folder: tempfile::TempDir,
    id: RunId,
    manifest: Vec<u8>,
}

fn open() -> Result<Check> {
    let folder = material::scratch()?;
    let root = folder.path().join("repo");
    let manifest: Manifest = serde_json::from_value(json!({
        "v": 1, "id": RUN, "created_at_ms": 0, "root": root, "stands_alone": false,
        "options": {
            "task": "t", "repo": root, "current_dir": root, "file": null, "test": null, "seed": 0, "temperature": null,
            "budget": {"samples": null, "tokens": null, "wall_ms": null}, "model_label": "m",
        },
        "model": {"name": "m", "digest": null, "context_tokens": 1, "batch_max": 1, "reproducible": true},
    }))?;
    let place = Place { folder, id: RUN.parse().context("the run's id")?, manifest: serde_json::to_vec(&manifest)? };
    Ok(Box::new(move |data| place.one(data)))
}

impl Place {
    fn run_folder(&self) -> PathBuf {
        self.folder.path().join("runs").join(RUN)
    }

    /// Makes everything anew: the repository, what lies beside it, and the run's folder with the input's records.
    fn prepare(&self, records: &[&[u8]]) -> Result<()> {
        let top = self.folder.path();
        for name in ["repo", "outside", "runs"] {
            if top.join(name).exists() {
                std::fs::remove_dir_all(top.join(name))?;
            }
        }
        std::fs::create_dir_all(top.join("outside/hollow"))?;
        std::fs::write(top.join("outside/secret"), "secret\n")?;
        std::fs::create_dir_all(top.join("repo/pkg"))?;
        std::fs::create_dir_all(top.join("repo/.git/hooks"))?;
        std::fs::write(top.join("repo/.git/config"), "git\n")?;
        for (path, text) in FILES {
            std::fs::write(top.join("repo").join(path), text)?;
        }
        std::os::unix::fs::symlink(top.join("outside"), top.join("repo/link"))?;
        std::os::unix::fs::symlink(top.join("outside/secret"), top.join("repo/linked"))?;
        let blobs = self.run_folder().join("blobs");
        std::fs::create_dir_all(&blobs)?;
        for text in BLOBS.iter().chain(FILES.iter().map(|(_, text)| text)) {
            std::fs::write(blobs.join(sha256(text.as_bytes()).to_string()), text)?;
        }
        std::fs::write(self.run_folder().join("run.json"), &self.manifest)?;
        for (name, record) in RECORDS.iter().zip(records).filter(|(_, record)| !record.is_empty()) {
            std::fs::write(self.run_folder().join(name), record)?;
        }
        Ok(())
    }

    fn one(&self, data: &[u8]) -> Result<()> {
        let records = pieces(data);
        self.prepare(&records)?;
        let (repo, outside) = (self.folder.path().join("repo"), self.folder.path().join("outside"));
        let has = |index: usize| records.get(index).is_some_and(|record: &&[u8]| !record.is_empty());
        // What somebody says was half done is finished or cleaned up first, so it may change the repository.
        let is_fresh = !has(1) && !has(2);
        let store = RunStore::new(self.folder.path().join("runs"));
        let (before, beside) = (snapshot(&repo)?, snapshot(&outside)?);
        drop(store.show(self.id));
        drop(store.list());
        let applied = store.apply(self.id);
        let after = snapshot(&repo)?;
        ensure!(snapshot(&outside)? == beside, "apply left the repository: {applied:?}");
        ensure!(after.get(Path::new(".git/config")) == before.get(Path::new(".git/config")), "apply wrote into .git");
        if is_fresh {
            match &applied {
                Err(error) => ensure!(after == before, "apply failed half-way: {error:?}"),
                Ok(written) => {
                    let changed = |path: &&PathBuf| before.get(*path) != after.get(*path);
                    let is_told = |path: &PathBuf| {
                        written.files.iter().any(|file| path.starts_with(file) || Path::new(file).starts_with(path))
                    };
                    let silent: Vec<_> =
                        before.keys().chain(after.keys()).filter(changed).filter(|path| !is_told(path)).collect();
                    ensure!(silent.is_empty(), "apply changed {silent:?} and said {:?}", written.files);
                }
            }
        }
        let undone = store.undo(self.id);
        ensure!(snapshot(&outside)? == beside, "undo left the repository: {undone:?}");
        let last = snapshot(&repo)?;
        ensure!(last.get(Path::new(".git/config")) == before.get(Path::new(".git/config")), "undo wrote into .git");
        if is_fresh && applied.is_ok() {
            ensure!(undone.is_ok(), "what was applied cannot be undone: {undone:?}");
            ensure!(last == before, "undo restores something else: {undone:?}");
        }
        Ok(())
    }
}

/// Every path below a folder with what it is: a file's bytes, a link's target, a folder.
fn snapshot(folder: &Path) -> Result<BTreeMap<PathBuf, (char, Vec<u8>)>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            let inside = path.strip_prefix(folder)?.to_path_buf();
            let kind = std::fs::symlink_metadata(&path)?;
            let what = if kind.is_symlink() {
                ('l', std::fs::read_link(&path)?.into_os_string().into_encoded_bytes())
            } else if kind.is_dir() {
                waiting.push(path);
                ('d', Vec::new())
            } else {
                ('f', std::fs::read(&path)?)
            };
            found.insert(inside, what);
        }
    }
    Ok(found)
}

const WORDS: &[&str] = &[
    "a.py",
    "pkg/b.py",
    "pkg",
    "empty",
    "notes.txt",
    "new/deep/c.py",
    "../outside/secret",
    "link/secret",
    "linked",
    "/etc/passwd",
    ".git/config",
    ".GIT/hooks/x",
    "pkg/../a.py",
    "./a.py",
    "a.py/x",
    "create",
    "modify",
    "delete",
    "\"hunks\":[]",
    "null",
    "staging",
    "ready",
    "apply",
    "undo",
    "\"folders\":[\"../outside/hollow\"]",
    "\"before\":",
    "\"after\":",
    "\"kind\":",
    "[\" \",\"one\\n\"]",
    "[\"-\",\"two\\n\"]",
    "[\"+\",\"2\\n\"]",
    "\n====\n",
];
