//! The response to a login.

use crate::auth::Auth;
use crate::context;
use crate::error_response::page_line;
use crate::failure::{Failure, Problem, Reason, Result};
use crate::retry::Received;
use crate::web_page::is_page;
use redact::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
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
    struct AccessToken<'a> {
        access_token: String,
        #[serde(borrow)]
        expires_in: Option<&'a RawValue>,
        refresh_token: Option<String>,
    }

    if !received.is_success() {
        return None;
    }
    let parsed = serde_json::from_slice(&received.body).ok().map(|token: AccessToken| Grant {
        token: Secret::new(token.access_token),
        expires_in: token.expires_in.map_or(Some(DEFAULT_LIFETIME), lifetime),
        refresh_token: token.refresh_token.map(Secret::new).filter(is_token),
    });
    Some(parsed.filter(|grant| is_token(&grant.token)).ok_or_else(|| no_token(received, auth)))
}

/// How long Looker's tokens last where it does not say so.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// A lifetime in seconds: a whole number, a fraction, or either as a text; `None` where it is not one.
fn lifetime(value: &RawValue) -> Option<Duration> {
    /// Centuries would overflow the clock.
    const LONGEST: f64 = u32::MAX as f64;
    let text = value.get().trim_matches('"').trim();
    let seconds: f64 = text.parse().ok()?;
    (seconds > 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST)))
}

fn no_token(received: &Received<Vec<u8>>, auth: &Auth) -> Failure {
    let secrets = context::secrets(auth, None);
    let text = String::from_utf8_lossy(&received.body);
    let what = if let Some(encoding) = received.headers.content_encoding() {
        format!("is encoded as {encoding}, although the connector asked for no encoding")
    } else if is_page(&text) {
        let title = page_line(&text, &secrets).map(|title| format!(" (\u{201c}{title}\u{201d})"));
        format!("is a web page, not Looker's API{}", title.unwrap_or_default())
    } else {
        "has no token in it".to_owned()
    };
    let mut problem = Problem::new(
        Reason::UnexpectedResponse,
        format!(
            "The response of {} to the login {what}. Check that this is the address of Looker's API: a Looker that your \
             company hosts often uses port 19999.",
            auth.address.authority(),
        ),
    );
    problem.status = Some(received.status);
    problem.permanent()
}

fn is_token(secret: &Secret) -> bool {
    let text = secret.reveal();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Headers;

    fn read(body: &str) -> Result<Grant> {
        let auth = r#"{"domain": "looker.example.com", "client_id": "i", "client_secret": "the-secret"}"#;
        let received =
            Received { status: 200, headers: Headers::default(), retry_after: None, body: body.as_bytes().to_vec() };
        grant(&received, &Auth::parse(auth, |_| None).unwrap()).unwrap()
    }

    #[test]
    fn a_lifetime_can_be_a_number_or_a_text() {
        for (expires_in, expected) in [
            (r#","expires_in":3600"#, Some(3600.0)),
            (r#","expires_in":"1800""#, Some(1800.0)),
            (r#","expires_in":899.5"#, Some(899.5)),
            (r#","expires_in":" 60.25 ""#, Some(60.25)),
            (r#","expires_in":1e300"#, Some(4_294_967_295.0)),
            (r#","expires_in":null"#, Some(3600.0)),
            ("", Some(3600.0)),
            (r#","expires_in":0"#, None),
            (r#","expires_in":-5"#, None),
            (r#","expires_in":"soon""#, None),
            (r#","expires_in":"NaN""#, None),
            (r#","expires_in":{}"#, None),
        ] {
            let grant =
                read(&format!(r#"{{"access_token":"abc"{expires_in}}}"#)).unwrap_or_else(|_| panic!("{expires_in}"));
            assert_eq!(grant.expires_in.map(|time| time.as_secs_f64()), expected, "{expires_in}");
        }
    }

    #[test]
    fn a_response_without_a_token_says_what_it_is() {
        for (body, expected) in [
            ("{}", "has no token in it"),
            (r#"{"access_token":"a b"}"#, "has no token in it"),
            ("<html><title>Sign in the-secret</title></html>", "a web page, not Looker's API (“Sign in …”)"),
        ] {
            let failure = read(body).err().unwrap();
            assert_eq!(failure.problem().reason, Reason::UnexpectedResponse);
            assert!(failure.problem().message.contains(expected), "{failure:?}");
        }
    }
}
