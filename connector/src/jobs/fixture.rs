//! What the tests of jobs share: a call of a job over prepared responses.

use crate::engine::{Call, Engine};
use crate::failure::{Failure, Problem, Result};
use crate::mock_transport::MockTransport;
use crate::response::{Output, OutputBody};
use serde_json::Value;
use std::time::Duration;

const AUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-id", "client_secret": "the-secret"}"#;
const BASE: &str = "https://looker.example.com/api/4.0";

/// A job that is called over prepared responses, which begin after the login.
pub struct Trial {
    pub engine: Engine<MockTransport>,
    job: &'static str,
}

impl Trial {
    /// A trial of a job with these responses.
    pub fn new(job: &'static str, responses: impl FnOnce(MockTransport) -> MockTransport) -> Self {
        Self { engine: Engine::new(responses(MockTransport::default().token("token"))), job }
    }

    /// Calls the job with time to wait.
    pub fn call(&mut self, input: Value) -> Result<Output> {
        self.call_for(input, Duration::from_secs(3600))
    }

    /// Calls the job without any wait.
    pub fn call_once(&mut self, input: Value) -> Result<Output> {
        self.call_for(input, Duration::ZERO)
    }

    fn call_for(&mut self, input: Value, wait: Duration) -> Result<Output> {
        let input = input.to_string();
        self.engine.invoke(AUTH, Call { operation: self.job, input: &input, max_wait: Some(wait) })
    }

    /// Streams the output: the pieces, and how it ended.
    pub fn stream(&mut self, input: Value) -> (Vec<String>, Result<()>) {
        let input = input.to_string();
        let call = Call { operation: self.job, input: &input, max_wait: Some(Duration::ZERO) };
        let mut pieces = Vec::new();
        let mut stream = match self.engine.open(AUTH, call) {
            Ok(stream) => stream,
            Err(failure) => return (pieces, Err(failure)),
        };
        loop {
            match self.engine.read(&mut stream, usize::MAX) {
                Ok(bytes) if bytes.is_empty() => return (pieces, Ok(())),
                Ok(bytes) => pieces.push(String::from_utf8(bytes).unwrap()),
                Err(failure) => return (pieces, Err(failure)),
            }
        }
    }

    /// Method, path and query of everything that was sent after the login, in order.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.engine.platform().lines();
        lines.iter().skip(1).map(|line| line.replacen(BASE, "", 1)).collect()
    }

    /// How many requests had this method and path.
    pub fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|sent| sent.split('?').next() == Some(line)).count()
    }

    /// The body of the first request with this method and path.
    pub fn body(&self, line: &str) -> Value {
        let sent = self
            .engine
            .platform()
            .sent
            .iter()
            .find(|sent| sent.line.replacen(BASE, "", 1).split('?').next() == Some(line));
        serde_json::from_str(sent.unwrap().body.as_deref().unwrap()).unwrap()
    }

    /// Checks that every prepared response was used.
    #[track_caller]
    pub fn is_used_up(&self) {
        assert_eq!(self.engine.platform().unused(), 0, "{:?}", self.lines());
    }
}

/// The JSON of an output.
#[track_caller]
pub fn json(output: Result<Output>) -> Value {
    match output.unwrap().body {
        OutputBody::Json(document) => serde_json::from_str(&document).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The problem of a failure that may be repeated.
#[track_caller]
pub fn retryable<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match result.unwrap_err() {
        Failure::Retryable(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

/// The problem of a failure that must not be repeated.
#[track_caller]
pub fn permanent<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match result.unwrap_err() {
        Failure::Permanent(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

/// The input with which a failure says that the call goes on.
#[track_caller]
pub fn resume(problem: &Problem) -> Value {
    serde_json::from_str(problem.resume.as_deref().expect("a resume")).unwrap()
}
