//! What the connector needs from outside: HTTP, time, chance and environment variables.
//!
//! Inside a component [`wasi`](crate::wasi) supplies them; tests supply their own.

use crate::catalog::Method;
use std::time::Duration;

/// The outside.
pub trait Platform {
    /// The body of an answer, which arrives piece by piece.
    type Body: Body;

    /// Sends a request and waits for the head of the answer.
    fn send(&mut self, request: &Request) -> Result<Response<Self::Body>, TransportError>;

    /// The time since some fixed moment. It never goes back.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&mut self, time: Duration);

    /// A random number, good enough to spread retries.
    fn random(&mut self) -> u64;

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole URL, already encoded.
    pub url: String,
    /// The headers: the connector's own names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
}

/// The head of an answer, and the way to its body.
#[derive(Debug)]
pub struct Response<B> {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: B,
}

/// The headers of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The first header of that name, which is compared without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The body of an answer.
pub trait Body {
    /// The next bytes: at least one and at most `most`; none at the end.
    fn read(&mut self, most: usize) -> Result<Vec<u8>, TransportError>;
}

/// An exchange that failed below HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// What to make of it.
    pub kind: TransportErrorKind,
    /// What happened, for people: "connection refused".
    pub detail: String,
}

/// The kinds of [`TransportError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection came about: DNS, refused, TLS, connect time-out. Nothing was sent.
    NotConnected,
    /// The server's certificate is not accepted. Nothing was sent.
    Certificate,
    /// The host that runs the component does not allow this request. Nothing was sent.
    Denied,
    /// The answer did not come in time.
    Timeout,
    /// The connection broke after the request was sent, or while it was.
    Broken,
    /// What came back is no HTTP, or breaks its rules.
    Garbled,
}
