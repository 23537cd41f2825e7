//! What the connector needs from outside: HTTP, time, chance and environment variables.
//!
//! Inside a component the module `wasi` supplies them; tests supply their own.

use crate::auth::Address;
use crate::catalog::Method;
use crate::request::Call;
use crate::secret::Secret;
use std::fmt;
use std::time::Duration;

/// The outside.
pub trait Platform {
    /// The body of an answer, which arrives piece by piece.
    type Body: Body;

    /// Sends a request and waits for the head of the answer.
    fn send(&mut self, request: Request<'_>) -> Result<Response<Self::Body>, TransportError>;

    /// The time since some fixed moment. It never goes back.
    fn now(&self) -> Duration;

    /// The time since the beginning of 1970, for dates that Looker names.
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
    /// What to ask.
    pub call: &'a Call,
    /// Whom to ask.
    pub address: &'a Address,
    /// The token that signs it, where one is needed.
    pub token: Option<&'a Secret>,
}

impl Request<'_> {
    /// Gives every header, names in lower case, to whoever sends them: one of them is the token, so no copy is kept.
    pub fn headers(&self, mut give: impl FnMut(&'static str, &str)) {
        give("accept", "*/*");
        give("user-agent", concat!("looker-connector/", env!("CARGO_PKG_VERSION")));
        give("x-looker-appid", concat!("looker-connector ", env!("CARGO_PKG_VERSION")));
        if let Some(token) = self.token {
            give("authorization", Secret::new(format!("token {}", token.reveal())).reveal());
        }
        match &self.call.body {
            Some(content) => {
                give("content-type", content.media_type);
                // An engine that puts the secret into a login in place of a placeholder, on the way, changes its length.
                if !content.is_form() {
                    give("content-length", &content.bytes.len().to_string());
                }
            }
            // Without it even an empty body would go chunked.
            None if self.call.method != Method::Get => give("content-length", "0"),
            None => {}
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.call.target.split('?').next().unwrap_or_default();
        write!(formatter, "{} {}{path}", self.call.method.as_str(), self.address.base_url())
    }
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

    /// Every header of that name: some come more than once.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = move |(candidate, _): &&(String, String)| candidate.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|(_, value)| value.as_str())
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
    /// The answer is larger than the memory of the sandbox.
    TooLarge,
}
