//! Tokens: obtained by a login, kept in the instance, renewed before they expire.
//!
//! A token is looked up by the whole auth that it was obtained for, so that the token of one tenant, user or workspace
//! never serves another. Losing the tokens costs only another login, unless Looker has replaced a refresh token in the
//! meantime: the new one must be kept ([`SignedIn::refresh_token`]).

mod grant;

use crate::auth::{Auth, CLIENT_SECRET, Credentials};
use crate::catalog::Method;
use crate::context::{self, Context};
use crate::error_response;
use crate::failure::{Failure, Result};
use crate::request::{Content, Parts, percent_encode};
use crate::retry::{self, Received, RetryPolicy, WaitBudget};
use crate::transport::{Platform, Request};
use grant::{Grant, grant};
use redact::Secret;
use std::time::Duration;

/// How many tokens are kept. A platform that serves more tenants from one instance logs in again for those that it
/// served longest ago.
const MAX_KEPT: usize = 256;
/// How long before its expiry a token is renewed, so that it does not expire on its way.
const MARGIN: Duration = Duration::from_secs(60);
/// The path that turns refresh tokens into tokens. It is not below a version of the API.
const TOKEN_PATH: &str = "/api/token";

/// The tokens of this instance.
#[derive(Debug, Default)]
pub struct Sessions {
    kept: Vec<Session>,
    /// The refresh tokens by which Looker replaced those in an auth, by the auth of the one who signs in.
    renewed: Vec<(Auth, Secret)>,
}

#[derive(Debug)]
struct Session {
    auth: Auth,
    token: Secret,
    /// [`None`]: the lifetime is unknown; expiry shows as a 401.
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

/// The result of signing in.
#[derive(Debug)]
pub struct SignedIn {
    /// The token.
    pub token: Secret,
    /// How long it should be used from now on; `None` where that is unknown.
    pub lifetime: Option<Duration>,
    /// The refresh token that replaces the one in the auth, which Looker may not accept again.
    pub refresh_token: Option<Secret>,
}

impl Sessions {
    /// Returns the token for calls with `auth`: its own, where it has one that is used as it is, a kept one, or a new one
    /// from Looker.
    ///
    /// # Errors
    ///
    /// The failure of a login, marked as one before the call itself was sent.
    pub fn token<P: Platform>(&mut self, platform: &mut P, budget: &mut WaitBudget, auth: &Auth) -> Result<Token> {
        if let Some(token) = auth.token() {
            return Ok(Token { secret: token.clone(), kept: false });
        }
        let is_valid =
            |session: &&Session| session.auth == *auth && session.renew_at.is_none_or(|time| platform.now() < time);
        match self.kept.iter().find(is_valid) {
            Some(session) => Ok(Token { secret: session.token.clone(), kept: true }),
            None => Ok(Token { secret: self.sign_in(platform, budget, auth)?.token, kept: false }),
        }
    }

    /// Gets a new token from Looker, even if one is kept, and keeps it.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub fn sign_in<P: Platform>(&mut self, platform: &mut P, budget: &mut WaitBudget, auth: &Auth) -> Result<SignedIn> {
        let grant = self.grant(platform, budget, auth).map_err(Failure::before_the_request)?;
        let lifetime = grant.expires_in.map(|time| time - MARGIN.min(time / 10));
        let renew_at = lifetime.map(|time| platform.now().saturating_add(time));
        self.forget(auth);
        keep(&mut self.kept, Session { auth: auth.clone(), token: grant.token.clone(), renew_at });
        Ok(SignedIn { token: grant.token, lifetime, refresh_token: self.renewed(auth).cloned() })
    }

    /// Revokes the tokens that are kept for `auth`, and the token in it.
    ///
    /// # Errors
    ///
    /// The first failure, after every token was tried. A token that could not be revoked stays, so that signing out again
    /// tries it again.
    pub fn sign_out<P: Platform>(&mut self, platform: &mut P, budget: &mut WaitBudget, auth: &Auth) -> Result<()> {
        let own = auth.of_the_one_who_signs_in();
        let of_auth = |session: &&Session| session.auth == *auth || session.auth == own;
        let mut tokens: Vec<Secret> = self.kept.iter().filter(of_auth).map(|session| session.token.clone()).collect();
        if let Credentials::Token(given) = &auth.credentials
            && !tokens.contains(given)
        {
            tokens.push(given.clone());
        }
        let mut outcome = Ok(());
        for token in tokens {
            match revoke(platform, budget, auth, &token) {
                Ok(()) => self.kept.retain(|session| session.token != token),
                failed => outcome = outcome.and(failed),
            }
        }
        outcome
    }

    /// Drops the token for `auth`, because Looker no longer accepts it.
    pub fn forget(&mut self, auth: &Auth) {
        self.kept.retain(|session| session.auth != *auth);
    }

    /// The refresh token by which Looker replaced the one in `auth`.
    fn renewed(&self, auth: &Auth) -> Option<&Secret> {
        let own = auth.of_the_one_who_signs_in();
        self.renewed.iter().find(|(owner, _)| *owner == own).map(|(_, token)| token)
    }

    fn grant<P: Platform>(&mut self, platform: &mut P, budget: &mut WaitBudget, auth: &Auth) -> Result<Grant> {
        let grant = match (&auth.run_as_user_id, &auth.credentials) {
            (Some(user_id), _) => self.run_as(platform, budget, auth, user_id)?,
            (None, Credentials::Client { id, secret, from_environment }) => {
                log_in(platform, budget, auth, id, secret, *from_environment)?
            }
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
            let parts = Parts::own(Method::Patch, "/session", Some(body));
            let received = send(platform, budget, auth, &parts, Some(&grant.token))?;
            if !received.is_success() {
                return Err(failure(&received, auth, Some(&grant.token))
                    .about(&format!("Choosing the {} workspace failed.", workspace.as_str())));
            }
        }
        Ok(grant)
    }

    /// Gets a token of another user, with the token of the one who signs in.
    fn run_as<P: Platform>(
        &mut self,
        platform: &mut P,
        budget: &mut WaitBudget,
        auth: &Auth,
        user_id: &str,
    ) -> Result<Grant> {
        let own = auth.of_the_one_who_signs_in();
        let parts = Parts::own(Method::Post, &format!("/login/{}", percent_encode(user_id)), None);
        let mut token = self.token(platform, budget, &own)?;
        let mut received = send(platform, budget, auth, &parts, Some(&token.secret))?;
        if received.status == 401 {
            self.forget(&own);
            if token.kept && own.can_log_in() {
                token = self.token(platform, budget, &own)?;
                received = send(platform, budget, auth, &parts, Some(&token.secret))?;
            }
        }
        grant(&received, auth).unwrap_or_else(|| {
            Err(failure(&received, auth, Some(&token.secret))
                .about(&format!("Looker does not let this API key run as user {user_id}.")))
        })
    }
}

/// Adds an item, in place of the oldest where there are too many.
fn keep<T>(kept: &mut Vec<T>, item: T) {
    if kept.len() >= MAX_KEPT {
        kept.remove(0);
    }
    kept.push(item);
}

/// Gets a token with client ID and client secret.
fn log_in<P: Platform>(
    platform: &mut P,
    budget: &mut WaitBudget,
    auth: &Auth,
    id: &str,
    secret: &Secret,
    from_environment: bool,
) -> Result<Grant> {
    let mut form = Content::form([("client_id", id), ("client_secret", secret.reveal())]);
    form.has_placeholder = from_environment;
    let parts = Parts::own(Method::Post, "/login", Some(form));
    let received = send(platform, budget, auth, &parts, None)?;
    grant(&received, auth).unwrap_or_else(|| {
        // Looker answers a login with wrong credentials with 404.
        let is_wrong = matches!(received.status, 401 | 404);
        let advice = "Check the client ID and the client secret, and that this is the right Looker: an administrator finds and \
                      makes API keys under Admin, Users, Edit, API Keys.";
        let what = if from_environment {
            format!("the client ID and client secret (the secret is the one in {CLIENT_SECRET})")
        } else {
            "the client ID and client secret".to_owned()
        };
        Err(login_failure(auth, &received, None, is_wrong.then_some((&what, advice))))
    })
}

/// Gets a token with a refresh token, which a user granted to an OAuth application (RFC 6749, section 6).
fn refresh<P: Platform>(
    platform: &mut P,
    budget: &mut WaitBudget,
    auth: &Auth,
    id: &str,
    token: &Secret,
) -> Result<Grant> {
    let form = Content::form([("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", token.reveal())]);
    let parts = Parts { method: Method::Post, target: TOKEN_PATH.to_owned(), body: Some(form) };
    // If the first response is lost, a second request is all that may still help.
    let received = send(platform, budget, auth, &parts, None)?;
    grant(&received, auth).unwrap_or_else(|| {
        let is_wrong = matches!(received.status, 400 | 401 | 404);
        let advice = "It may have expired, been used before, or belong to another application than client_id: have the user \
                      sign in again.";
        Err(login_failure(auth, &received, Some(token), is_wrong.then_some(("the refresh token", advice))))
    })
}

/// Revokes a token.
fn revoke<P: Platform>(platform: &mut P, budget: &mut WaitBudget, auth: &Auth, token: &Secret) -> Result<()> {
    let parts = Parts::own(Method::Delete, "/logout", None);
    let about = |failure: Failure| failure.about("Signing out failed.");
    let received = send(platform, budget, auth, &parts, Some(token)).map_err(about)?;
    // A token that Looker no longer knows is revoked already.
    if received.is_success() || received.status == 401 {
        return Ok(());
    }
    Err(about(failure(&received, auth, Some(token))))
}

/// The failure of a login. `wrong` is what Looker does not accept, and advice, where that is what its status means.
fn login_failure(
    auth: &Auth,
    received: &Received<Vec<u8>>,
    token: Option<&Secret>,
    wrong: Option<(&str, &str)>,
) -> Failure {
    let secrets = context::secrets(auth, token);
    error_response::login_failure(received, &Context::login(&auth.address, &secrets), wrong).hide(&secrets)
}

/// The failure of another request that belongs to a login.
fn failure(received: &Received<Vec<u8>>, auth: &Auth, token: Option<&Secret>) -> Failure {
    let secrets = context::secrets(auth, token);
    error_response::failure(received, &Context::login(&auth.address, &secrets)).hide(&secrets)
}

/// Sends a request that belongs to a login. Repeating one only gives another token.
fn send<P: Platform>(
    platform: &mut P,
    budget: &mut WaitBudget,
    auth: &Auth,
    parts: &Parts,
    token: Option<&Secret>,
) -> Result<Received<Vec<u8>>> {
    let policy = RetryPolicy { idempotent: true, poll: false };
    retry::send(platform, budget, policy, Request { parts, address: &auth.address, token })
}
