//! Who this machine is: a node id and a signing key, made at first use.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use edgecoder_security::{CanonicalError, KeyError, NodeKey, attest, body_digest};
use edgecoder_types::ids::NodeId;
use edgecoder_types::{Attestation, AttestationStatement, Clock, Entropy, ErrorKind, ReceiptBody, UnixMs};
use serde::{Deserialize, Serialize};

/// The host's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The kernel's random numbers.
#[derive(Debug)]
pub struct SystemEntropy(fs::File);

impl SystemEntropy {
    /// Opens the kernel's generator.
    pub fn open() -> io::Result<Self> {
        fs::File::open("/dev/urandom").map(Self)
    }
}

impl Entropy for SystemEntropy {
    /// A read of `/dev/urandom` of this size cannot fail or come short once the device is open (random(4)), so a
    /// failure here means the host is broken; zeros are never handed out.
    fn fill(&mut self, buffer: &mut [u8]) {
        while self.0.read_exact(buffer).is_err() {
            std::thread::yield_now();
        }
    }
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("the node's identity in {} cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is damaged.
    #[error("{} is damaged: {reason}; remove it to get a new identity", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Others can read the secret key.
    #[error("{} can be read by others (mode {mode:o}); make it 600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl IdentityError {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } | Self::Exposed { .. } => ErrorKind::Unavailable,
            Self::Malformed { .. } => ErrorKind::Conflict,
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "identity_io",
            Self::Malformed { .. } => "identity_malformed",
            Self::Exposed { .. } => "identity_exposed",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityFile {
    node: NodeId,
    secret: String,
}

/// A node and its key.
#[derive(Debug)]
pub struct Identity {
    /// The node's id.
    pub node: NodeId,
    key: NodeKey,
}

impl Identity {
    /// The thumbprint of its key.
    pub fn key_id(&self) -> String {
        self.key.thumbprint()
    }

    /// Reads the identity where there is one; makes none.
    pub fn load(path: &Path) -> Result<Option<Self>, IdentityError> {
        match fs::read(path) {
            Ok(text) => Self::parse(path, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(IdentityError::Io { path: path.to_owned(), source }),
        }
    }

    /// Reads the identity, or makes one: a file of mode 0600. Two processes that start at once agree on one.
    pub fn load_or_create(path: &Path, clock: &dyn Clock, entropy: &mut dyn Entropy) -> Result<Self, IdentityError> {
        match Self::load(path)? {
            Some(identity) => Ok(identity),
            None => Self::create(path, clock, entropy),
        }
    }

    fn parse(path: &Path, text: &[u8]) -> Result<Self, IdentityError> {
        let malformed = |reason: String| IdentityError::Malformed { path: path.to_owned(), reason };
        let io = |source| IdentityError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(IdentityError::Exposed { path: path.to_owned(), mode });
        }
        let file: IdentityFile = serde_json::from_slice(text).map_err(|error| malformed(error.to_string()))?;
        let key = NodeKey::from_secret(&file.secret).map_err(|error: KeyError| malformed(error.to_string()))?;
        Ok(Self { node: file.node, key })
    }

    fn create(path: &Path, clock: &dyn Clock, entropy: &mut dyn Entropy) -> Result<Self, IdentityError> {
        let io = |source| IdentityError::Io { path: path.to_owned(), source };
        let key = NodeKey::generate(entropy);
        let file = IdentityFile { node: NodeId::mint(clock.now(), entropy), secret: key.secret() };
        let text = serde_json::to_vec_pretty(&file).map_err(|error| io(error.into()))?;
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(folder).map_err(io)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        io::Write::write_all(&mut temporary, &text).and_then(|()| temporary.as_file().sync_all()).map_err(io)?;
        // Whoever comes second takes what the first one wrote.
        match temporary.persist_noclobber(path) {
            Ok(_) => Ok(Self { node: file.node, key }),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Self::parse(path, &fs::read(path).map_err(io)?)
            }
            Err(error) => Err(io(error.error)),
        }
    }

    /// Signs that this node made this body, now, outside a swarm.
    pub fn attest(
        &self,
        body: &ReceiptBody,
        clock: &dyn Clock,
        entropy: &mut dyn Entropy,
    ) -> Result<Attestation, CanonicalError> {
        let mut nonce = [0_u8; 16];
        entropy.fill(&mut nonce);
        let statement = AttestationStatement {
            v: "1".to_owned(),
            body: body_digest(body)?,
            node: self.node,
            key_id: self.key.thumbprint(),
            task: None,
            attempt: 1,
            lease_epoch: 0,
            nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
            at_ms: clock.now(),
        };
        attest(&self.key, statement)
    }
}
