//! The recorded requests that tests inspect.

use bytes::Bytes;
use http::request::Parts;

/// One request that reached the practice Looker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The method: `GET`.
    pub method: String,
    /// The path as it was sent, still percent-encoded: `/api/4.0/users/5`.
    pub path: String,
    /// The query string as it was sent, without the question mark; empty if there was none.
    pub query: String,
    /// Names (in lower case) and values of the headers, in order. Invalid UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
}

impl RecordedRequest {
    /// The value of the first header with this name. Case is ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text. Invalid UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `None` if it is not JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A request as the server keeps it: the parts from hyper, moved instead of copied.
#[derive(Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) method: http::Method,
    pub(crate) uri: http::Uri,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl ReceivedRequest {
    pub(crate) fn new(parts: Parts, body: Bytes) -> Self {
        Self { method: parts.method, uri: parts.uri, headers: parts.headers, body }
    }

    pub(crate) fn to_recorded(&self) -> RecordedRequest {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        RecordedRequest {
            method: self.method.to_string(),
            path: self.uri.path().to_owned(),
            query: self.uri.query().unwrap_or_default().to_owned(),
            headers: self.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: self.body.to_vec(),
        }
    }
}
