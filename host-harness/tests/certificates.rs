//! Certificates that a server shows to the program: what a refusal says, and which ones `--ca-file` makes acceptable.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::net::SocketAddr;
use std::path::PathBuf;
use support::command::{Run, host_harness};

/// A certificate for a server, its key, and a file for `--ca-file`.
struct Identity {
    ca_file: PathBuf,
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    /// Starts a server that has the certificate.
    fn server(&self) -> SocketAddr {
        support::tls::server(&self.certificate, &self.key)
    }
}

fn pem_file(folder: &tempfile::TempDir, name: &str, pem: String) -> PathBuf {
    let file = folder.path().join(name);
    std::fs::write(&file, pem).unwrap();
    file
}

/// A certificate by an authority of its own. The file holds the authority.
fn by_authority(folder: &tempfile::TempDir, name: &str, expired: bool) -> Identity {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Acme Authority");
    let key = KeyPair::generate().unwrap();
    let ca_file =
        pem_file(folder, &format!("authority-{name}-{expired}.pem"), authority.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(authority, key);
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    Identity { ca_file, certificate, key }
}

/// A self-signed certificate with CA:TRUE, the default of instances that customers host. The file holds the certificate.
fn self_signed(folder: &tempfile::TempDir, name: &str) -> Identity {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let ca_file = pem_file(folder, "self-signed.pem", certificate.pem());
    Identity { ca_file, certificate, key }
}

/// Has the guest get a page of a server on `localhost`.
fn get(address: SocketAddr, more: &[&str]) -> Run {
    let place = format!("localhost:{}", address.port());
    let input = serde_json::json!({ "url": format!("https://{place}/") }).to_string();
    let auth = serde_json::json!({ "host": place }).to_string();
    let guest = support::guest_file().to_str().unwrap();
    let call = ["--component", guest, "invoke", "get", "--input", &input, "--auth", &auth, "--allow-host", &place];
    host_harness(&[&call[..], more].concat())
}

#[test]
fn certificate_failures_name_their_cause_and_ca_file_where_it_helps() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = by_authority(&folder, "localhost", false);
    let expired = by_authority(&folder, "localhost", true);
    let own = self_signed(&folder, "localhost");
    for (identity, trust, cause, helps) in [
        (&unknown, false, "Acme Authority", true),
        (&own, false, "self-signed", true),
        (&expired, true, "expired", false),
    ] {
        let file = identity.ca_file.to_str().unwrap();
        let trusted = ["--ca-file", file];
        let run = get(identity.server(), if trust { &trusted } else { &[] });
        assert!(run.code == 1 && run.stderr.contains(cause), "{cause}: {run:?}");
        assert_eq!(run.stderr.contains("--ca-file"), helps, "{cause}: {run:?}");
    }
    // A self-signed certificate is accepted for its own names only.
    let file = own.ca_file.to_str().unwrap();
    let accepted = get(own.server(), &["--ca-file", file]);
    assert!(accepted.code == 0 && accepted.stdout.contains("\"bytes\""), "{accepted:?}");
    let elsewhere = self_signed(&folder, "looker.example.com");
    let refused = get(elsewhere.server(), &["--ca-file", elsewhere.ca_file.to_str().unwrap()]);
    assert!(refused.code == 1 && refused.stderr.contains("looker.example.com"), "{refused:?}");
}
