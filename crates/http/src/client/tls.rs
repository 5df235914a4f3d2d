//! Whom to trust: the machine's own certificates, or those of one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::{HttpError, Pin};

/// Where Linux distributions keep the certificates that they trust.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The settings of a TLS client: TLS 1.2 and 1.3, no client certificate.
pub(super) fn config(file: Option<&Path>, pin: Option<Pin>) -> Result<Arc<ClientConfig>, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| HttpError::Internal(error.to_string()))?;
    if let Some(pin) = pin {
        let verifier = Arc::new(PinVerifier { pin, provider });
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        return Ok(Arc::new(builder.with_no_client_auth()));
    }
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

/// Trusts one certificate, by its pin. Names and dates say nothing then: whoever has the certificate's key is the server.
#[derive(Debug)]
struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Pin::of(end_entity);
        if shown == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General(format!("its certificate has the pin {shown}, not {}", self.pin)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nothing").unwrap();
        for path in [file.path(), Path::new("/nowhere/roots.pem")] {
            let error = config(Some(path), None).unwrap_err();
            assert_eq!(error.code(), "no_certificates");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
}
