//! What the connector needs from its platform: HTTP, clocks, random numbers and environment variables.
//!
//! In a component, the module `wasi` provides them. Tests use a mock transport.

use crate::auth::Address;
use crate::catalog::Method;
use crate::request::Parts;
use redact::Secret;
use std::fmt;
use std::time::Duration;

/// The platform that the connector runs on.
pub trait Platform {
    /// The body of a response, which arrives piece by piece.
    type Body: Body;

    /// Sends a request and waits for the head of the response.
    fn send(&mut self, request: Request<'_>) -> Result<Response<Self::Body>, TransportError>;

    /// The time since a fixed moment. It never goes back.
    fn now(&self) -> Duration;

    /// The time since the beginning of 1970, to compare with dates in responses.
    fn wall_clock(&self) -> Duration;

    /// Waits.
    fn sleep(&mut self, time: Duration);

    /// A random number, good enough to spread retries.
    fn random(&mut self) -> u64;

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
}

/// One HTTP request. Its `Debug` shows neither query nor headers nor body.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What is sent.
    pub parts: &'a Parts,
    /// Where it is sent.
    pub address: &'a Address,
    /// The token that authorizes it, where one is needed.
    pub token: Option<&'a Secret>,
}

impl Request<'_> {
    /// Passes every header to `give`, names in lower case. No copy is kept, because one of them is the token.
    pub fn headers(&self, mut give: impl FnMut(&'static str, &str)) {
        give("accept", "*/*");
        // The connector does not decompress.
        give("accept-encoding", "identity");
        give("user-agent", concat!("looker-connector/", env!("CARGO_PKG_VERSION")));
        give("x-looker-appid", concat!("looker-connector ", env!("CARGO_PKG_VERSION")));
        if let Some(token) = self.token {
            give("authorization", Secret::new(format!("token {}", token.reveal())).reveal());
        }
        match &self.parts.body {
            Some(content) => {
                give("content-type", content.media_type);
                // An engine that replaces a placeholder by the secret changes the length on the wire.
                if !content.has_placeholder {
                    give("content-length", &content.bytes.len().to_string());
                }
            }
            // Without it, hosts send even an empty body in chunks.
            None if self.parts.method != Method::Get => give("content-length", "0"),
            None => {}
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.parts.target.split('?').next().unwrap_or_default();
        write!(formatter, "{} {}{path}", self.parts.method.as_str(), self.address.base_url())
    }
}

/// The head of a response, with its body still to be read.
#[derive(Debug)]
pub struct Response<B> {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: B,
}

/// The headers of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The value of the first header with that name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of every header with that name, in any case.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = move |(candidate, _): &&(String, String)| candidate.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|(_, value)| value.as_str())
    }

    /// The encoding of the content, where there is one. The connector asks for none and decodes none.
    pub fn content_encoding(&self) -> Option<String> {
        let is_encoded = |encoding: &&str| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity");
        let encoding =
            self.all("content-encoding").flat_map(|value| value.split(',')).map(str::trim).find(is_encoded)?;
        Some(encoding.chars().filter(char::is_ascii_graphic).take(20).collect())
    }
}

/// The body of a response.
pub trait Body {
    /// Returns the next bytes: at least one and at most `max_bytes`; none at the end.
    fn read(&mut self, max_bytes: usize) -> Result<Vec<u8>, TransportError>;
}

/// A request that failed below HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// What happened, for people: "connection refused".
    pub detail: String,
}

/// The kinds of [`TransportError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: DNS, connection refused, TLS, connect timeout. Nothing was sent.
    NotConnected,
    /// The server's certificate is not accepted. Nothing was sent.
    Certificate,
    /// The host that runs the component does not allow this request. Nothing was sent.
    Denied,
    /// The response did not arrive in time.
    Timeout,
    /// The connection broke while the request was being sent, or afterwards.
    Broken,
    /// The response is not valid HTTP.
    InvalidHttp,
    /// The response is larger than the sandbox's memory.
    TooLarge,
}
