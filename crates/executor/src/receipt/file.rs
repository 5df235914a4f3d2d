//! The two files a receipt travels in: alone, or as a bundle with its inputs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use edgecoder_security::{AttestationError, CanonicalError, body_digest, sha256, verify_attestation};
use edgecoder_types::{Attestation, Digest, ErrorKind, ReceiptBody};
use serde::{Deserialize, Serialize};

use crate::contract::ExecutorError;

/// A receipt as it is kept: the body under its own digest, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptFile {
    /// SHA-256 of the body's canonical form.
    pub digest: Digest,
    /// The body.
    pub body: ReceiptBody,
    /// The signed statement about it.
    pub attestation: Option<Attestation>,
}

/// A receipt with everything that re-running it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Format, `edgecoder-receipt-bundle/1`.
    pub format: String,
    /// The receipt.
    pub receipt: ReceiptFile,
    /// Inputs by digest.
    pub inputs: BTreeMap<Digest, Input>,
}

/// One input's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Input(#[serde(with = "edgecoder_types::receipt::bytes")] pub Vec<u8>);

/// The format's name.
pub const BUNDLE_FORMAT: &str = "edgecoder-receipt-bundle/1";

/// Why a receipt cannot be read, kept or re-run. A receipt that re-runs differently is a `Verification`, not an error.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// A file cannot be read or written.
    #[error("{action} {}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The file is no receipt and no bundle.
    #[error("{} is neither a receipt nor a receipt bundle: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was wrong, and where.
        reason: String,
    },
    /// The body does not have the digest that the file names.
    #[error("the receipt names digest {named}, but its body has {actual}: it was changed")]
    DigestMismatch {
        /// In the file.
        named: Digest,
        /// Computed.
        actual: Digest,
    },
    /// An input's bytes do not have the digest under which they are kept.
    #[error("the input {0} does not have that digest: it was changed")]
    InputChanged(Digest),
    /// An input is neither in the bundle nor in this machine's content store.
    #[error(
        "the input {digest} ({path}) is not on this machine; ask for the receipt's bundle (`edgecoder receipt export`)"
    )]
    InputMissing {
        /// Its digest.
        digest: Digest,
        /// Its path in the run.
        path: String,
    },
    /// The attestation does not hold.
    #[error("the attestation does not hold")]
    Attestation(#[from] AttestationError),
    /// The body has no canonical form.
    #[error("the receipt has no canonical form")]
    Canonical(#[from] CanonicalError),
    /// The run itself could not be repeated.
    #[error("re-running the receipt failed")]
    Executor(#[from] ExecutorError),
    /// This machine's identity, which signs, is missing or damaged.
    #[error(transparent)]
    Identity(#[from] crate::identity::IdentityError),
    /// The run ended without evidence (timeout, memory, refused), so there is no receipt.
    #[error("a run that ended with status {0} leaves no receipt")]
    NoEvidence(String),
}

impl ReceiptError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } => ErrorKind::Unavailable,
            Self::Identity(error) => error.kind(),
            Self::Malformed { .. } | Self::Canonical(_) => ErrorKind::Invalid,
            Self::DigestMismatch { .. } | Self::InputChanged(_) | Self::NoEvidence(_) => ErrorKind::Conflict,
            Self::InputMissing { .. } => ErrorKind::NotFound,
            Self::Attestation(error) => error.kind(),
            Self::Executor(error) => error.kind(),
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "receipt_io",
            Self::Identity(error) => error.code(),
            Self::Malformed { .. } | Self::Canonical(_) => "receipt_malformed",
            Self::DigestMismatch { .. } => "receipt_digest_mismatch",
            Self::InputChanged(_) => "receipt_input_changed",
            Self::InputMissing { .. } => "receipt_input_missing",
            Self::Attestation(error) => error.code(),
            Self::Executor(error) => error.code(),
            Self::NoEvidence(_) => "receipt_no_evidence",
        }
    }
}

impl ReceiptFile {
    /// Checks the body's own digest and the attestation, if there is one.
    pub fn check(&self) -> Result<(), ReceiptError> {
        let actual = body_digest(&self.body)?;
        if actual != self.digest {
            return Err(ReceiptError::DigestMismatch { named: self.digest, actual });
        }
        self.attestation.as_ref().map_or(Ok(()), |attestation| Ok(verify_attestation(attestation, &self.body)?))
    }

    /// Digests of everything that re-running needs, with the path of each in the run.
    pub fn inputs(&self) -> impl Iterator<Item = (Digest, &str)> {
        let files = self.body.files.iter().map(|(path, record)| (record.digest, path.as_str()));
        files.chain(std::iter::once((self.body.stdin, "standard input")))
    }
}

impl Bundle {
    /// Checks the receipt and that every input has the digest that it is kept under.
    pub fn check(&self) -> Result<(), ReceiptError> {
        self.receipt.check()?;
        self.receipt.body.files.keys().try_for_each(|path| crate::request::check_path(path))?;
        match self.inputs.iter().find(|(digest, input)| sha256(&input.0) != **digest) {
            Some((digest, _)) => Err(ReceiptError::InputChanged(*digest)),
            None => Ok(()),
        }
    }
}
