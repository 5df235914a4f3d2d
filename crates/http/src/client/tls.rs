//! Whom to trust: the machine's own certificates, or those of one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::HttpError;

/// Where Linux distributions keep the certificates that they trust.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The settings of a TLS client: TLS 1.2 and 1.3, no client certificate.
pub(super) fn config(file: Option<&Path>) -> Result<Arc<ClientConfig>, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| HttpError::Internal(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots(file)?).with_no_client_auth()))
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, HttpError> {
    let path = match file {
        Some(file) => file.to_path_buf(),
        None => BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
            HttpError::NoRoots(format!(
                "this machine has no certificates to check servers by (looked at {}): install ca-certificates, or name a \
                 PEM file",
                BUNDLES.join(", ")
            ))
        })?,
    };
    let unreadable = |why: String| HttpError::NoRoots(format!("{}: {why}", path.display()));
    let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| unreadable(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        // A store of a distribution may hold one that this library does not read; the others count.
        let (_, _) = store.add_parsable_certificates([certificate]);
    }
    if store.is_empty() { Err(unreadable("it holds no certificate".to_owned())) } else { Ok(store) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nothing").unwrap();
        for path in [file.path(), Path::new("/nowhere/roots.pem")] {
            let error = config(Some(path)).unwrap_err();
            assert_eq!(error.code(), "no_certificates");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
}
