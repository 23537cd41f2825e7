//! A platform for tests: it returns prepared responses, records what was sent, and has a clock that only tests move.

use crate::transport::{Body, Headers, Platform, Request, Response, TransportError, TransportErrorKind};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A platform with prepared responses.
#[derive(Debug, Default)]
pub struct MockTransport {
    responses: VecDeque<Result<MockResponse, TransportError>>,
    /// What a request gets for which no response is prepared; without it, that is a panic.
    rest: Option<TransportErrorKind>,
    /// What was sent, in order.
    pub sent: Vec<SentRequest>,
    /// Every wait, in order.
    pub waits: Vec<Duration>,
    /// The time.
    pub clock: Duration,
    /// How long each request takes.
    pub latency: Duration,
    /// The environment.
    pub variables: HashMap<String, String>,
}

/// A request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// Method and URL: `GET https://looker.example.com/api/4.0/user`.
    pub line: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Option<String>,
}

/// A prepared response.
#[derive(Debug, Clone)]
pub struct MockResponse {
    status: u16,
    headers: Headers,
    pieces: VecDeque<Result<Vec<u8>, TransportError>>,
}

impl MockTransport {
    /// Adds a response with a JSON body.
    pub fn json(self, status: u16, body: &str) -> Self {
        self.response(status, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Adds the response to a login.
    pub fn token(self, token: &str) -> Self {
        self.json(200, &format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#))
    }

    /// Adds any response.
    pub fn response(mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.responses.push_back(Ok(MockResponse {
            status,
            headers: Headers(headers),
            pieces: VecDeque::from([Ok(body.to_vec())]),
        }));
        self
    }

    /// Adds a success whose connection breaks after `body`.
    pub fn broken_body(mut self, body: &str) -> Self {
        let headers = Headers(vec![("content-type".into(), "application/json".into())]);
        let pieces = VecDeque::from([Ok(body.as_bytes().to_vec()), Err(error(TransportErrorKind::Broken))]);
        self.responses.push_back(Ok(MockResponse { status: 200, headers, pieces }));
        self
    }

    /// Adds a failure below HTTP.
    pub fn error(mut self, kind: TransportErrorKind) -> Self {
        self.responses.push_back(Err(error(kind)));
        self
    }

    /// Makes every request fail for which no response is prepared.
    pub fn then_error(self, kind: TransportErrorKind) -> Self {
        Self { rest: Some(kind), ..self }
    }

    /// Makes each request take this long.
    pub fn slow(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// Method and URL of everything that was sent.
    pub fn lines(&self) -> Vec<&str> {
        self.sent.iter().map(|request| request.line.as_str()).collect()
    }

    /// The number of prepared responses that no request has used.
    pub fn unused(&self) -> usize {
        self.responses.len()
    }

    /// How long was waited in all.
    pub fn waited(&self) -> Duration {
        self.waits.iter().sum()
    }
}

fn error(kind: TransportErrorKind) -> TransportError {
    TransportError { kind, detail: "prepared by the test".into() }
}

impl Platform for MockTransport {
    type Body = MockResponse;

    fn send(&mut self, request: Request<'_>) -> Result<Response<MockResponse>, TransportError> {
        let mut headers = Headers::default();
        request.headers(|name, value| headers.0.push((name.into(), value.into())));
        let body = request.parts.body.as_ref().map(|content| String::from_utf8_lossy(&content.bytes).into_owned());
        let line = format!("{} {}{}", request.parts.method.as_str(), request.address.base_url(), request.parts.target);
        self.sent.push(SentRequest { line, headers, body });
        self.clock += self.latency;
        let response = match (self.responses.pop_front(), self.rest) {
            (Some(response), _) => response?,
            (None, Some(kind)) => return Err(error(kind)),
            (None, None) => panic!("no response is prepared for {}", self.lines().last().unwrap_or(&"")),
        };
        Ok(Response { status: response.status, headers: response.headers.clone(), body: response })
    }

    fn now(&self) -> Duration {
        self.clock
    }

    fn wall_clock(&self) -> Duration {
        // The beginning of 2026.
        Duration::from_secs(1_767_225_600) + self.clock
    }

    fn sleep(&mut self, time: Duration) {
        self.waits.push(time);
        self.clock += time;
    }

    fn random(&mut self) -> u64 {
        0
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

impl Body for MockResponse {
    fn read(&mut self, max_bytes: usize) -> Result<Vec<u8>, TransportError> {
        let mut piece = match self.pieces.pop_front() {
            None => return Ok(Vec::new()),
            Some(piece) => piece?,
        };
        if piece.len() > max_bytes {
            self.pieces.push_front(Ok(piece.split_off(max_bytes)));
        }
        Ok(piece)
    }
}
