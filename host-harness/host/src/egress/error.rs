//! Says in `wasi:http`'s terms what went wrong, so that the guest can tell what it may do about it.
//!
//! | what happened | error code | sent? |
//! | --- | --- | --- |
//! | the policy refuses the host, or plain HTTP | `HTTP-request-denied` | no |
//! | the policy refuses the address | `destination-IP-prohibited` | no |
//! | the name does not resolve | `DNS-error` | no |
//! | nobody listens | `connection-refused` | no |
//! | the network has no way there, or the proxy does not connect | `destination-unavailable` | no |
//! | no connection in time | `connection-timeout` | no |
//! | the certificate is not trusted, or for another name | `TLS-certificate-error` | no |
//! | no TLS came about | `TLS-alert-received`, `TLS-protocol-error` | no |
//! | no answer in time | `HTTP-response-timeout` | yes |
//! | the answer pauses for too long | `connection-read-timeout` | yes |
//! | the connection, or TLS on it, broke before the answer began | `connection-terminated` | yes |
//! | it broke within the answer | `HTTP-response-incomplete` | yes |
//! | the answer's head is too large | `HTTP-response-header-section-size` | yes |
//! | what comes is no HTTP | `HTTP-protocol-error` | yes |

use super::connect::ConnectError;
use std::error::Error as StdError;
use std::io::ErrorKind;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

/// Why there was no connection, where that is what failed.
pub(super) fn connect(failure: &hyper_util::client::legacy::Error) -> Option<&ConnectError> {
    find(failure)
}

/// What the guest is told about an exchange that did not bring the head of an answer.
pub(super) fn from_client(failure: &hyper_util::client::legacy::Error) -> Error {
    if let Some(error) = connect(failure) {
        return from_connect(error);
    }
    if failure.is_connect() {
        // TCP has its own errors above: what is left broke in the TLS handshake. TLS that breaks later is a connection that
        // breaks: the request was sent.
        return find::<rustls::Error>(failure).map_or(Error::TlsProtocolError, from_tls);
    }
    match find::<hyper::Error>(failure) {
        Some(error) => from_hyper(error, Error::ConnectionTerminated),
        None => Error::InternalError(Some(failure.to_string())),
    }
}

/// What the guest is told about an answer that broke off.
pub(super) fn from_body(error: &hyper::Error) -> Error {
    from_hyper(error, Error::HttpResponseIncomplete)
}

/// The error code of an answer that broke off, for a guest that asks what the error of its stream was.
pub(crate) fn code_of_body(error: &Error) -> ErrorCode {
    match error {
        Error::ConnectionReadTimeout => ErrorCode::ConnectionReadTimeout,
        Error::HttpProtocolError => ErrorCode::HttpProtocolError,
        Error::HttpResponseBodySize(most) => ErrorCode::HttpResponseBodySize(*most),
        Error::HttpResponseHeaderSectionSize(most) => ErrorCode::HttpResponseTrailerSectionSize(*most),
        Error::HttpResponseIncomplete => ErrorCode::HttpResponseIncomplete,
        Error::HttpResponseTimeout => ErrorCode::HttpResponseTimeout,
        other => ErrorCode::InternalError(Some(other.to_string())),
    }
}

fn from_hyper(error: &hyper::Error, broken: Error) -> Error {
    if let Some(io) = find::<std::io::Error>(error) {
        return match io.kind() {
            ErrorKind::TimedOut => Error::ConnectionReadTimeout,
            // How hyper says that chunks break the rules. TLS that breaks has the same kind, and its own error within.
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
        // Told apart before it comes here: the operator is to know of both.
        ConnectError::Denied(_) => Error::HttpRequestDenied,
        ConnectError::Proxy(_) => Error::DestinationUnavailable,
        ConnectError::Dns(error) => Error::DnsError { rcode: Some(error.to_string()), info_code: None },
        ConnectError::NoAddress => Error::DnsError { rcode: Some("no address".to_owned()), info_code: None },
        ConnectError::Url => Error::HttpRequestUriInvalid,
        ConnectError::TimedOut => Error::ConnectionTimeout,
        ConnectError::Tcp(error) => match error.kind() {
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

/// The first error of a type among an error and its causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // What an I/O error was made from is not its source, but the source of that is.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
