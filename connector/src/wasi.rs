//! The outside, as a component has it: `wasi:http`, and what Rust's standard library makes of clocks and environment.
//!
//! This uses the bindings of waki rather than its client: the client gives up when the request's body cannot be
//! written, and so loses the reason, which comes with the answer: the host forbids it, or Looker refuses it early.

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

/// More headers than a request has.
const HEADERS: usize = 8;

/// The outside of a component.
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
        // A GET has no body, and needs none.
        let body = match request.parts.method {
            Method::Get if request.parts.body.is_none() => None,
            _ => Some(outgoing.body().map_err(|()| unusable("body"))?),
        };
        // No time-outs of ours. The host has its own, and one host takes a guest's time-out for connecting as that of the
        // whole answer, so that a call that was sent would look as if it had not been.
        let future = outgoing_handler::handle(outgoing, None).map_err(|code| transport_error(&code))?;
        let bytes = request.parts.body.as_ref().map_or(&[][..], |content| &content.bytes);
        // Where the body cannot be written, the answer tells why.
        let written = body.map_or(Ok(()), |body| write_body(body, bytes));
        let answer = wait_for_answer(&future)?;
        if let (Err(code), Err(error)) = (&written, &answer) {
            return Err(if error.kind == TransportErrorKind::Broken { transport_error(code) } else { error.clone() });
        }
        answer
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

/// Makes a request. Each call to the host costs about what a small allocation does, so what is the default is not said.
fn outgoing(request: Request<'_>) -> Result<OutgoingRequest, TransportError> {
    let mut headers = Vec::with_capacity(HEADERS);
    request.headers(|name, value| headers.push((name.to_owned(), value.as_bytes().to_vec())));
    let fields = Fields::from_list(&headers);
    // One of them is the token.
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

/// The error of a request that the host does not even take.
fn unusable(part: &str) -> TransportError {
    TransportError { kind: TransportErrorKind::Denied, detail: format!("the platform does not take its {part}") }
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

fn wait_for_answer(
    future: &FutureIncomingResponse,
) -> Result<Result<Response<IncomingStream>, TransportError>, TransportError> {
    let broken = || TransportError { kind: TransportErrorKind::Broken, detail: "the answer is gone".into() };
    let answer = loop {
        // It is never there at once, but for what the host refuses, and then this does not wait.
        future.subscribe().block();
        if let Some(answer) = future.get() {
            break answer.map_err(|()| broken())?;
        }
    };
    let response = match answer {
        Ok(response) => response,
        Err(code) => return Ok(Err(transport_error(&code))),
    };
    let headers = response.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
    let status = response.status();
    let body = response.consume().map_err(|()| broken())?;
    let stream = body.stream().map_err(|()| broken())?;
    Ok(Ok(Response { status, headers: Headers(headers), body: IncomingStream { stream, _body: body } }))
}

/// The body of an answer.
#[derive(Debug)]
pub struct IncomingStream {
    // The stream is the body's child and has to go first: fields are dropped in their order.
    stream: InputStream,
    _body: IncomingBody,
}

impl Body for IncomingStream {
    fn read(&mut self, most: usize) -> Result<Vec<u8>, TransportError> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        loop {
            match self.stream.blocking_read(most) {
                // Not the end yet: an empty list says so to our caller.
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Ok(bytes),
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

/// What to make of an error of `wasi:http`.
fn transport_error(code: &ErrorCode) -> TransportError {
    use TransportErrorKind::{Broken, Certificate, Denied, InvalidHttp, NotConnected, Timeout, TooLarge};
    let (kind, detail) = match code {
        ErrorCode::DnsTimeout => (NotConnected, "its name could not be looked up in time"),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => (NotConnected, "its name is not known"),
        ErrorCode::DestinationUnavailable => (NotConnected, "it is not available"),
        ErrorCode::DestinationIpUnroutable => (NotConnected, "no route leads there"),
        ErrorCode::ConnectionRefused => (NotConnected, "connection refused"),
        ErrorCode::ConnectionTimeout => (NotConnected, "it took too long to connect"),
        ErrorCode::ConnectionLimitReached => (NotConnected, "the platform has too many connections open"),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => (NotConnected, "TLS failed"),
        ErrorCode::TlsCertificateError => (Certificate, "the certificate is not valid for it, or its issuer not known"),
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => (Denied, "forbidden"),
        ErrorCode::HttpResponseTimeout => (Timeout, "no answer began for too long"),
        ErrorCode::ConnectionReadTimeout => (Timeout, "the answer paused for too long"),
        ErrorCode::ConnectionWriteTimeout => (Timeout, "it took the request for too long"),
        ErrorCode::ConnectionTerminated => (Broken, "closed before the end"),
        ErrorCode::HttpResponseIncomplete => (Broken, "the answer is cut off"),
        ErrorCode::HttpResponseBodySize(_) => (TooLarge, "more than the platform allows"),
        ErrorCode::InternalError(detail) => {
            let detail = detail.clone().unwrap_or_else(|| "the platform does not say why".into());
            // Some hosts have only words for a certificate that they do not accept.
            let kind = if detail.to_lowercase().contains("certificate") { Certificate } else { Broken };
            return TransportError { kind, detail };
        }
        // What is left says that one side breaks HTTP's rules.
        other => {
            return TransportError { kind: InvalidHttp, detail: format!("{other:?}") };
        }
    };
    TransportError { kind, detail: detail.into() }
}
