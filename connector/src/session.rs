//! Tokens: got by a login, kept in the instance, renewed before they expire.
//!
//! A token is found again by the whole auth that it was made for, so that the token of one tenant, user or workspace
//! never serves another. Losing them loses nothing but the time of a login, unless Looker replaced a refresh token in
//! the meantime: then the new one has to be kept ([`SignedIn::refresh_token`]).

mod grant;

use crate::auth::{Auth, Credentials};
use crate::catalog::Method;
use crate::exchange::{Budget, Received, Repeat, exchange};
use crate::failure::{Failure, Reason, Result};
use crate::refusal::{self, refusal};
use crate::request::{Call, Content, percent_encode};
use crate::secret::Secret;
use crate::transport::{Platform, Request};
use grant::{Grant, grant};
use std::time::Duration;

/// How many tokens are kept. A platform that serves more tenants from one instance logs in again for those that it
/// served longest ago.
const KEPT: usize = 256;
/// How long before it expires a token is renewed, so that it does not expire on the way.
const MARGIN: Duration = Duration::from_secs(60);
/// Where refresh tokens are turned into tokens. It has no version of the API in it.
const TOKEN_PATH: &str = "/api/token";

/// The tokens of this instance.
#[derive(Debug, Default)]
pub struct Sessions {
    kept: Vec<Session>,
    /// The refresh tokens that Looker gave instead of those in an auth, by the auth of the one who signs in.
    renewed: Vec<(Auth, Secret)>,
}

#[derive(Debug)]
struct Session {
    auth: Auth,
    token: Secret,
    /// [`None`]: nobody said how long it lasts; Looker says it with a 401.
    renew_at: Option<Duration>,
}

/// A token to call with.
#[derive(Debug)]
pub struct Token {
    /// The token itself.
    pub secret: Secret,
    /// Whether it was kept from an earlier call, so that it may have been revoked in the meantime.
    pub kept: bool,
}

/// What signing in gave.
#[derive(Debug)]
pub struct SignedIn {
    /// The token.
    pub token: Secret,
    /// How long it should be used from now on, where that is known.
    pub lasts: Option<Duration>,
    /// The refresh token that Looker gave instead of the auth's, which it may not take again.
    pub refresh_token: Option<Secret>,
}

impl Sessions {
    /// The token for calls with `auth`: a kept one, or a new one from Looker.
    ///
    /// The failures of a login say that the call itself was not sent.
    pub fn token<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth) -> Result<Token> {
        let now = platform.now();
        let is_good = |session: &&Session| session.auth == *auth && session.renew_at.is_none_or(|time| now < time);
        match self.kept.iter().find(is_good) {
            Some(session) => Ok(Token { secret: session.token.clone(), kept: true }),
            None => Ok(Token { secret: self.sign_in(platform, budget, auth)?.token, kept: false }),
        }
    }

    /// Gets a new token from Looker, whatever is kept, and keeps it.
    ///
    /// The failures say that the call itself was not sent.
    pub fn sign_in<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth) -> Result<SignedIn> {
        let grant = self.grant(platform, budget, auth).map_err(Failure::before_the_request)?;
        let lasts = grant.expires_in.map(|time| time - MARGIN.min(time / 10));
        let renew_at = lasts.map(|time| platform.now().saturating_add(time));
        self.forget(auth);
        keep(&mut self.kept, Session { auth: auth.clone(), token: grant.token.clone(), renew_at });
        Ok(SignedIn { token: grant.token, lasts, refresh_token: self.renewed(auth).cloned() })
    }

    /// Has Looker make void what is kept for `auth`, and the token in it.
    pub fn sign_out<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth) -> Result<()> {
        let own = auth.of_the_one_who_signs_in();
        let given = match &auth.credentials {
            Credentials::Token(token) => Some(token.clone()),
            _ => None,
        };
        let kept = self.kept.iter().filter(|session| session.auth == *auth || session.auth == own);
        let mut tokens: Vec<Secret> = kept.map(|session| session.token.clone()).collect();
        tokens.extend(given.filter(|token| !tokens.contains(token)));
        self.forget(auth);
        self.forget(&own);
        let call = Call::own(Method::Delete, "/logout", None);
        for token in tokens {
            let received = ask(platform, budget, auth, &call, Some(&token))?;
            // A token that Looker does not know any more is void already.
            if !received.is_success() && received.status != 401 {
                return Err(refusal(&received, refusal::Context::new(&auth.address, platform.wall_clock()))
                    .about("Signing out failed.")
                    .hide(&token));
            }
        }
        Ok(())
    }

    /// Drops the token for `auth`: Looker does not accept it any more.
    pub fn forget(&mut self, auth: &Auth) {
        self.kept.retain(|session| session.auth != *auth);
    }

    /// The refresh token that Looker gave instead of the one in `auth`.
    fn renewed(&self, auth: &Auth) -> Option<&Secret> {
        let own = auth.of_the_one_who_signs_in();
        self.renewed.iter().find(|(owner, _)| *owner == own).map(|(_, token)| token)
    }

    fn grant<P: Platform>(&mut self, platform: &mut P, budget: &Budget, auth: &Auth) -> Result<Grant> {
        let grant = match (&auth.run_as_user_id, &auth.credentials) {
            (Some(user_id), _) => self.run_as(platform, budget, auth, user_id)?,
            (None, Credentials::Client { id, secret }) => log_in(platform, budget, auth, id, secret)?,
            (None, Credentials::Refresh { id, token }) => {
                let token = self.renewed(auth).unwrap_or(token).clone();
                let grant = refresh(platform, budget, auth, id, &token)?;
                if let Some(renewed) = grant.refresh_token.clone().filter(|renewed| *renewed != token) {
                    let own = auth.of_the_one_who_signs_in();
                    self.renewed.retain(|(owner, _)| *owner != own);
                    keep(&mut self.renewed, (own, renewed));
                }
                grant
            }
            (None, Credentials::Token(token)) => Grant { token: token.clone(), expires_in: None, refresh_token: None },
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
        let own = auth.of_the_one_who_signs_in();
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

/// Adds one, in place of the oldest where there are too many.
fn keep<T>(kept: &mut Vec<T>, one: T) {
    if kept.len() >= KEPT {
        kept.remove(0);
    }
    kept.push(one);
}

/// A token by client ID and client secret.
fn log_in<P: Platform>(platform: &mut P, budget: &Budget, auth: &Auth, id: &str, secret: &Secret) -> Result<Grant> {
    let form = Content::form([("client_id", id), ("client_secret", secret.reveal())]);
    let call = Call::own(Method::Post, "/login", Some(form));
    let received = ask(platform, budget, auth, &call, None)?;
    grant(&received, auth).unwrap_or_else(|| {
        // Looker answers 404 to a login with wrong credentials.
        let wrong = matches!(received.status, 401 | 403 | 404).then(|| {
            format!(
                "Looker does not accept the client ID and client secret (its answer to the login is {}). Check both, and that \
                 {} is the right Looker: an administrator finds and makes API keys under Admin, Users, Edit, API Keys.",
                received.status,
                auth.address.authority(),
            )
        });
        Err(refused(platform, auth, &received, wrong))
    })
}

/// A token by what a user granted an OAuth application (RFC 6749, section 6).
fn refresh<P: Platform>(platform: &mut P, budget: &Budget, auth: &Auth, id: &str, token: &Secret) -> Result<Grant> {
    let form = Content::form([("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", token.reveal())]);
    let call = Call { method: Method::Post, target: TOKEN_PATH.to_owned(), body: Some(form) };
    // Where the first answer is lost, a second request is all that may still help.
    let received = ask(platform, budget, auth, &call, None).map_err(|failure| failure.hide(token))?;
    grant(&received, auth).unwrap_or_else(|| {
        let wrong = matches!(received.status, 400 | 401 | 403 | 404).then(|| {
            format!(
                "Looker does not accept the refresh token (its answer is {}). It may have expired, been used before, or \
                 belong to another application than client_id: have the user sign in to {} again.",
                received.status,
                auth.address.authority(),
            )
        });
        Err(refused(platform, auth, &received, wrong).hide(token))
    })
}

/// The failure of a login that was refused. `wrong` says it where the credentials are to blame.
fn refused<P: Platform>(platform: &P, auth: &Auth, received: &Received, wrong: Option<String>) -> Failure {
    let failure = refusal(received, refusal::Context::new(&auth.address, platform.wall_clock()));
    let Some(message) = wrong else {
        return failure.about("The login failed.");
    };
    let mut problem = failure.problem().clone();
    problem.reason = Reason::Unauthenticated;
    problem.message = message;
    problem.permanent()
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
