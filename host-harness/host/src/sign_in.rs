//! Calls with a session where the connector shares sign-ins: the one loop around signing in.

use crate::auth::Auth;
use crate::bindings::sessions::exports::workflow::connector::sessions::Session as WitSession;
use crate::failure::{ExecutionFailure, Failure, FailureKind, Reason};
use crate::instance::slot::Slot;
use crate::instance::state::CallSetup;
use crate::instance::{Answer, Instance};
use crate::limits::AUTH_BYTES;
use crate::renewal;
use crate::sessions::{CachedSession, Entry, Session, Sessions};
use std::sync::Arc;
use std::time::Duration;

/// Which session a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// One that is there, or a new one.
    Shared,
    /// Only a new one, which shows whether the auth is good. One that is there stays until the new one is.
    Anew,
}

/// Calls a function that needs an auth. `sessions` is [`None`] where the connector shares no sign-ins: then the function is
/// called with the auth itself.
///
/// A session can be refused in two ways that say nothing of the auth. As `unauthenticated`: the session has ended, the call was
/// not carried out, and is made again with a new session. As `invalid-auth` or `invalid-input` before anything was sent: it
/// needs the user's own secret, so it is made again with the auth.
pub(crate) async fn call<T>(
    slot: &mut Slot,
    setup: &CallSetup,
    sessions: Option<&Sessions>,
    (auth, sign_in): (&Auth, SignIn),
    function: &'static str,
    run: impl for<'a> Fn(&'a mut Instance, Auth) -> Answer<'a, T>,
) -> Result<T, Failure> {
    let Some(sessions) = sessions else {
        return slot.call(function, setup, |instance| run(instance, auth.clone())).await;
    };
    let entry = sessions.entry(auth);
    setup.context.secrets().hide_too(&entry.newest(auth));
    loop {
        let (session, is_new) = match entry.session().filter(|_| sign_in == SignIn::Shared) {
            Some(session) => (session, false),
            None => signed_in(slot, setup, sessions, &entry, (auth, sign_in)).await?,
        };
        setup.context.secrets().hide_too(session.auth());
        let outcome = slot.call(function, setup, |instance| run(instance, session.auth().clone())).await;
        let Err(failure) = outcome else { return outcome };
        match failure.kind() {
            // A new session that is refused would be refused again.
            FailureKind::Permanent(problem) if problem.reason == Reason::Unauthenticated && !is_new => {
                entry.drop_ended(&session);
            }
            FailureKind::Permanent(problem)
                if matches!(problem.reason, Reason::InvalidAuth | Reason::InvalidInput) && !problem.request_sent =>
            {
                let auth = entry.newest(auth);
                return slot.call(function, setup, |instance| run(instance, auth.clone())).await;
            }
            _ => return Err(failure),
        }
    }
}

/// Waits until somebody has signed in, or signs in. Tells whether it was this call that did.
async fn signed_in(
    slot: &mut Slot,
    setup: &CallSetup,
    sessions: &Sessions,
    entry: &Arc<Entry>,
    (auth, sign_in): (&Auth, SignIn),
) -> Result<(Arc<CachedSession>, bool), Failure> {
    let meter = setup.context.meter();
    let before = entry.attempts();
    let turn = meter.run(entry.turn()).await;
    let mut last_failure = turn.map_err(|limit| ExecutionFailure::Limit { limit, request_sent: false })?;
    if sign_in == SignIn::Shared {
        if let Some(session) = entry.session() {
            return Ok((session, false));
        }
        if let Some(failure) = last_failure.as_ref().filter(|_| entry.attempts() != before) {
            return Err(failure.clone());
        }
    }
    let outcome = session(slot, setup, entry.newest(auth)).await;
    entry.count_attempt();
    match outcome {
        Ok(session) => {
            *last_failure = None;
            Ok((sessions.keep(auth, entry, session), true))
        }
        Err(failure) => {
            // What befell this sandbox says nothing about the others.
            *last_failure = (!matches!(failure.kind(), FailureKind::Execution(_))).then(|| failure.clone());
            Err(failure)
        }
    }
}

/// Has the connector sign in. Its requests are not the call's own.
pub(crate) async fn session(slot: &mut Slot, setup: &CallSetup, auth: Auth) -> Result<Session, Failure> {
    setup.context.secrets().hide_too(&auth);
    let outcome = slot.call("sign-in", setup, |instance| instance.sign_in(auth.clone())).await;
    setup.context.meter().sign_in_is_over();
    let WitSession { auth: session, lasts_ms, renewed_auth } = outcome.map_err(Failure::before_the_request)?;
    let renewed_auth = match renewed_auth {
        None => None,
        Some(json) => Some(renewed(slot, setup, &auth, json).await?),
    };
    if let Some(renewed) = &renewed_auth {
        setup.context.secrets().hide_too(renewed);
    }
    Ok(Session::new(given("auth", session)?, lasts_ms.map(Duration::from_millis), renewed_auth))
}

/// An auth that the connector renewed, which may differ from the old one only in the refresh token.
async fn renewed(slot: &mut Slot, setup: &CallSetup, old: &Auth, json: String) -> Result<Auth, Failure> {
    let new = given("renewed-auth", json)?;
    let schema = slot.call("auth-schema", setup, Instance::auth_schema).await?;
    let refused = |problem| wrong("renewed-auth", problem);
    let field = renewal::refresh_token_field(&schema)
        .ok_or_else(|| refused("its auth schema names no refresh token that could be renewed".to_owned()))?;
    Ok(renewal::renewed(old, &new, &field).map_err(refused)?)
}

/// An auth that the connector gives in a session.
fn given(field: &str, json: String) -> Result<Auth, ExecutionFailure> {
    if json.len() > AUTH_BYTES {
        return Err(wrong(field, format!("it has {} bytes, more than {AUTH_BYTES}", json.len())));
    }
    Auth::from_json(json).map_err(|error| wrong(field, error.to_string()))
}

fn wrong(field: &str, problem: String) -> ExecutionFailure {
    ExecutionFailure::Interface(format!("`sign-in` gave a `{field}` that is refused: {problem}"))
}
