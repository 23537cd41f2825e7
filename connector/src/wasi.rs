//! The platform of a component: `wasi:http`, and the clocks and the environment of Rust's standard library.
//!
//! This module uses waki's bindings and not its client. The client gives up when the body of a request cannot be written
//! and so loses the reason, which comes with the response: the host denies the request, or Looker refuses it early.

use crate::catalog::Method;
use crate::transport::{Body, Headers, Platform, Request, Response, TransportError, TransportErrorKind};
use std::time::{Duration, Instant, SystemTime};
use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{
    self as http, ErrorCode, Fields, FutureIncomingResponse, IncomingBody, OutgoingBody, OutgoingRequest, Scheme,
};
use waki::bindings::wasi::io::streams::{InputStream, StreamError};
use waki::bindings::wasi::random::random::get_random_u64;
use zeroize::Zeroize;

/// Capacity for the headers of a request.
const HEADERS: usize = 8;

/// The platform of a component.
#[derive(Debug)]
pub struct Wasi {
    start: Instant,
}

impl Default for Wasi {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Platform for Wasi {
    type Body = IncomingStream;

    fn send(&mut self, request: Request<'_>) -> Result<Response<IncomingStream>, TransportError> {
        let outgoing = outgoing(request)?;
        // A GET without a body needs no stream for one.
        let body = match request.parts.method {
            Method::Get if request.parts.body.is_none() => None,
            _ => Some(outgoing.body().map_err(|()| unusable("body"))?),
        };
        // No timeouts from the guest. The host has its own, and one host applies a guest's connect timeout to the whole
        // response, so that a call that was sent would look as if it had not been.
        let future = outgoing_handler::handle(outgoing, None).map_err(|code| transport_error(&code))?;
        let bytes = request.parts.body.as_ref().map_or(&[][..], |content| &content.bytes);
        // If the body cannot be written, the response tells why.
        let written = body.map_or(Ok(()), |body| write_body(body, bytes));
        let response = wait_for_response(&future)?;
        if let (Err(code), Err(error)) = (&written, &response) {
            return Err(if error.kind == TransportErrorKind::Broken { transport_error(code) } else { error.clone() });
        }
        response
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall_clock(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn random(&mut self) -> u64 {
        get_random_u64()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Creates a request. Defaults are left out, since each call to the host costs as much as a small allocation.
fn outgoing(request: Request<'_>) -> Result<OutgoingRequest, TransportError> {
    let mut headers = Vec::with_capacity(HEADERS);
    request.headers(|name, value| headers.push((name.to_owned(), value.as_bytes().to_vec())));
    let fields = Fields::from_list(&headers);
    // One of the values is the token.
    headers.into_iter().for_each(|(_, mut value)| value.zeroize());
    let outgoing = OutgoingRequest::new(fields.map_err(|_| unusable("headers"))?);
    let method = match request.parts.method {
        Method::Get => None,
        Method::Post => Some(http::Method::Post),
        Method::Put => Some(http::Method::Put),
        Method::Patch => Some(http::Method::Patch),
        Method::Delete => Some(http::Method::Delete),
    };
    if let Some(method) = method {
        outgoing.set_method(&method).map_err(|()| unusable("method"))?;
    }
    let scheme = if request.address.is_secure() { Scheme::Https } else { Scheme::Http };
    outgoing.set_scheme(Some(&scheme)).map_err(|()| unusable("scheme"))?;
    outgoing.set_authority(Some(&request.address.authority())).map_err(|()| unusable("host"))?;
    outgoing.set_path_with_query(Some(&request.parts.target)).map_err(|()| unusable("path or query"))?;
    Ok(outgoing)
}

/// The error for a request that the host does not accept.
fn unusable(part: &str) -> TransportError {
    TransportError { kind: TransportErrorKind::Denied, detail: format!("the platform does not accept its {part}") }
}

fn write_body(body: OutgoingBody, mut bytes: &[u8]) -> Result<(), ErrorCode> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| ErrorCode::InternalError(None))?;
        let failed = |error: StreamError| match error {
            StreamError::LastOperationFailed(error) => {
                http::http_error_code(&error).unwrap_or_else(|| ErrorCode::InternalError(Some(error.to_debug_string())))
            }
            StreamError::Closed => ErrorCode::ConnectionTerminated,
        };
        let ready = stream.subscribe();
        while !bytes.is_empty() {
            ready.block();
            let room = usize::try_from(stream.check_write().map_err(failed)?).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            stream.write(now).map_err(failed)?;
            bytes = later;
        }
        stream.flush().map_err(failed)?;
        ready.block();
        stream.check_write().map_err(failed)?;
    }
    OutgoingBody::finish(body, None)
}

fn wait_for_response(
    future: &FutureIncomingResponse,
) -> Result<Result<Response<IncomingStream>, TransportError>, TransportError> {
    let broken = || TransportError { kind: TransportErrorKind::Broken, detail: "the response was lost".into() };
    let outcome = loop {
        // Only what the host refuses is there at once, and then this does not wait.
        future.subscribe().block();
        if let Some(outcome) = future.get() {
            break outcome.map_err(|()| broken())?;
        }
    };
    let response = match outcome {
        Ok(response) => response,
        Err(code) => return Ok(Err(transport_error(&code))),
    };
    let headers = response.headers().entries().into_iter();
    let headers = Headers(headers.map(|(name, value)| (name, text(value))).collect());
    let status = response.status();
    let body = response.consume().map_err(|()| broken())?;
    let stream = body.stream().map_err(|()| broken())?;
    let left = length(&headers);
    Ok(Ok(Response { status, headers, body: IncomingStream { left, stream, _body: body } }))
}

/// The value of a header as text.
fn text(value: Vec<u8>) -> String {
    String::from_utf8(value).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// How many bytes the body of a response has, where its headers say it for certain.
fn length(headers: &Headers) -> Option<u64> {
    // A host may decode the content and leave the length as it was.
    let is_encoded = ["transfer-encoding", "content-encoding"].iter().any(|name| headers.get(name).is_some());
    headers.get("content-length").filter(|_| !is_encoded)?.parse().ok().filter(|length| *length > 0)
}

/// The body of a response.
#[derive(Debug)]
pub struct IncomingStream {
    /// How many bytes are left, where that is known. At the end, it spares asking the host for it.
    left: Option<u64>,
    // The stream is a child of the body and must be dropped first: fields are dropped in order.
    stream: InputStream,
    _body: IncomingBody,
}

impl Body for IncomingStream {
    fn read(&mut self, max_bytes: usize) -> Result<Vec<u8>, TransportError> {
        let max_bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        if self.left == Some(0) {
            return Ok(Vec::new());
        }
        loop {
            match self.stream.blocking_read(max_bytes) {
                // Not the end: to the caller, only an empty list is.
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    // More than the length says: then only the end counts.
                    self.left = self.left.and_then(|left| left.checked_sub(bytes.len() as u64));
                    return Ok(bytes);
                }
                Err(StreamError::Closed) => return Ok(Vec::new()),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(match http::http_error_code(&error) {
                        Some(code) => transport_error(&code),
                        None => TransportError { kind: TransportErrorKind::Broken, detail: error.to_debug_string() },
                    });
                }
            }
        }
    }
}

/// Translates an error of `wasi:http`.
fn transport_error(code: &ErrorCode) -> TransportError {
    use TransportErrorKind::{Broken, Certificate, Denied, InvalidHttp, NotConnected, Timeout, TooLarge};
    let (kind, detail) = match code {
        ErrorCode::DnsTimeout => (NotConnected, "looking up its name took too long"),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => (NotConnected, "its name is unknown"),
        ErrorCode::DestinationUnavailable => (NotConnected, "it is not available"),
        ErrorCode::DestinationIpUnroutable => (NotConnected, "there is no route to it"),
        ErrorCode::ConnectionRefused => (NotConnected, "connection refused"),
        ErrorCode::ConnectionTimeout => (NotConnected, "connecting took too long"),
        ErrorCode::ConnectionLimitReached => (NotConnected, "the platform has too many connections open"),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => (NotConnected, "TLS failed"),
        ErrorCode::TlsCertificateError => {
            (Certificate, "the certificate is not valid for this host, or its issuer is unknown")
        }
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => (Denied, "forbidden"),
        ErrorCode::HttpResponseTimeout => (Timeout, "the response did not start in time"),
        ErrorCode::ConnectionReadTimeout => (Timeout, "the response paused for too long"),
        ErrorCode::ConnectionWriteTimeout => (Timeout, "sending the request took too long"),
        ErrorCode::ConnectionTerminated => (Broken, "closed before the end"),
        ErrorCode::HttpResponseIncomplete => (Broken, "the response is cut off"),
        ErrorCode::HttpResponseBodySize(_) => (TooLarge, "more than the platform allows"),
        ErrorCode::InternalError(detail) => {
            let detail = detail.clone().unwrap_or_else(|| "the platform gives no reason".into());
            // Some hosts report a certificate that they do not accept only in words.
            let kind = if detail.to_lowercase().contains("certificate") { Certificate } else { Broken };
            return TransportError { kind, detail };
        }
        // The remaining codes mean that one side breaks HTTP's rules.
        other => {
            return TransportError { kind: InvalidHttp, detail: format!("{other:?}") };
        }
    };
    TransportError { kind, detail: detail.into() }
}
