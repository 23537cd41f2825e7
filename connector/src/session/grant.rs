//! What Looker answers to somebody who signs in.

use crate::auth::Auth;
use crate::exchange::Received;
use crate::failure::{Problem, Reason, Result};
use crate::secret::Secret;
use serde::Deserialize;
use std::time::Duration;

/// A token that Looker gave.
pub(super) struct Grant {
    pub(super) token: Secret,
    /// How long it lasts, where that is known.
    pub(super) expires_in: Option<Duration>,
    /// A refresh token to use from now on.
    pub(super) refresh_token: Option<Secret>,
}

/// The token in a login's answer; `None` where the answer is a refusal.
pub(super) fn grant(received: &Received, auth: &Auth) -> Option<Result<Grant>> {
    #[derive(Deserialize)]
    struct AccessToken {
        access_token: String,
        expires_in: Option<u64>,
        refresh_token: Option<String>,
    }
    /// What Looker gives where it does not say otherwise.
    const LIFE: u64 = 3600;

    if !received.is_success() {
        return None;
    }
    let parsed = serde_json::from_slice(&received.bytes).ok().map(|token: AccessToken| Grant {
        token: Secret::new(token.access_token),
        // A life of centuries would overflow the clock.
        expires_in: Some(Duration::from_secs(token.expires_in.unwrap_or(LIFE).min(u64::from(u32::MAX)))),
        refresh_token: token.refresh_token.map(Secret::new).filter(is_token),
    });
    Some(parsed.filter(|grant| is_token(&grant.token)).ok_or_else(|| {
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

fn is_token(secret: &Secret) -> bool {
    let text = secret.reveal();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
