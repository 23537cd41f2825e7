//! Valid and invalid server certificates, and a client configuration that trusts their authority.

use connector_host::egress::Transport;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};

/// A kind of certificate. Clients connect to `localhost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost`, by the trusted authority.
    Good,
    /// Expired in 2020.
    Expired,
    /// Not valid before 2090.
    NotYetValid,
    /// For another host name.
    WrongHost,
    /// By an unknown authority.
    UnknownAuthority,
    /// Self-signed, and not trusted.
    SelfSigned,
    /// Self-signed with CA:TRUE and trusted, as on instances that customers host.
    TrustedSelfSigned,
    /// Valid, but the server requires a client certificate.
    WantsClient,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Acme Authority");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Authority { issuer: Issuer::new(params, key), certificate }
}

/// The trusted self-signed certificate of a server, and its key.
fn trusted_self_signed() -> &'static (rcgen::Certificate, KeyPair) {
    static CERTIFICATE: OnceLock<(rcgen::Certificate, KeyPair)> = OnceLock::new();
    CERTIFICATE.get_or_init(|| self_signed(true))
}

/// A self-signed certificate for `localhost`, and its key.
fn self_signed(is_authority: bool) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

fn trusted() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(authority)
}

/// The TLS acceptor of a server with this kind of certificate.
pub fn acceptor(certificate: Certificate) -> TlsAcceptor {
    let (chain, key) = match certificate {
        Certificate::SelfSigned => {
            let (certificate, key) = self_signed(false);
            (certificate.der().clone(), key.serialize_der())
        }
        Certificate::TrustedSelfSigned => {
            let (certificate, key) = trusted_self_signed();
            (certificate.der().clone(), key.serialize_der())
        }
        _ => signed(certificate),
    };
    let provider = Arc::new(crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let config = if certificate == Certificate::WantsClient {
        let verifier = WebPkiClientVerifier::builder_with_provider(client_roots(), provider);
        config.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        config.with_no_client_auth()
    };
    let key = PrivatePkcs8KeyDer::from(key).into();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![chain], key).unwrap()))
}

/// The authorities whose client certificates a server accepts.
fn client_roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted().certificate.der().clone()).unwrap();
    Arc::new(roots)
}

/// A certificate by an authority, and its key in PKCS #8.
fn signed(certificate: Certificate) -> (CertificateDer<'static>, Vec<u8>) {
    let name = if certificate == Certificate::WrongHost { "looker.example.com" } else { "localhost" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    match certificate {
        Certificate::Expired => params.not_after = date_time_ymd(2020, 1, 1),
        Certificate::NotYetValid => params.not_before = date_time_ymd(2090, 1, 1),
        _ => {}
    }
    let stranger;
    let authority = if certificate == Certificate::UnknownAuthority {
        stranger = authority();
        &stranger
    } else {
        trusted()
    };
    let key = KeyPair::generate().unwrap();
    let signed = params.signed_by(&key, &authority.issuer).unwrap();
    (signed.der().clone(), key.serialize_der())
}

/// A transport that trusts the authority of these servers and one self-signed certificate, as with `--ca-file`.
pub fn transport() -> Transport {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("authorities-{}.pem", std::process::id()));
        let trusted = [trusted().certificate.pem(), trusted_self_signed().0.pem()].concat();
        std::fs::write(&file, trusted).unwrap();
        let config = connector_host::egress::tls::trusting(&[&file]);
        std::fs::remove_file(&file).unwrap();
        config.unwrap()
    });
    Transport::new().with_tls(config)
}
