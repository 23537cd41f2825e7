//! The connector without WebAssembly: what the WIT package's functions do, over any [`Platform`].

use crate::auth::{self, Auth, Credentials};
use crate::call_api;
use crate::catalog::{self, Effect, OPERATIONS, Operation};
use crate::download::Download;
use crate::exchange::{self, Budget, Opened, Received, Repeat};
use crate::failure::{Failure, Problem, Reason, Result};
use crate::input::Input;
use crate::refusal::{Context, refusal};
use crate::request::{self, Call};
use crate::response::{self, Output, OutputBody};
use crate::schema;
use crate::secret::Secret;
use crate::session::{Sessions, Token};
use crate::transport::{Platform, Request};
use std::borrow::Cow;
use std::time::Duration;

/// The operation that tells who the user is.
const WHO_AM_I: &str = "me";
/// What of it a "Test connection" button shows.
const WHO_AM_I_INPUT: &str = r#"{"fields":"id,display_name,email,is_disabled"}"#;
/// The operation that gives a token: the only one that needs none.
const LOGIN: &str = "login";
/// The operation that makes the token void.
const LOGOUT: &str = "logout";

/// A connector with its tokens.
#[derive(Debug, Default)]
pub struct Engine<P> {
    platform: P,
    sessions: Sessions,
}

/// What signing in gave, for calls by other instances.
#[derive(PartialEq, Eq)]
pub struct Session {
    /// The auth to call with.
    pub auth: String,
    /// How long from now on it should be used, where that is known.
    pub lasts: Option<Duration>,
    /// The auth to keep instead of the one that was signed in with.
    pub renewed_auth: Option<String>,
}

/// What an exchange gave: something to use, or an answer that is no success.
enum Reply<T> {
    Success(T),
    Refusal(Received),
}

impl<P: Platform> Engine<P> {
    /// A connector that reaches the outside by `platform`.
    pub fn new(platform: P) -> Self {
        Self { platform, sessions: Sessions::default() }
    }

    /// The outside by which it works.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Every `host:port` that calls with this auth would reach.
    pub fn hosts(&self, auth: &str) -> Result<Vec<String>> {
        Ok(vec![self.auth(auth)?.address.host_and_port()])
    }

    /// Signs in and tells who the user is, as JSON.
    pub fn check_auth(&mut self, auth: &str) -> Result<String> {
        match self.invoke(auth, WHO_AM_I, WHO_AM_I_INPUT)?.body {
            OutputBody::Json(user) => Ok(user),
            _ => {
                let message = "Looker does not say who the user is. Check that the domain is that of Looker's API.";
                let mut problem = Problem::new(Reason::UnexpectedResponse, message);
                problem.request_sent = true;
                Err(problem.permanent())
            }
        }
    }

    /// Signs in anew, for calls by other instances.
    pub fn sign_in(&mut self, document: &str) -> Result<Session> {
        let auth = self.auth(document)?;
        let budget = Budget::new(&self.platform);
        let signed_in = self.sessions.sign_in(&mut self.platform, &budget, &auth);
        let signed_in = signed_in.map_err(|failure| hide(failure, &auth, None))?;
        Ok(Session {
            auth: auth.of_session(&signed_in.token),
            lasts: signed_in.lasts,
            renewed_auth: signed_in.refresh_token.map(|token| Auth::renewed(document, &token)).transpose()?,
        })
    }

    /// Has Looker make the tokens void that are in this auth or were got for it.
    pub fn sign_out(&mut self, auth: &str) -> Result<()> {
        let auth = self.auth(auth)?;
        let budget = Budget::new(&self.platform);
        self.sessions.sign_out(&mut self.platform, &budget, &auth).map_err(|failure| hide(failure, &auth, None))
    }

    /// Carries out one operation and gives its whole output.
    pub fn invoke(&mut self, auth: &str, operation: &str, input: &str) -> Result<Output> {
        known(operation)?;
        let auth = self.auth(auth)?;
        let input = Input::parse(input)?;
        let (operation, call) = prepare(operation, &input, &auth)?;
        let operation = operation.as_ref();
        let output = self.signed(operation, &auth, |platform, budget, token| {
            let request = Request { call: &call, address: &auth.address, token };
            let received = exchange::exchange(platform, budget, repeat(operation), request)?;
            if received.is_success() {
                response::output(operation, &input, received, &auth.address).map(Reply::Success)
            } else {
                Ok(Reply::Refusal(received))
            }
        })?;
        if operation.name == LOGOUT {
            self.sessions.forget(&auth);
        }
        Ok(output)
    }

    /// Starts one operation and leaves its output to be read piece by piece.
    pub fn open(&mut self, auth: &str, operation: &str, input: &str) -> Result<Download<P::Body>> {
        known(operation)?;
        let auth = self.auth(auth)?;
        let (operation, call) = prepare(operation, &Input::parse(input)?, &auth)?;
        let operation = operation.as_ref();
        self.signed(operation, &auth, |platform, budget, token| {
            let request = Request { call: &call, address: &auth.address, token };
            match exchange::open(platform, budget, repeat(operation), request)? {
                Opened::Success(response) => Download::begin(operation, response, &auth.address).map(Reply::Success),
                Opened::Refusal(received) => Ok(Reply::Refusal(received)),
            }
        })
    }

    fn auth(&self, document: &str) -> Result<Auth> {
        Auth::parse(document, |name| self.platform.variable(name))
    }

    /// Sends a call with the token for `auth`. Where Looker does not accept a kept token any more, there is one new
    /// login and one more try; a token that is new and refused is not tried again, so that nothing goes in circles.
    fn signed<T>(
        &mut self,
        operation: &Operation,
        auth: &Auth,
        mut send: impl FnMut(&mut P, &Budget, Option<&Secret>) -> Result<Reply<T>>,
    ) -> Result<T> {
        let budget = Budget::new(&self.platform);
        loop {
            let token = if operation.name == LOGIN {
                None
            } else {
                let token = self.sessions.token(&mut self.platform, &budget, auth);
                Some(token.map_err(|failure| hide(failure, auth, None))?)
            };
            let reply = send(&mut self.platform, &budget, token.as_ref().map(|token| &token.secret));
            let received = match reply.map_err(|failure| hide(failure, auth, token.as_ref()))? {
                Reply::Success(success) => return Ok(success),
                Reply::Refusal(received) => received,
            };
            if received.status == 401 {
                self.sessions.forget(auth);
                if token.as_ref().is_some_and(|token| token.kept) && auth.can_log_in() {
                    continue;
                }
            }
            let context = Context::new(&auth.address, self.platform.wall_clock()).of(operation);
            return Err(hide(refusal(&received, context), auth, token.as_ref()));
        }
    }
}

/// The failure without what its auth and its token keep secret.
fn hide(failure: Failure, auth: &Auth, token: Option<&Token>) -> Failure {
    auth.secrets().chain(token.map(|token| &token.secret)).fold(failure, Failure::hide)
}

/// The JSON Schema of an auth.
pub fn auth_schema() -> &'static str {
    auth::schema()
}

/// All operations, in the order of their names.
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// The operation of that name.
pub fn find(name: &str) -> Result<&'static Operation> {
    catalog::operation(name).ok_or_else(|| {
        let near = catalog::nearest(name, OPERATIONS.iter().map(|operation| operation.name));
        let advice = if near.is_empty() {
            "See the list of operations.".to_owned()
        } else {
            format!("Did you mean {}?", near.join(" or "))
        };
        Problem::new(Reason::UnknownOperation, format!("There is no operation {name}. {advice}")).permanent()
    })
}

/// An operation with all that a platform needs to draw its form and to use its output.
#[derive(Debug)]
pub struct Description {
    /// The operation as a list shows it.
    pub operation: Cow<'static, Operation>,
    /// The JSON Schema of its input.
    pub input_schema: String,
    /// The JSON Schema of its output.
    pub output_schema: String,
    /// The media types that its output can have.
    pub media_types: Vec<&'static str>,
}

/// Describes one operation.
pub fn describe(name: &str) -> Result<Description> {
    if name == call_api::NAME {
        return Ok(Description {
            operation: Cow::Owned(call_api::summary()),
            input_schema: call_api::INPUT_SCHEMA.to_owned(),
            output_schema: call_api::OUTPUT_SCHEMA.to_owned(),
            media_types: schema::media_types(&call_api::summary()),
        });
    }
    let operation = find(name)?;
    Ok(Description {
        operation: Cow::Borrowed(operation),
        input_schema: schema::input_schema(operation),
        output_schema: schema::output_schema(operation),
        media_types: schema::media_types(operation),
    })
}

/// Whether there is an operation of that name.
fn known(name: &str) -> Result<()> {
    if name == call_api::NAME { Ok(()) } else { find(name).map(|_| ()) }
}

/// The operation of that name, and its request.
fn prepare(name: &str, input: &Input, auth: &Auth) -> Result<(Cow<'static, Operation>, Call)> {
    if name == call_api::NAME {
        return call_api::prepare(input).map(|(operation, call)| (Cow::Owned(operation), call));
    }
    let operation = find(name)?;
    if operation.name == LOGIN {
        check_login(input, auth)?;
    }
    let call = request::build(operation, input, |parameter| match (&auth.credentials, parameter) {
        // Its two inputs are what the auth has.
        (Credentials::Client { id, .. }, "client_id") if operation.name == LOGIN => Some(id.clone()),
        (Credentials::Client { secret, .. }, "client_secret") if operation.name == LOGIN => {
            Some(secret.reveal().to_owned())
        }
        _ => None,
    })?;
    Ok((Cow::Borrowed(operation), call))
}

/// Whether input or auth have what the operation `login` logs in with. Looker says of what is missing that it finds nothing.
fn check_login(input: &Input, auth: &Auth) -> Result<()> {
    let given = |name| input.get(name).is_some();
    if matches!(auth.credentials, Credentials::Client { .. }) || given("client_id") && given("client_secret") {
        return Ok(());
    }
    let message = "login needs a client ID and a client secret. The auth has another way to sign in: give client_id and \
                   client_secret as inputs.";
    Err(Problem::new(Reason::InvalidAuth, message).permanent())
}

fn repeat(operation: &Operation) -> Repeat {
    Repeat { safe: operation.is_safe(), poll: operation.effect == Effect::Read }
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
