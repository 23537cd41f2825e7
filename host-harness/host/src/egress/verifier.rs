//! Verifies servers' certificates: as rustls does, with two additions.
//!
//! - Appliances and self-hosted services often make themselves one certificate that is both their authority's and their
//!   own (self-signed, `CA:TRUE`). rustls refuses it as a server's certificate even where the operator trusts it. Here it is
//!   accepted for the names that it has, if it is among the trusted ones.
//! - rustls says "unknown issuer" and no more. Here the error tells a self-signed certificate from one by an authority that is
//!   not trusted, and names that authority.

use crate::egress::certificate::CertificateProblem;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use std::sync::Arc;
use webpki::{EndEntityCert, anchor_from_trusted_cert};

/// Verifies servers' certificates; see the [module](self).
#[derive(Debug)]
pub(super) struct Verifier {
    roots: Arc<RootCertStore>,
    webpki: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    /// A verifier that trusts these certificates.
    pub(super) fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        let roots = Arc::new(roots);
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), provider).build()?;
        Ok(Self { roots, webpki })
    }

    /// Whether a certificate is itself among the trusted ones, for all names.
    fn trusts(&self, certificate: &CertificateDer<'_>) -> bool {
        anchor_from_trusted_cert(certificate)
            .is_ok_and(|anchor| anchor.name_constraints.is_none() && self.roots.roots.contains(&anchor))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let outcome = self.webpki.verify_server_cert(certificate, intermediates, server_name, ocsp_response, now);
        let Err(Error::InvalidCertificate(error)) = outcome else { return outcome };
        // webpki has checked the validity period before it looks whether it is an authority's.
        let is_authority = is_authority_used_as_server(&error);
        if is_authority && self.trusts(certificate) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        // A certificate that names a trusted authority, but that it did not issue, has a bad signature.
        if !is_authority && !matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
            return Err(error.into());
        }
        let problem = EndEntityCert::try_from(certificate).ok().map(|parsed| {
            if parsed.issuer() == parsed.subject() {
                CertificateProblem::SelfSigned
            } else {
                CertificateProblem::UnknownIssuer(common_name(parsed.issuer()))
            }
        });
        Err(match problem {
            Some(problem) => CertificateError::Other(OtherError(Arc::new(problem))).into(),
            None => error.into(),
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

fn is_authority_used_as_server(error: &CertificateError) -> bool {
    match error {
        CertificateError::Other(other) => {
            matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

/// The common name in a distinguished name (DER), without what a terminal would act on. It comes from the server: it is for
/// people to read, and nothing depends on it.
fn common_name(distinguished_name: &[u8]) -> Option<String> {
    /// The object identifier 2.5.4.3 (`commonName`), with its tag and length.
    const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    /// More is not a name.
    const MAX_LENGTH: usize = 64;
    let start = distinguished_name.windows(COMMON_NAME.len()).position(|window| window == COMMON_NAME)?;
    // A string's tag, its length (below 128 in one byte), and its bytes.
    let [_, length, rest @ ..] = &distinguished_name[start + COMMON_NAME.len()..] else { return None };
    let name = rest.get(..usize::from(*length)).filter(|name| name.len() <= MAX_LENGTH)?;
    let name: String = std::str::from_utf8(name).ok()?.chars().filter(|letter| !letter.is_control()).collect();
    (!name.is_empty()).then_some(name)
}
