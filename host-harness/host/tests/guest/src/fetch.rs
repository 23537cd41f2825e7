//! Sends a request through `wasi:http` and tells what came of it, error codes in their own words.
//!
//! The input is a flat object: `url`, optionally `connect`, `first` and `between` (time-outs in milliseconds), `send`: how
//! many bytes of body, `header`: the name of a header that it adds, and `method`.

use crate::problem;
use crate::workflow::connector::types::{Body, Failure, Reason};
use crate::{Output, output};
use std::cell::RefCell;
use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
    http_error_code,
};
use waki::bindings::wasi::io::streams::{InputStream, StreamError};

/// An answer's body on its way. The stream goes before the body that it belongs to.
pub struct Stream {
    stream: RefCell<InputStream>,
    _body: IncomingBody,
}

impl Stream {
    pub fn read(&self, most: u32) -> Result<Vec<u8>, Failure> {
        match self.stream.borrow().blocking_read(most.into()) {
            Ok(bytes) => Ok(bytes),
            Err(StreamError::Closed) => Ok(Vec::new()),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = http_error_code(&error);
                Err(failed(code.map_or_else(|| error.to_debug_string(), |code| format!("{code:?}"))))
            }
        }
    }
}

/// `times` is how many requests are made; the last one's answer is the output.
pub fn fetch(operation: &str, input: &str) -> Result<Output, Failure> {
    for _ in 1..value(input, "times").and_then(|times| times.parse::<u32>().ok()).unwrap_or(1) {
        exchange(operation, input)?;
    }
    let (status, stream) = exchange(operation, input)?;
    let mut bytes = 0;
    loop {
        let chunk = stream.read(64 * 1024)?;
        if chunk.is_empty() {
            break;
        }
        bytes += chunk.len();
    }
    output(Body::Json(format!(r#"{{"status":{status},"bytes":{bytes}}}"#)))
}

/// The status and the text at a URL.
pub fn text_of(url: &str) -> Result<(u16, String), Failure> {
    let (status, stream) = exchange("get", &format!(r#"{{"url":"{url}"}}"#))?;
    let mut text = Vec::new();
    loop {
        let chunk = stream.read(64 * 1024)?;
        if chunk.is_empty() {
            return Ok((status, String::from_utf8_lossy(&text).into_owned()));
        }
        text.extend(chunk);
    }
}

pub fn start(input: &str) -> Result<Stream, Failure> {
    exchange("get", input).map(|(_, stream)| stream)
}

/// Makes requests without end, waits for none and drops none.
pub fn hoard(input: &str) -> Result<Output, Failure> {
    let mut kept = Vec::new();
    loop {
        let request = get(input).map_err(|error| failed(format!("{error:?}")))?;
        kept.push(outgoing_handler::handle(request, None).map_err(|error| failed(format!("{error:?}")))?);
    }
}

/// Makes requests without end, waits for each response, and reads none.
pub fn hoard_responses(input: &str) -> Result<Output, Failure> {
    let mut kept = Vec::new();
    loop {
        kept.push(send("get", input).map_err(|error| failed(format!("{error:?}")))?);
    }
}

/// Makes resources without end and drops none.
pub fn hoard_resources() -> Result<Output, Failure> {
    let mut kept = Vec::new();
    loop {
        kept.push(Fields::new());
    }
}

/// Makes requests with bodies without end, fills the bodies, and sends none.
pub fn hoard_unsent() -> Result<Output, Failure> {
    let mut kept = Vec::new();
    loop {
        let request = OutgoingRequest::new(Fields::new());
        let body = request.body().expect("the body is taken once");
        let stream = body.write().expect("the stream is taken once");
        while let Ok(room @ 1..) = stream.check_write() {
            if stream.write(&vec![b'x'; room.min(1024 * 1024) as usize]).is_err() {
                break;
            }
        }
        kept.push((stream, body, request));
    }
}

/// Makes header fields without end, each as large as it may be, and then waits.
pub fn hoard_fields() -> Result<Output, Failure> {
    let mut kept = Vec::new();
    loop {
        let fields = Fields::new();
        for number in 0.. {
            if fields.append(&format!("field-{number}"), &vec![b'x'; 1000]).is_err() {
                break;
            }
        }
        kept.push(fields);
    }
}

/// Makes requests with a long method each. Tells how many bytes of it were taken, where any were.
pub fn long_texts() -> Result<Output, Failure> {
    let request = OutgoingRequest::new(Fields::new());
    let text = "x".repeat(1024 * 1024);
    let taken = [
        request.set_method(&Method::Other(text.clone())).is_ok(),
        request.set_path_with_query(Some(&format!("/{text}"))).is_ok(),
        request.set_authority(Some(&text)).is_ok(),
        request.set_method(&Method::Other("PROPFIND".to_owned())).is_ok(),
        request.set_path_with_query(Some(&format!("/{}", "x".repeat(8000)))).is_ok(),
        request.set_authority(Some("service.example.com:8443")).is_ok(),
    ];
    output(Body::Json(format!("{taken:?}")))
}

fn exchange(operation: &str, input: &str) -> Result<(u16, Stream), Failure> {
    let response = send(operation, input).map_err(|error| failed(format!("{error:?}")))?;
    let body = response.consume().expect("the body is taken once");
    let stream = Stream { stream: RefCell::new(body.stream().expect("the stream is taken once")), _body: body };
    Ok((response.status(), stream))
}

fn get(input: &str) -> Result<OutgoingRequest, ErrorCode> {
    let url = value(input, "url").unwrap_or_default();
    let (scheme, rest) = url.split_once("://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let headers = Fields::new();
    if let Some(name) = value(input, "header") {
        let forbidden = |error| ErrorCode::InternalError(Some(format!("header: {error:?}")));
        headers.append(&name.to_owned(), &b"x".to_vec()).map_err(forbidden)?;
    }
    let request = OutgoingRequest::new(headers);
    let scheme = match scheme {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_scheme(Some(&scheme)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_authority(Some(authority)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request.set_path_with_query(Some(path)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    Ok(request)
}

fn send(operation: &str, input: &str) -> Result<IncomingResponse, ErrorCode> {
    let request = get(input)?;
    let method = match value(input, "method") {
        Some("CONNECT") => Method::Connect,
        Some(method) => Method::Other(method.to_owned()),
        None if operation == "post" => Method::Post,
        None => Method::Get,
    };
    request.set_method(&method).map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;

    let options = RequestOptions::new();
    let nanoseconds = |name| value(input, name).and_then(|text| text.parse::<u64>().ok()).map(|ms| ms * 1_000_000);
    options.set_connect_timeout(nanoseconds("connect")).expect("supported");
    options.set_first_byte_timeout(nanoseconds("first")).expect("supported");
    options.set_between_bytes_timeout(nanoseconds("between")).expect("supported");

    let body = request.body().expect("the body is taken once");
    let answer = outgoing_handler::handle(request, Some(options))?;
    if let Some(bytes) = value(input, "send").and_then(|text| text.parse::<usize>().ok()) {
        let stream = body.write().expect("the stream is taken once");
        // A body that cannot be sent shows in the answer.
        for _ in 0..bytes.div_ceil(4096) {
            if stream.blocking_write_and_flush(&[b'x'; 4096]).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
    answer.subscribe().block();
    answer.get().expect("it is ready").expect("it is taken once")
}

/// The value of a key in a flat JSON object without escapes.
pub fn value<'a>(input: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = input.split_once(&format!("\"{key}\":"))?;
    let rest = rest.trim_start();
    match rest.strip_prefix('"') {
        Some(text) => text.split('"').next(),
        None => rest.split([',', '}']).next(),
    }
}

fn failed(message: String) -> Failure {
    Failure::Permanent(problem(Reason::Unreachable, message))
}
