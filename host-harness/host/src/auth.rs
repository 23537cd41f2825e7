//! How to sign in: a secret.

use secrecy::{ExposeSecret, SecretBox};
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, OnceLock};

/// What a user filled in to sign in: one JSON object, as the connector's `auth-schema` describes it.
///
/// It is a secret: [`Debug`](fmt::Debug) does not show it, and the memory that holds it is wiped when the last clone is
/// dropped. Clones are cheap. Keep an `Auth` for as long as you need it: the digest by which a
/// [`Connector`](crate::Connector) finds its session again is computed once for it and its clones.
///
/// ```
/// use connector_host::Auth;
///
/// let auth = Auth::from_json(r#"{"token": "hush"}"#)?;
/// assert_eq!(format!("{auth:?}"), "Auth([REDACTED])");
/// assert!(Auth::from_json("[]").is_err());
/// # Ok::<_, connector_host::AuthError>(())
/// ```
#[derive(Clone)]
pub struct Auth {
    shared: Arc<Shared>,
}

struct Shared {
    json: SecretBox<String>,
    digest: OnceLock<AuthDigest>,
}

/// Identifies an auth within this process, without telling what is in it.
pub(crate) type AuthDigest = [u8; 32];

/// Why a text is not an auth. It never shows the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the auth must be a JSON object: {problem}")]
pub struct AuthError {
    problem: String,
}

impl Auth {
    /// An auth from JSON text. Text in which the same key comes twice is handed on as it is.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON, or is JSON but not an object.
    pub fn from_json(json: impl Into<String>) -> Result<Self, AuthError> {
        let json = SecretBox::new(Box::new(json.into()));
        let text = json.expose_secret();
        // serde_json names the place and the rule, never what stands there.
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| AuthError { problem: error.to_string() })?;
        if !text.trim_start().starts_with('{') {
            return Err(AuthError { problem: "this is another kind of JSON value".to_owned() });
        }
        Ok(Self { shared: Arc::new(Shared { json, digest: OnceLock::new() }) })
    }

    /// The JSON text. Keep it out of logs and messages.
    pub fn expose_json(&self) -> &str {
        self.shared.json.expose_secret()
    }

    /// The JSON text, as the bindings take it.
    pub(crate) fn json(&self) -> &String {
        self.shared.json.expose_secret()
    }

    /// The same for the same text, within this process.
    pub(crate) fn digest(&self) -> AuthDigest {
        *self.shared.digest.get_or_init(|| {
            // Makes the digests of one process useless in any other.
            static SALT: LazyLock<[u64; 4]> =
                LazyLock::new(|| std::array::from_fn(|index| RandomState::new().hash_one(index)));
            let mut digest = Sha256::new();
            for number in *SALT {
                digest.update(number.to_le_bytes());
            }
            digest.update(self.expose_json());
            digest.finalize().into()
        })
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Auth([REDACTED])")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_json_objects_are_auths_and_errors_do_not_show_them() {
        assert_eq!(Auth::from_json(" {\"a\": 1}\n").unwrap().expose_json(), " {\"a\": 1}\n");
        for text in ["", "hush", "\"hush\"", "[\"hush\"]", "{\"hush\":", "{\"hush\": 1} {}", "{\"a\" \"hush\"}"] {
            let message = Auth::from_json(text).unwrap_err().to_string();
            assert!(message.contains("must be a JSON object") && !message.contains("hush"), "{text}: {message}");
        }
    }

    #[test]
    fn a_digest_tells_auths_apart_and_clones_have_the_same() {
        let auth = |text: &str| Auth::from_json(text).unwrap();
        let one = auth(r#"{"a":1}"#);
        assert_eq!(one.digest(), one.clone().digest());
        assert_eq!(one.digest(), auth(r#"{"a":1}"#).digest());
        assert_ne!(one.digest(), auth(r#"{"a":2}"#).digest());
    }
}
