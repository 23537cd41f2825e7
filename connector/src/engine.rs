//! The connector without WebAssembly: the WIT package's functions, over any [`Platform`].

mod job;
mod stream;

pub use crate::operations::{Description, describe, operations};
pub use crate::summary::Summary;
pub use stream::{RowStream, Stream, Whole};

use crate::auth::{self, Auth, Credentials};
use crate::call_api;
use crate::catalog::{Effect, Format, Operation, Type};
use crate::context::{self, Called, Context};
use crate::download::Download;
use crate::error_response;
use crate::failure::{Problem, Reason, Result};
use crate::input::Input;
use crate::jobs;
use crate::operations::{find, known};
use crate::request::{self, Parts};
use crate::response::{self, Output, OutputBody};
use crate::retry::{self, Opened, Received, RetryPolicy, WaitBudget};
use crate::session::Sessions;
use crate::transport::{Platform, Request};
use redact::{Redactor, Secret};
use std::borrow::Cow;
use std::time::Duration;

/// The operation that returns the user.
const ME: &str = "me";
/// The fields that a "Test connection" button shows.
const ME_INPUT: &str = r#"{"fields":"id,display_name,email,is_disabled"}"#;
/// The operation that returns a token: the only one that needs none.
const LOGIN: &str = "login";
/// The operation that revokes the token.
const LOGOUT: &str = "logout";

/// A connector with its tokens.
#[derive(Debug, Default)]
pub struct Engine<P> {
    platform: P,
    sessions: Sessions,
}

/// One operation to carry out.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The name of the operation.
    pub operation: &'a str,
    /// The input, a JSON object.
    pub input: &'a str,
    /// How long the call may wait in all, before retries and for results; time in which a request is under way does not
    /// count. `None` is the default of 30 seconds; zero means no wait and no retry.
    pub max_wait: Option<Duration>,
}

impl<'a> Call<'a> {
    /// A call with the default wait.
    pub fn new(operation: &'a str, input: &'a str) -> Self {
        Self { operation, input, max_wait: None }
    }
}

/// The result of signing in, for calls by other instances.
#[derive(PartialEq, Eq)]
pub struct Session {
    /// The auth to call with.
    pub auth: String,
    /// How long it should be used from now on; `None` where that is unknown.
    pub lifetime: Option<Duration>,
    /// The auth to keep instead of the one that was signed in with.
    pub renewed_auth: Option<String>,
}

/// What came back for a request.
enum Reply<T> {
    Success(T),
    ErrorResponse(Received<Vec<u8>>),
}

impl<P: Platform> Engine<P> {
    /// A connector that runs on `platform`.
    pub fn new(platform: P) -> Self {
        Self { platform, sessions: Sessions::default() }
    }

    /// The platform that it runs on.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Every `host:port` that calls with this auth would reach.
    pub fn hosts(&self, auth: &str) -> Result<Vec<String>> {
        Ok(vec![self.auth(auth)?.address.host_and_port()])
    }

    /// Signs in and returns the user, as JSON.
    pub fn check_auth(&mut self, auth: &str) -> Result<String> {
        match self.invoke(auth, Call::new(ME, ME_INPUT))?.body {
            OutputBody::Json(user) => Ok(user),
            _ => {
                let message = "Looker did not return the user. Check that the domain is that of Looker's API.";
                let mut problem = Problem::new(Reason::UnexpectedResponse, message);
                problem.request_sent = true;
                Err(problem.permanent())
            }
        }
    }

    /// Signs in anew, for calls by other instances.
    pub fn sign_in(&mut self, document: &str) -> Result<Session> {
        let auth = self.auth(document)?;
        let signed_in = self.sessions.sign_in(&mut self.platform, &mut WaitBudget::new(None), &auth);
        let signed_in = signed_in.map_err(|failure| failure.hide(&context::secrets(&auth, None)))?;
        Ok(Session {
            auth: auth.of_session(&signed_in.token),
            lifetime: signed_in.lifetime,
            renewed_auth: signed_in.refresh_token.map(|token| Auth::renewed(document, &token)).transpose()?,
        })
    }

    /// Revokes the token in this auth and the tokens that are kept for it.
    pub fn sign_out(&mut self, auth: &str) -> Result<()> {
        let auth = self.auth(auth)?;
        let signed_out = self.sessions.sign_out(&mut self.platform, &mut WaitBudget::new(None), &auth);
        signed_out.map_err(|failure| failure.hide(&context::secrets(&auth, None)))
    }

    /// Carries out one operation and returns its whole output.
    pub fn invoke(&mut self, auth: &str, call: Call<'_>) -> Result<Output> {
        known(call.operation)?;
        let auth = self.auth(auth)?;
        if let Some(job) = jobs::definition(call.operation) {
            return self.invoke_job(job, auth, call);
        }
        let input = Input::parse(call.input)?;
        self.invoke_operation(call.operation, &input, &auth, &mut WaitBudget::new(call.max_wait))
    }

    fn invoke_operation(&mut self, name: &str, input: &Input, auth: &Auth, budget: &mut WaitBudget) -> Result<Output> {
        let (operation, parts) = prepare(name, input, auth)?;
        let operation = operation.as_ref();
        let called = Called { operation, input };
        let output = self.authorized(called, auth, budget, |platform, budget, token, context| {
            let request = Request { parts: &parts, address: &auth.address, token };
            let received = retry::send(platform, budget, policy(operation), request)?;
            if received.is_success() {
                response::output(received, called, context).map(Reply::Success)
            } else {
                Ok(Reply::ErrorResponse(received))
            }
        })?;
        if operation.name == LOGOUT {
            self.sessions.forget(auth);
        }
        Ok(output)
    }

    /// Starts one operation and leaves its output to be read in pieces.
    pub fn open(&mut self, auth: &str, call: Call<'_>) -> Result<Stream<P::Body>> {
        known(call.operation)?;
        let auth = self.auth(auth)?;
        if let Some(job) = jobs::definition(call.operation) {
            return self.open_job(job, auth, call);
        }
        let input = Input::parse(call.input)?;
        self.open_operation(call.operation, &input, &auth, &mut WaitBudget::new(call.max_wait))
            .map(|download| Stream::Response(Box::new(download)))
    }

    fn open_operation(
        &mut self,
        name: &str,
        input: &Input,
        auth: &Auth,
        budget: &mut WaitBudget,
    ) -> Result<Download<P::Body>> {
        let (operation, parts) = prepare(name, input, auth)?;
        let operation = operation.as_ref();
        let called = Called { operation, input };
        self.authorized(called, auth, budget, |platform, budget, token, context| {
            let request = Request { parts: &parts, address: &auth.address, token };
            match retry::open(platform, budget, policy(operation), request)? {
                Opened::Success(received) => Download::begin(received, called, context).map(Reply::Success),
                Opened::ErrorResponse(received) => Ok(Reply::ErrorResponse(received)),
            }
        })
    }

    fn auth(&self, document: &str) -> Result<Auth> {
        Auth::parse(document, |name| self.platform.variable(name))
    }

    /// Sends a call with the token for `auth`. If Looker no longer accepts a kept token, logs in once and sends the call
    /// once more, whatever the call may wait. A new token that is refused is not replaced, so that there is no endless loop.
    fn authorized<T>(
        &mut self,
        called: Called,
        auth: &Auth,
        budget: &mut WaitBudget,
        mut send: impl FnMut(&mut P, &mut WaitBudget, Option<&Secret>, &Context) -> Result<Reply<T>>,
    ) -> Result<T> {
        loop {
            let mut secrets = context::secrets(auth, None);
            add_passwords(&mut secrets, called);
            let token = if called.operation.name == LOGIN {
                None
            } else {
                let token = self.sessions.token(&mut self.platform, budget, auth);
                Some(token.map_err(|failure| failure.hide(&secrets))?)
            };
            if let Some(token) = &token {
                secrets.add(&token.secret);
            }
            let context = Context::call(&auth.address, &secrets, called);
            let reply = send(&mut self.platform, budget, token.as_ref().map(|token| &token.secret), &context);
            let received = match reply.map_err(|failure| failure.hide(&secrets))? {
                Reply::Success(success) => return Ok(success),
                Reply::ErrorResponse(received) => received,
            };
            if received.status == 401 {
                self.sessions.forget(auth);
                if token.as_ref().is_some_and(|token| token.kept) && auth.can_log_in() {
                    continue;
                }
            }
            return Err(error_response::failure(&received, &context).hide(&secrets));
        }
    }
}

/// Adds the passwords in an input, which a server could send back.
fn add_passwords(secrets: &mut Redactor, called: Called) {
    let Called { operation, input } = called;
    let is_password = |kind: &Type| *kind == Type::String(Format::Password);
    let parameters = operation.parameters.iter().filter(|parameter| is_password(&parameter.kind));
    let names = parameters.map(|parameter| parameter.input);
    let properties = input.fields().filter(|(name, _)| {
        let property = operation.body.as_ref().and_then(|body| body.property_of(name));
        property.is_some_and(|property| is_password(&property.kind))
    });
    let values = names.filter_map(|name| input.get(name)).chain(properties.map(|(_, value)| value));
    for value in values {
        if let Ok(text) = serde_json::from_str::<String>(value.get()) {
            secrets.add(&Secret::new(text));
        }
    }
}

/// The JSON Schema of an auth.
pub fn auth_schema() -> &'static str {
    auth::schema()
}

/// The operation with that name, and its request.
fn prepare(name: &str, input: &Input, auth: &Auth) -> Result<(Cow<'static, Operation>, Parts)> {
    if name == call_api::NAME {
        return call_api::prepare(input).map(|(operation, parts)| (Cow::Owned(operation), parts));
    }
    let operation = find(name)?;
    if operation.name == LOGIN {
        check_login(input, auth)?;
    }
    let mut parts = request::build(operation, input, |parameter| match (&auth.credentials, parameter) {
        // Its two inputs come from the auth.
        (Credentials::Client { id, .. }, "client_id") if operation.name == LOGIN => Some(id.clone()),
        (Credentials::Client { secret, .. }, "client_secret") if operation.name == LOGIN => {
            Some(secret.reveal().to_owned())
        }
        _ => None,
    })?;
    let is_from_environment = matches!(auth.credentials, Credentials::Client { from_environment: true, .. });
    if let (LOGIN, Some(body), None) = (operation.name, &mut parts.body, input.get("client_secret")) {
        body.has_placeholder = is_from_environment;
    }
    Ok((Cow::Borrowed(operation), parts))
}

/// Fails if neither the input nor the auth has the credentials for the operation `login`. Looker itself would only say 404.
fn check_login(input: &Input, auth: &Auth) -> Result<()> {
    let given = |name| input.get(name).is_some();
    if matches!(auth.credentials, Credentials::Client { .. }) || given("client_id") && given("client_secret") {
        return Ok(());
    }
    let message = "login needs a client ID and a client secret, and the auth signs in another way: give client_id and \
                   client_secret as inputs.";
    Err(Problem::new(Reason::InvalidAuth, message).permanent())
}

fn policy(operation: &Operation) -> RetryPolicy {
    RetryPolicy { idempotent: operation.is_idempotent(), poll: operation.effect == Effect::Read }
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
