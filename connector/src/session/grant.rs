//! The response to a login.

use crate::auth::Auth;
use crate::failure::{Problem, Reason, Result};
use crate::retry::Received;
use crate::secret::Secret;
use serde::Deserialize;
use std::time::Duration;

/// A token from Looker.
pub(super) struct Grant {
    pub(super) token: Secret,
    /// How long it lasts; `None` where that is unknown.
    pub(super) expires_in: Option<Duration>,
    /// A refresh token to use from now on.
    pub(super) refresh_token: Option<Secret>,
}

/// Reads the token from a login's response; `None` if that is an error response.
pub(super) fn grant(received: &Received<Vec<u8>>, auth: &Auth) -> Option<Result<Grant>> {
    #[derive(Deserialize)]
    struct AccessToken {
        access_token: String,
        expires_in: Option<u64>,
        refresh_token: Option<String>,
    }
    /// Looker's default, in seconds.
    const DEFAULT_LIFETIME: u64 = 3600;

    if !received.is_success() {
        return None;
    }
    let parsed = serde_json::from_slice(&received.body).ok().map(|token: AccessToken| Grant {
        token: Secret::new(token.access_token),
        // Centuries would overflow the clock.
        expires_in: Some(Duration::from_secs(token.expires_in.unwrap_or(DEFAULT_LIFETIME).min(u64::from(u32::MAX)))),
        refresh_token: token.refresh_token.map(Secret::new).filter(is_token),
    });
    Some(parsed.filter(|grant| is_token(&grant.token)).ok_or_else(|| {
        let mut problem = Problem::new(
            Reason::UnexpectedResponse,
            format!(
                "The response of {} to the login has no token in it. Check that this is the address of Looker's API: a Looker \
                 that your company hosts often uses port 19999.",
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
