//! Whose certificates are trusted.
//!
//! The system's certificate authorities, for companies that install their own there, and Mozilla's, for systems that have
//! none. [`trusting`] adds those of files. The environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` set where the
//! system's are read from.

use crate::egress::verifier::Verifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file of certificate authorities that is not valid.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct AuthorityError {
    file: PathBuf,
    problem: String,
}

/// The TLS configurations of one transport, with the protocols that may be spoken over TLS (ALPN).
#[derive(Clone)]
pub(super) struct TlsConfigs {
    /// For servers: HTTP/2 or HTTP/1.1, as the server chooses.
    pub(super) server: Arc<ClientConfig>,
    /// For proxies: HTTP/1.1, since a tunnel is asked for in it.
    pub(super) proxy: Arc<ClientConfig>,
}

impl TlsConfigs {
    pub(super) fn of(config: &ClientConfig) -> Self {
        let with_protocols = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Arc::new(config)
        };
        Self { server: with_protocols(&[b"h2", b"http/1.1"]), proxy: with_protocols(&[]) }
    }
}

/// A TLS configuration that also trusts the certificate authorities in these files, and servers whose own self-signed
/// certificate is in one, for the names that it has. Each file contains one or more
/// certificates in PEM format (`-----BEGIN CERTIFICATE-----`).
///
/// It reads files, the system's certificates included, so call it before the program serves requests, or on a thread for
/// blocking work.
///
/// # Errors
///
/// Returns an error that names the file where it cannot be read, contains no certificate, or one that is damaged.
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
            error => format!("it is not valid PEM: {error}"),
        })?;
        certificates += 1;
        roots.add(certificate).map_err(|error| format!("certificate {certificates} in it is damaged: {error}"))?;
    }
    if certificates == 0 {
        return Err("it contains no certificate; give a PEM file, with `-----BEGIN CERTIFICATE-----` in it".to_owned());
    }
    Ok(())
}

/// The configurations of clients that are given none. They are loaded once, and off the async runtime: reading some hundred
/// files takes tens of milliseconds, or longer on a slow disk.
pub(super) async fn default_configs() -> TlsConfigs {
    static CONFIGS: OnceLock<TlsConfigs> = OnceLock::new();
    let load = || CONFIGS.get_or_init(|| TlsConfigs::of(&client_config(default_roots().clone()))).clone();
    match CONFIGS.get() {
        Some(configs) => configs.clone(),
        // It fails only where the runtime is shutting down.
        None => tokio::task::spawn_blocking(load).await.unwrap_or_else(|_| load()),
    }
}

/// The system's certificate authorities and Mozilla's. They are read once.
fn default_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::debug!(%error, "a certificate of the system could not be read");
        }
        roots.add_parsable_certificates(system.certs);
        roots
    })
}

fn client_config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    #[expect(
        clippy::expect_used,
        reason = "there is no revocation list that could be invalid, and roots are never empty"
    )]
    let verifier =
        Verifier::new(roots, Arc::clone(&provider)).expect("the certificates of Mozilla are among the roots");
    #[expect(clippy::expect_used, reason = "ring supports the default protocol versions")]
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    /// Reading the system's certificates can take long. Meanwhile the runtime's threads must serve others: here, a timer.
    #[test]
    fn default_configs_are_loaded_off_the_runtime() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("certificates");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "egress::tls::tests::loads_from_a_pipe", "--ignored", "--nocapture"])
            .env("SSL_CERT_FILE", &pipe)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (send, outcome) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.filter(|line| line.contains(" first")).try_for_each(|line| send.send(line)));
        let outcome = outcome.recv_timeout(Duration::from_secs(20));
        // Now the child may read to the end. The pipe is opened for reading too, so that this does not wait for the child.
        while child.try_wait().unwrap().is_none() {
            let mut pipe = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
            pipe.write_all(b"\n").unwrap();
            drop(pipe);
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(outcome.as_deref(), Ok("the timer first"));
    }

    /// The child process of the test above.
    #[tokio::test]
    #[ignore = "run by another test, with a pipe to read certificates from"]
    async fn loads_from_a_pipe() {
        tokio::select! {
            _ = default_configs() => println!("the certificates first"),
            () = tokio::time::sleep(Duration::from_millis(100)) => println!("the timer first"),
        }
    }
}
