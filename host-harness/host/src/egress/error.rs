//! Reports failures to the guest as `wasi:http` error codes, so that it can tell whether a retry is safe.
//!
//! | what happened | error code | request sent? |
//! | --- | --- | --- |
//! | the policy denies the host, or plain HTTP | `HTTP-request-denied` | no |
//! | the policy denies the address | `destination-IP-prohibited` | no |
//! | the host name does not resolve | `DNS-error` | no |
//! | nothing listens on the port | `connection-refused` | no |
//! | there is no route, or the proxy does not connect | `destination-unavailable` | no |
//! | connecting takes too long | `connection-timeout` | no |
//! | the certificate is not trusted, or is for another name | `TLS-certificate-error` | no |
//! | the TLS handshake fails otherwise | `TLS-alert-received`, `TLS-protocol-error` | no |
//! | the response does not begin in time | `HTTP-response-timeout` | yes |
//! | the response pauses for too long | `connection-read-timeout` | yes |
//! | the connection breaks before the response begins | `connection-terminated` | yes |
//! | the connection breaks within the response | `HTTP-response-incomplete` | yes |
//! | the response's head is too large | `HTTP-response-header-section-size` | yes |
//! | the response is not HTTP, or the server floods the connection | `HTTP-protocol-error` | yes |

use crate::egress::call::CallContext;
use crate::egress::cause::Cause;
use crate::egress::certificate::{CertificateFailure, CertificateProblem};
use crate::egress::connect::ConnectError;
use crate::egress::destination::Destination;
use crate::egress::policy::denial::DenialCause;
use crate::egress::source::find;
use crate::egress::timeout::{Stage, Timeout};
use std::io::ErrorKind;
use std::time::Duration;
use wasmtime_wasi_http::Error;

/// Records why a request failed, for the operator, and gives the guest's error.
pub(super) fn failed(context: &CallContext, cause: Cause) -> Error {
    let cause = cause.without(&context.secrets().redactor());
    tracing::warn!("{cause}");
    let error = from_cause(&cause);
    context.note(cause);
    error
}

/// Why no response came, where the operator can do something about it.
pub(super) fn cause(
    failure: &hyper_util::client::legacy::Error,
    destination: &Destination,
    connect_time: Duration,
) -> Option<Cause> {
    if failure.is_connect()
        && let Some(rustls::Error::InvalidCertificate(error)) = find(failure)
    {
        let problem = CertificateProblem::of(error);
        return Some(Cause::Certificate(CertificateFailure::new(destination.clone(), problem)));
    }
    match find(failure)? {
        ConnectError::Denied(denial) => Some(Cause::Denied(denial.clone())),
        ConnectError::Proxy(failure) => Some(Cause::Proxy(failure.clone())),
        ConnectError::TimedOut | ConnectError::Tcp { kind: ErrorKind::TimedOut, .. } => {
            Some(Cause::TimedOut(Timeout::new(destination.clone(), Stage::Connect, connect_time)))
        }
        _ => None,
    }
}

/// The error that the guest gets for a cause.
fn from_cause(cause: &Cause) -> Error {
    match cause {
        Cause::Denied(denial) => match denial.cause {
            DenialCause::NotAllowed | DenialCause::NotRequested | DenialCause::Plaintext | DenialCause::Unresolved => {
                Error::HttpRequestDenied
            }
            DenialCause::Address(..) => Error::DestinationIpProhibited,
        },
        Cause::TimedOut(timeout) => match timeout.stage {
            Stage::Connect => Error::ConnectionTimeout,
            Stage::FirstByte => Error::HttpResponseTimeout,
            Stage::Request => Error::ConnectionWriteTimeout,
            Stage::BetweenBytes => Error::ConnectionReadTimeout,
        },
        Cause::Proxy(_) => Error::DestinationUnavailable,
        Cause::Certificate(_) => Error::TlsCertificateError,
    }
}

/// The error that the guest gets where no response came and there is no [cause](cause()) to report.
pub(super) fn from_client(failure: &hyper_util::client::legacy::Error) -> Error {
    if let Some(error) = find(failure) {
        return from_connect(error);
    }
    if failure.is_connect() {
        // TCP errors are handled above, so this is the TLS handshake. A TLS error on an open connection is a broken
        // connection: the request was sent.
        return find::<rustls::Error>(failure).map_or(Error::TlsProtocolError, from_tls);
    }
    match find::<hyper::Error>(failure) {
        Some(error) => from_hyper(error, Error::ConnectionTerminated),
        None => Error::InternalError(Some(failure.to_string())),
    }
}

/// The error that the guest gets for a response that broke off.
pub(super) fn from_body(error: &hyper::Error) -> Error {
    from_hyper(error, Error::HttpResponseIncomplete)
}

fn from_hyper(error: &hyper::Error, broken: Error) -> Error {
    if let Some(io) = find::<std::io::Error>(error) {
        return match io.kind() {
            ErrorKind::TimedOut => Error::ConnectionReadTimeout,
            // hyper reports invalid chunks like this. A TLS error has the same kind, and contains rustls's error.
            ErrorKind::InvalidData | ErrorKind::InvalidInput if find::<rustls::Error>(error).is_none() => {
                Error::HttpProtocolError
            }
            _ => broken,
        };
    }
    if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(None)
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        broken
    } else {
        Error::HttpProtocolError
    }
}

fn from_connect(error: &ConnectError) -> Error {
    match error {
        // These have a cause, which the caller reports.
        ConnectError::Denied(_) => Error::HttpRequestDenied,
        ConnectError::Proxy(_) => Error::DestinationUnavailable,
        ConnectError::Dns(error) => Error::DnsError { rcode: Some(error.to_string()), info_code: None },
        ConnectError::NoAddress => Error::DnsError { rcode: Some("no address".to_owned()), info_code: None },
        ConnectError::Url => Error::HttpRequestUriInvalid,
        ConnectError::TimedOut => Error::ConnectionTimeout,
        ConnectError::Tcp { kind, .. } => match kind {
            ErrorKind::TimedOut => Error::ConnectionTimeout,
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                Error::ConnectionRefused
            }
            _ => Error::DestinationUnavailable,
        },
    }
}

fn from_tls(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Error::TlsCertificateError,
        rustls::Error::AlertReceived(alert) => {
            Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
        }
        _ => Error::TlsProtocolError,
    }
}
