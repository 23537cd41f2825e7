//! Tokens: got by a login, kept in the instance, renewed before they expire.
//!
//! A token is found again by the whole auth that it was made for, so that the token of one tenant, user or workspace
//! never serves another. Losing them loses nothing but the time of a login.

use crate::auth::{Auth, Credentials};
use crate::catalog::Method;
use crate::exchange::{Budget, Received, Repeat, exchange};
use crate::failure::{Failure, Problem, Reason, Result};
use crate::refusal::{self, refusal};
use crate::request::{Call, Content, percent_encode};
use crate::secret::Secret;
use crate::transport::{Platform, Request};
use serde::Deserialize;
use std::time::Duration;

/// How many tokens are kept. A platform that serves more tenants from one instance logs in again for those that it
/// served longest ago.
const KEPT: usize = 256;
/// How long before it expires a token is renewed, so that it does not expire on the way.
const MARGIN: Duration = Duration::from_secs(60);

/// The tokens of this instance.
#[derive(Debug, Default)]
pub struct Sessions(Vec<Session>);

#[derive(Debug)]
struct Session {
    auth: Auth,
    token: Secret,
    renew_at: Duration,
}

/// A token to call with.
#[derive(Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// Whether it was kept from an earlier call, so that it may have been revoked in the meantime.
    pub kept: bool,
}

/// A token that Looker gave, and how long it lasts.
struct Grant {
    token: Secret,
    expires_in: Duration,
}

impl Sessions {
    /// The token for calls with `auth`: a kept one, or a new one from Looker.
    ///
    /// The failures of a login say that the call itself was not sent.
    pub fn token<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth) -> Result<Token> {
        let now = platform.now();
        if let Some(session) = self.0.iter().find(|session| session.auth == *auth && now < session.renew_at) {
            return Ok(Token { secret: session.token.clone(), kept: true });
        }
        let grant = self.sign_in(platform, budget, auth).map_err(Failure::before_the_request)?;
        let margin = MARGIN.min(grant.expires_in / 10);
        let renew_at = platform.now().saturating_add(grant.expires_in - margin);
        self.forget(auth);
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(Session { auth: auth.clone(), token: grant.token.clone(), renew_at });
        Ok(Token { secret: grant.token, kept: false })
    }

    /// Drops the token for `auth`: Looker does not accept it any more.
    pub fn forget(&mut self, auth: &Auth) {
        self.0.retain(|session| session.auth != *auth);
    }

    fn sign_in<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth) -> Result<Grant> {
        let grant = match (&auth.run_as_user_id, &auth.credentials) {
            (Some(user_id), _) => self.run_as(platform, budget, auth, user_id)?,
            (None, Credentials::Client { id, secret }) => log_in(platform, budget, auth, id, secret)?,
            // Nobody said how long it lasts; Looker says it with a 401.
            (None, Credentials::Token(token)) => Grant { token: token.clone(), expires_in: Duration::MAX / 2 },
        };
        if let Some(workspace) = auth.workspace {
            let body = Content::json(format!(r#"{{"workspace_id":"{}"}}"#, workspace.as_str()));
            let call = Call::own(Method::Patch, "/session", Some(body));
            let received = ask(platform, budget, auth, &call, Some(&grant.token))?;
            if !received.is_success() {
                return Err(refusal(&received, refusal::Context::new(&auth.address, platform.wall_clock()))
                    .about(&format!("Choosing the {} workspace failed.", workspace.as_str()))
                    .hide(&grant.token));
            }
        }
        Ok(grant)
    }

    /// A token of another user, by the token of the one who signs in.
    fn run_as<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth, user_id: &str) -> Result<Grant> {
        let own = Auth { run_as_user_id: None, workspace: None, ..auth.clone() };
        let call = Call::own(Method::Post, &format!("/login/{}", percent_encode(user_id)), None);
        let mut token = self.token(platform, budget, &own)?;
        let mut received = ask(platform, budget, auth, &call, Some(&token.secret))?;
        if received.status == 401 {
            self.forget(&own);
            if token.kept && own.can_log_in() {
                token = self.token(platform, budget, &own)?;
                received = ask(platform, budget, auth, &call, Some(&token.secret))?;
            }
        }
        grant(&received, auth).unwrap_or_else(|| {
            Err(refusal(&received, refusal::Context::new(&auth.address, platform.wall_clock()))
                .about(&format!("Looker does not let this API key run as user {user_id}."))
                .hide(&token.secret))
        })
    }
}

/// A token by client ID and client secret.
fn log_in<P: Platform>(platform: &mut P, budget: &Budget, auth: &Auth, id: &str, secret: &Secret) -> Result<Grant> {
    let form = Content::form([("client_id", id), ("client_secret", secret.reveal())]);
    let call = Call::own(Method::Post, "/login", Some(form));
    let received = ask(platform, budget, auth, &call, None)?;
    if let Some(grant) = grant(&received, auth) {
        return grant;
    }
    let failure = refusal(&received, refusal::Context::new(&auth.address, platform.wall_clock()));
    // Looker answers 404 to a login with wrong credentials.
    if !matches!(received.status, 401 | 403 | 404) {
        return Err(failure.about("The login failed."));
    }
    let mut problem = failure.problem().clone();
    problem.reason = Reason::Unauthenticated;
    problem.message = format!(
        "Looker does not accept the client ID and client secret (its answer to the login is {}). Check both, and that {} is \
         the right Looker: an administrator finds and makes API keys under Admin, Users, Edit, API Keys.",
        received.status,
        auth.address.authority(),
    );
    Err(problem.permanent())
}

/// Sends a request of the login itself. Repeating one only gives another token.
fn ask<P: Platform>(
    platform: &mut P,
    budget: &Budget,
    auth: &Auth,
    call: &Call,
    token: Option<&Secret>,
) -> Result<Received> {
    exchange(platform, budget, Repeat { safe: true, poll: false }, Request { call, address: &auth.address, token })
}

/// The token in a login's answer; `None` where the answer is a refusal.
fn grant(received: &Received, auth: &Auth) -> Option<Result<Grant>> {
    #[derive(Deserialize)]
    struct AccessToken {
        access_token: String,
        expires_in: Option<u64>,
    }
    /// What Looker gives where it does not say otherwise.
    const LIFE: u64 = 3600;

    if !received.is_success() {
        return None;
    }
    let parsed = serde_json::from_slice(&received.bytes).ok().map(|token: AccessToken| Grant {
        token: Secret::new(token.access_token),
        // A life of centuries would overflow the clock.
        expires_in: Duration::from_secs(token.expires_in.unwrap_or(LIFE).min(u64::from(u32::MAX))),
    });
    let is_token = |grant: &Grant| {
        let text = grant.token.reveal();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    Some(parsed.filter(is_token).ok_or_else(|| {
        let mut problem = Problem::new(
            Reason::UnexpectedResponse,
            format!(
                "{} answers a login with something that is no token: is it the address of Looker's API? A Looker that your \
                 company hosts often answers on port 19999.",
                auth.address.authority(),
            ),
        );
        problem.status = Some(received.status);
        problem.permanent()
    }))
}
