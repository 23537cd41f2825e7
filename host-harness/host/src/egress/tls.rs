//! Whose certificates are trusted.
//!
//! The certificate authorities of the system, for companies that have one of their own there, and Mozilla's, for systems
//! that have none; [`trusting`] adds those of files. Where the system's are read from can be told by the environment
//! variables `SSL_CERT_FILE` and `SSL_CERT_DIR`.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// A file of certificate authorities that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct AuthorityError {
    file: PathBuf,
    problem: String,
}

/// A TLS configuration that trusts the certificate authorities in these files too. Each file holds one certificate or
/// more in PEM, the form that begins with `-----BEGIN CERTIFICATE-----`.
///
/// # Errors
///
/// Fails where a file cannot be read, holds no certificate, or one that is broken.
pub fn trusting(files: &[impl AsRef<Path>]) -> Result<Arc<ClientConfig>, AuthorityError> {
    let mut roots = default_roots().clone();
    for file in files {
        add_file(&mut roots, file.as_ref())
            .map_err(|problem| AuthorityError { file: file.as_ref().to_owned(), problem })?;
    }
    Ok(Arc::new(client_config(roots)))
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("it could not be read: {error}"))?;
    let mut certificates = 0;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| match error {
            pem::Error::MissingSectionEnd { .. } => "a certificate in it has no end".to_owned(),
            error => format!("it is no PEM: {error}"),
        })?;
        certificates += 1;
        roots.add(certificate).map_err(|error| format!("certificate {certificates} in it is broken: {error}"))?;
    }
    if certificates == 0 {
        return Err("it holds no certificate; give a PEM file, with `-----BEGIN CERTIFICATE-----` in it".to_owned());
    }
    Ok(())
}

/// The configuration of clients that are given none.
pub(crate) fn default_config() -> Arc<ClientConfig> {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| Arc::new(client_config(default_roots().clone())));
    Arc::clone(&CONFIG)
}

/// The system's certificate authorities and Mozilla's. They are read once.
fn default_roots() -> &'static RootCertStore {
    static ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::debug!(%error, "a certificate of the system could not be read");
        }
        roots.add_parsable_certificates(system.certs);
        roots
    });
    &ROOTS
}

fn client_config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    #[expect(clippy::expect_used, reason = "ring supports the default protocol versions")]
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
