//! An outside for tests: it answers by a script, keeps what it was asked, and its clock moves only when somebody waits.

use crate::transport::{Body, Headers, Platform, Request, Response, TransportError, TransportErrorKind};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A scripted outside.
#[derive(Debug, Default)]
pub struct Scripted {
    answers: VecDeque<Result<Answer, TransportError>>,
    /// What was sent, in order.
    pub asked: Vec<Asked>,
    /// How long it waited, in order.
    pub waits: Vec<Duration>,
    /// The time.
    pub clock: Duration,
    /// The environment.
    pub variables: HashMap<String, String>,
}

/// A request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Method and URL: `GET https://looker.example.com/api/4.0/user`.
    pub line: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Option<String>,
}

/// An answer to give.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Headers,
    pieces: VecDeque<Result<Vec<u8>, TransportError>>,
}

impl Scripted {
    /// Adds an answer with a JSON body.
    pub fn json(self, status: u16, body: &str) -> Self {
        self.answer(status, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Adds the answer to a login.
    pub fn token(self, token: &str) -> Self {
        self.json(200, &format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#))
    }

    /// Adds any answer.
    pub fn answer(mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.answers.push_back(Ok(Answer {
            status,
            headers: Headers(headers),
            pieces: VecDeque::from([Ok(body.to_vec())]),
        }));
        self
    }

    /// Adds a success whose body breaks off after `body`.
    pub fn broken_body(mut self, body: &str) -> Self {
        let headers = Headers(vec![("content-type".into(), "application/json".into())]);
        let pieces = VecDeque::from([Ok(body.as_bytes().to_vec()), Err(error(TransportErrorKind::Broken))]);
        self.answers.push_back(Ok(Answer { status: 200, headers, pieces }));
        self
    }

    /// Adds a failure below HTTP.
    pub fn error(mut self, kind: TransportErrorKind) -> Self {
        self.answers.push_back(Err(error(kind)));
        self
    }

    /// Method and URL of everything that was sent.
    pub fn lines(&self) -> Vec<&str> {
        self.asked.iter().map(|asked| asked.line.as_str()).collect()
    }

    /// How many answers nobody asked for.
    pub fn left(&self) -> usize {
        self.answers.len()
    }
}

fn error(kind: TransportErrorKind) -> TransportError {
    TransportError { kind, detail: "as the script says".into() }
}

impl Platform for Scripted {
    type Body = Answer;

    fn send(&mut self, request: Request<'_>) -> Result<Response<Answer>, TransportError> {
        let mut headers = Headers::default();
        request.headers(|name, value| headers.0.push((name.into(), value.into())));
        let body = request.call.body.as_ref().map(|content| String::from_utf8_lossy(&content.bytes).into_owned());
        let line = format!("{} {}{}", request.call.method.as_str(), request.address.base_url(), request.call.target);
        self.asked.push(Asked { line, headers, body });
        let answer = self.answers.pop_front().expect("the script has an answer for every request")?;
        Ok(Response { status: answer.status, headers: answer.headers.clone(), body: answer })
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

impl Body for Answer {
    fn read(&mut self, most: usize) -> Result<Vec<u8>, TransportError> {
        let mut piece = match self.pieces.pop_front() {
            None => return Ok(Vec::new()),
            Some(piece) => piece?,
        };
        if piece.len() > most {
            self.pieces.push_front(Ok(piece.split_off(most)));
        }
        Ok(piece)
    }
}
