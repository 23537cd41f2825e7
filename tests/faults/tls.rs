//! Valid and invalid server certificates, and a client configuration that trusts their authority.

use connector_host::egress::Transport;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
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
    /// Valid, but the server requires a client certificate.
    WantsClient,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(params.self_signed(&key).unwrap().der().clone()).unwrap();
    Authority { issuer: Issuer::new(params, key), roots: Arc::new(roots) }
}

fn trusted() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(authority)
}

/// The TLS acceptor of a server with this kind of certificate.
pub fn acceptor(certificate: Certificate) -> TlsAcceptor {
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
    let provider = Arc::new(crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let config = if certificate == Certificate::WantsClient {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&trusted().roots), provider);
        config.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        config.with_no_client_auth()
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![signed.der().clone()], key).unwrap()))
}

/// A transport that trusts only the authority of these servers.
pub fn transport() -> Transport {
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(Arc::clone(&trusted().roots))
        .with_no_client_auth();
    Transport::new().with_tls(&config)
}
