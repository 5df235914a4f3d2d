//! Receipts: what a run proves, and who says so.
//!
//! A [`ReceiptBody`] holds nothing that differs between two equal runs: no node, time, duration or
//! memory. Its digest is SHA-256 of its RFC 8785 (JCS) form, computed by `edgecoder-security`.
//! Integers that may pass 2^53 are decimal strings, because JCS numbers are doubles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::digest::Digest;
use crate::ids::{NodeId, TaskId};
use crate::limits::Limits;
use crate::run::{FileRole, Language, Layer, RunStatus, TestPlan, Verdict};

/// What re-running a receipt compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptClass {
    /// Everything, output and fuel included (embedded layer).
    Deterministic,
    /// Test ids, verdicts, status and exit status (OS layer); output is recorded, not compared.
    Verdict,
}

/// Which executor ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutorVersion {
    /// Changes whenever an equal request could give another body, e.g. `1`.
    pub semantics: String,
    /// The interpreter, e.g. `rustpython-0.5.0` or `cpython-3.11.2`.
    pub runtime: String,
}

/// One file of the run, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Digest of the bytes.
    pub digest: Digest,
    /// Role in the run.
    pub role: FileRole,
}

/// One test's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestRecord {
    /// The id, as in [`crate::run::TestOutcome`].
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// The record of one run. Equal runs give equal bodies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptBody {
    /// Format version, `"1"`.
    pub v: String,
    /// What re-running compares.
    pub class: ReceiptClass,
    /// The executor.
    pub executor: ExecutorVersion,
    /// Where it ran.
    pub layer: Layer,
    /// Language of the entry.
    pub language: Language,
    /// The entry's path.
    pub entry: Option<String>,
    /// Every file by path.
    pub files: BTreeMap<String, FileRecord>,
    /// How the run was judged.
    pub plan: TestPlan,
    /// Test ids that were expected.
    pub expected_tests: Vec<String>,
    /// Digest of standard input.
    pub stdin: Digest,
    /// Arguments.
    pub args: Vec<String>,
    /// Bounds.
    pub limits: Limits,
    /// Seed.
    #[serde(with = "decimal")]
    pub seed: u64,
    /// How it ended.
    pub status: RunStatus,
    /// Reason code.
    pub reason: String,
    /// Exit status.
    pub exit_code: Option<i32>,
    /// Executed tests in order, then missing ones.
    pub tests: Vec<TestRecord>,
    /// Digest of standard output.
    pub stdout: Digest,
    /// Digest of standard error.
    pub stderr: Digest,
    /// Fuel used (embedded only).
    #[serde(with = "decimal_option")]
    pub fuel: Option<u64>,
}

/// What a node signs: the body's digest with everything that is particular to this run of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationStatement {
    /// Format version, `"1"`.
    pub v: String,
    /// Digest of the body's canonical form.
    pub body: Digest,
    /// Who ran it.
    pub node: NodeId,
    /// RFC 7638 thumbprint of the signing key.
    pub key_id: String,
    /// The swarm's task, if any.
    pub task: Option<TaskId>,
    /// Attempt at the task, from 1.
    pub attempt: u32,
    /// The lease's fencing token; 0 outside a swarm.
    pub lease_epoch: u32,
    /// 16 random bytes, hex.
    pub nonce: String,
    /// When it was signed.
    pub at_ms: UnixMs,
}

/// A signed statement. The signature is Ed25519 over a domain tag and the statement's JCS form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// What is signed.
    pub statement: AttestationStatement,
    /// The public key, base64url without padding.
    pub public_key: String,
    /// The signature, base64url without padding.
    pub signature: String,
}

/// `u64` as a decimal string.
pub mod decimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes the number as a string.
    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads a string of digits without sign or leading zero.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value = text.parse::<u64>().map_err(D::Error::custom)?;
        if value.to_string() == text { Ok(value) } else { Err(D::Error::custom("not a plain decimal number")) }
    }
}

/// `Option<u64>` as a decimal string or null.
pub mod decimal_option {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes the number as a string.
    pub fn serialize<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a string of digits without sign or leading zero, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let value = text.parse::<u64>().map_err(D::Error::custom)?;
        if value.to_string() == text { Ok(Some(value)) } else { Err(D::Error::custom("not a plain decimal number")) }
    }
}

/// Bytes that are nearly always text: a JSON string when they are UTF-8, else `{"hex": "…"}`. Lossless.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de::Error as _};

    #[derive(serde::Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Hex { hex: String },
    }

    /// Writes text or hex.
    pub fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(value) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Form::Hex { hex: value.iter().map(|byte| format!("{byte:02x}")).collect() }.serialize(serializer),
        }
    }

    /// Reads either form.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(text.into_bytes()),
            Form::Hex { hex } => decode(&hex).ok_or_else(|| D::Error::custom("not pairs of hex digits")),
        }
    }

    fn decode(hex: &str) -> Option<Vec<u8>> {
        if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
            return None;
        }
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()).collect()
    }
}

/// Output for people and programs: a JSON string, invalid UTF-8 replaced. One way only; receipts hold the digest of the bytes.
pub mod lossy {
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes the text.
    pub fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(value))
    }

    /// Reads the text's bytes.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}
