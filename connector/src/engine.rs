//! The connector without WebAssembly: what the WIT package's functions do, over any [`Platform`].

use crate::auth::{Auth, schema as auth_form};
use crate::catalog::{self, Effect, Operation};
use crate::exchange::{self, Budget, Opened, Repeat, exchange};
use crate::failure::{Failure, Problem, Reason, Result};
use crate::input::Input;
use crate::refusal::{Context, refusal};
use crate::request::{self, Call};
use crate::response::{self, MediaType, Output, OutputBody};
use crate::session::{Sessions, Token};
use crate::transport::{Body, Platform, Request, Response};

/// The operation that tells who the user is, and what of it a "Test connection" button shows.
const WHO_AM_I: (&str, &str) = ("me", r#"{"fields":"id,display_name,email,is_disabled"}"#);
/// The operation that makes a token void.
const LOGOUT: &str = "logout";
/// The operation that gives a token.
const LOGIN: &str = "login";

/// A connector with its tokens.
#[derive(Debug, Default)]
pub struct Engine<P> {
    platform: P,
    sessions: Sessions,
}

/// An output on its way.
#[derive(Debug)]
pub struct Download<B> {
    media_type: String,
    size: Option<u64>,
    body: B,
    authority: String,
    safe: bool,
}

impl<P: Platform> Engine<P> {
    /// A connector that reaches the outside by `platform`.
    pub fn new(platform: P) -> Self {
        Self { platform, sessions: Sessions::default() }
    }

    /// The JSON Schema of an auth.
    pub fn auth_schema(&self) -> &'static str {
        auth_form()
    }

    /// Every `host:port` that calls with this auth would reach.
    pub fn hosts(&self, auth: &str) -> Result<Vec<String>> {
        Ok(vec![self.auth(auth)?.address.host_and_port()])
    }

    /// Signs in and tells who the user is, as JSON.
    pub fn check_auth(&mut self, auth: &str) -> Result<String> {
        let (name, input) = WHO_AM_I;
        match self.invoke(auth, name, input)?.body {
            OutputBody::Json(user) => Ok(user),
            _ => Err(Problem::new(
                Reason::UnexpectedResponse,
                "Looker does not say who the user is: is the domain that of Looker's API?",
            )
            .permanent()),
        }
    }

    /// Carries out one operation.
    pub fn invoke(&mut self, auth: &str, operation: &str, input: &str) -> Result<Output> {
        let operation = find(operation)?;
        let auth = self.auth(auth)?;
        let input = Input::parse(input)?;
        let call = self.call(operation, &input, &auth)?;
        self.hiding(&auth, |engine, budget, token| {
            let request = Request { call: &call, address: &auth.address, token };
            let received = exchange(&mut engine.platform, budget, repeat(operation), request)?;
            if !received.is_success() {
                return engine.refused(operation, &auth, received).map(Answer::Unauthenticated);
            }
            if operation.name == LOGOUT {
                engine.sessions.forget(&auth);
            }
            response::output(operation, &input, received, &auth.address).map(Answer::Success)
        })
        .run(operation)
    }

    /// Starts one operation and leaves its output to be read piece by piece.
    pub fn open(&mut self, auth: &str, operation: &str, input: &str) -> Result<Download<P::Body>> {
        unimplemented!()
    }
}
