//! Digests of hub files that the catalogue does not know: taken when a file is first fetched here, and kept from then on, also
//! when the file is removed. A later file that differs is refused.

use std::collections::BTreeMap;
use std::path::Path;

use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};

use super::files;
use crate::contract::InferenceError;

const FILE: &str = "pins.json";

/// What a file was when it was first fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pinned {
    pub(super) url: String,
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
}

/// All of them, by model.
pub(super) fn load(root: &Path) -> Result<BTreeMap<String, Pinned>, InferenceError> {
    let path = root.join(FILE);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| {
            InferenceError::Corrupt(format!(
                "{} holds no digests ({error}): delete it to pin models anew",
                path.display()
            ))
        }),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(BTreeMap::new())
        }
        Err(error) => Err(files::failed("read", &path, &error)),
    }
}

/// Keeps one more.
pub(super) fn add(root: &Path, name: &str, pinned: Pinned) -> Result<(), InferenceError> {
    let mut all = load(root)?;
    all.insert(name.to_owned(), pinned);
    let text = serde_json::to_vec_pretty(&all).map_err(|error| InferenceError::Internal(error.to_string()))?;
    files::write_whole(&root.join(FILE), &text)
}
