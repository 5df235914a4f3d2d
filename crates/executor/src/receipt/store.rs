//! Receipts and their inputs on disk, by content.
//!
//! Layout: `blobs/ab/cdef…` (the bytes of inputs) and `receipts/<digest>.json`. Every file is written under a temporary name,
//! flushed and renamed, so a reader sees all of it or nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use edgecoder_security::{body_digest, sha256};
use edgecoder_types::{Attestation, Digest, RunRequest, RunResult};
use serde::Serialize;

use super::file::{BUNDLE_FORMAT, Bundle, Input, ReceiptError, ReceiptFile};

/// The largest receipt or bundle that is read, in bytes.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// A folder of receipts and inputs.
#[derive(Clone, Debug)]
pub struct ReceiptStore {
    folder: PathBuf,
}

impl ReceiptStore {
    /// Uses a folder; makes it when the first receipt is kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn blob_path(&self, digest: Digest) -> PathBuf {
        let text = digest.to_string();
        let (shard, rest) = text.split_at(2);
        self.folder.join("blobs").join(shard).join(rest)
    }

    /// Keeps a run's inputs and its receipt; returns the receipt and its path.
    pub fn keep(
        &self,
        request: &RunRequest,
        result: &RunResult,
        attestation: Option<Attestation>,
    ) -> Result<(ReceiptFile, PathBuf), ReceiptError> {
        let body = result.receipt.clone().ok_or_else(|| ReceiptError::NoEvidence(format!("{:?}", result.status)))?;
        for content in request.files.iter().map(|file| &file.content).chain(std::iter::once(&request.stdin)) {
            self.keep_blob(content)?;
        }
        let receipt = ReceiptFile { digest: body_digest(&body)?, body, attestation };
        let path = self.folder.join("receipts").join(format!("{}.json", receipt.digest));
        write_json(&path, &receipt)?;
        Ok((receipt, path))
    }

    fn keep_blob(&self, content: &[u8]) -> Result<(), ReceiptError> {
        let path = self.blob_path(sha256(content));
        if path.exists() { Ok(()) } else { write_atomically(&path, content) }
    }

    /// An input's bytes, checked against their digest.
    pub fn blob(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReceiptError> {
        let path = self.blob_path(digest);
        match fs::read(&path) {
            Ok(content) if sha256(&content) == digest => Ok(Some(content)),
            Ok(_) => Err(ReceiptError::InputChanged(digest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ReceiptError::Io { action: "reading", path, source }),
        }
    }

    /// Reads a receipt or a bundle from a file and checks all its digests and signatures. The inputs come from the
    /// bundle or else from this store.
    pub fn open(&self, path: &Path) -> Result<Bundle, ReceiptError> {
        let text = read_bounded(path)?;
        let malformed =
            |error: &serde_json::Error| ReceiptError::Malformed { path: path.to_owned(), reason: error.to_string() };
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| malformed(&error))?;
        let bundle = if value.get("format").is_some() {
            let bundle: Bundle = serde_json::from_value(value).map_err(|error| malformed(&error))?;
            if bundle.format != BUNDLE_FORMAT {
                let reason = format!("format {:?}, but this program reads {BUNDLE_FORMAT:?}", bundle.format);
                return Err(ReceiptError::Malformed { path: path.to_owned(), reason });
            }
            bundle
        } else {
            let receipt: ReceiptFile = serde_json::from_value(value).map_err(|error| malformed(&error))?;
            Bundle { format: BUNDLE_FORMAT.to_owned(), receipt, inputs: BTreeMap::new() }
        };
        bundle.check()?;
        Ok(bundle)
    }

    /// Adds the inputs that the bundle lacks, from this store.
    pub fn complete(&self, bundle: &mut Bundle) -> Result<(), ReceiptError> {
        for (digest, path) in bundle.receipt.inputs() {
            if let std::collections::btree_map::Entry::Vacant(place) = bundle.inputs.entry(digest) {
                let missing = || ReceiptError::InputMissing { digest, path: path.to_owned() };
                place.insert(Input(self.blob(digest)?.ok_or_else(missing)?));
            }
        }
        Ok(())
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, ReceiptError> {
    let io = |source| ReceiptError::Io { action: "reading", path: path.to_owned(), source };
    let length = fs::metadata(path).map_err(io)?.len();
    if length > FILE_BYTES_MAX {
        let reason = format!("it has {length} bytes, and at most {FILE_BYTES_MAX} are read");
        return Err(ReceiptError::Malformed { path: path.to_owned(), reason });
    }
    fs::read(path).map_err(io)
}

/// Writes a value as indented JSON, whole or not at all.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), ReceiptError> {
    let malformed =
        |error: serde_json::Error| ReceiptError::Malformed { path: path.to_owned(), reason: error.to_string() };
    let mut text = serde_json::to_vec_pretty(value).map_err(malformed)?;
    text.push(b'\n');
    write_atomically(path, &text)
}

/// Writes a file whole or not at all.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), ReceiptError> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| ReceiptError::Io { action: "writing", path: path.to_owned(), source })
}
