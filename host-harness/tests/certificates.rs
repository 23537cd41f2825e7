//! Certificates that a server shows to the program: what a refusal says, and which ones `--ca-file` makes acceptable.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use support::command::{Run, host_harness};

/// A certificate for a server, its key, and a file for `--ca-file`.
struct Identity {
    ca_file: PathBuf,
    certificate: CertificateDer<'static>,
    key: KeyPair,
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
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    Identity { ca_file, certificate, key }
}

/// A self-signed certificate with CA:TRUE, the default of instances that customers host. The file holds the certificate.
fn self_signed(folder: &tempfile::TempDir, name: &str) -> Identity {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let ca_file = pem_file(folder, "self-signed.pem", certificate.pem());
    Identity { ca_file, certificate: certificate.der().clone(), key }
}

/// Reads the head of a request or a response.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// Starts a server on loopback whose connections run `serve`. It stops with the process.
fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// A TLS server that responds `ok` to every request.
fn tls_server(identity: &Identity) -> SocketAddr {
    let key = PrivatePkcs8KeyDer::from(identity.key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.clone()], key)
        .unwrap();
    let config = Arc::new(config);
    listen(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        while !head(&mut stream).is_empty() {
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    })
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
        let run = get(tls_server(identity), if trust { &trusted } else { &[] });
        assert!(run.code == 1 && run.stderr.contains(cause), "{cause}: {run:?}");
        assert_eq!(run.stderr.contains("--ca-file"), helps, "{cause}: {run:?}");
    }
    // A self-signed certificate is accepted for its own names only.
    let file = own.ca_file.to_str().unwrap();
    let accepted = get(tls_server(&own), &["--ca-file", file]);
    assert!(accepted.code == 0 && accepted.stdout.contains("\"bytes\""), "{accepted:?}");
    let elsewhere = self_signed(&folder, "looker.example.com");
    let refused = get(tls_server(&elsewhere), &["--ca-file", elsewhere.ca_file.to_str().unwrap()]);
    assert!(refused.code == 1 && refused.stderr.contains("looker.example.com"), "{refused:?}");
}
