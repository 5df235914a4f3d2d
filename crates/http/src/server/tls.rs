//! A certificate of our own making, for services that other machines reach. Nobody vouches for it: clients pin it.

use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::problem::ServiceError;
use crate::pin::Pin;

/// Why there is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A name can't stand in a certificate.
    #[error("no certificate can be made for these names: {0}")]
    Names(String),
    /// What was kept is no certificate with its key.
    #[error("this is no certificate with its key: {0}")]
    Malformed(String),
}

impl ServiceError for TlsError {
    fn kind(&self) -> edgecoder_types::ErrorKind {
        edgecoder_types::ErrorKind::Invalid
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Names(_) => "certificate_names",
            Self::Malformed(_) => "certificate_malformed",
        }
    }
}

/// A certificate and its key. `Debug` shows the pin only.
#[derive(Clone)]
pub struct TlsIdentity {
    certificate: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
    pem: String,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsIdentity({})", self.pin())
    }
}

impl TlsIdentity {
    /// Makes a key and a certificate for these names and addresses.
    ///
    /// # Errors
    /// [`TlsError::Names`]
    pub fn generate(names: &[&str]) -> Result<Self, TlsError> {
        let wrong = |error: rcgen::Error| TlsError::Names(error.to_string());
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(wrong)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "edgecoder");
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = params.self_signed(&key).map_err(wrong)?;
        Self::from_pem(&format!("{}{}", certificate.pem(), key.serialize_pem()))
    }

    /// Reads what [`TlsIdentity::to_pem`] gave.
    ///
    /// # Errors
    /// [`TlsError::Malformed`]
    pub fn from_pem(text: &str) -> Result<Self, TlsError> {
        let wrong = |error: rustls_pki_types::pem::Error| TlsError::Malformed(error.to_string());
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(wrong)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(wrong)?;
        let identity = Self { certificate, key: Arc::new(key), pem: text.to_owned() };
        // Whether they belong together.
        identity.config().map(|_| identity)
    }

    /// Certificate and key: for a file that only its owner reads.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// What clients are told to trust.
    pub fn pin(&self) -> Pin {
        Pin::of(&self.certificate)
    }

    /// Settings of a server that shows it.
    ///
    /// # Errors
    /// [`TlsError::Malformed`]: the key is another certificate's.
    pub fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let wrong = |error: rustls::Error| TlsError::Malformed(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder
            .map_err(wrong)?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .map_err(wrong)?;
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_kept_whole_and_not_shown() {
        let identity = TlsIdentity::generate(&["localhost", "127.0.0.1"]).unwrap();
        let again = TlsIdentity::from_pem(identity.to_pem()).unwrap();
        assert_eq!(identity.pin(), again.pin());
        assert!(!format!("{identity:?}").contains("PRIVATE"));
        let other = TlsIdentity::generate(&["localhost"]).unwrap();
        assert_ne!(identity.pin(), other.pin());
        let certificate = identity.to_pem().split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
        let key = other.to_pem().split_once("-----END CERTIFICATE-----\n").unwrap().1;
        for wrong in ["", certificate, key, &format!("{certificate}{key}")] {
            assert_eq!(TlsIdentity::from_pem(wrong).unwrap_err().code(), "certificate_malformed");
        }
        assert_eq!(TlsIdentity::generate(&["caf\u{e9}"]).unwrap_err().code(), "certificate_names");
    }
}
