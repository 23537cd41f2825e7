//! Who may use the server: whoever opened the printed address, which has a token in it.
//!
//! The token works once. It is exchanged for a session in a cookie, so that it is worthless in a browser's history.

use super::random;
use http::{HeaderMap, header};
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// The token of the printed address and the session that it is exchanged for.
pub(super) struct Gate {
    /// [`None`] once it has been used.
    token: Mutex<Option<String>>,
    session: String,
    cookie: String,
}

impl Gate {
    /// Makes a token and a session for the server on this port. Cookies are sent to every port of a host, so the name of the
    /// cookie holds the port: servers on two ports do not replace each other's.
    ///
    /// # Errors
    ///
    /// Returns an error if the system gives no random numbers.
    pub(super) fn new(port: u16) -> Result<Self, getrandom::Error> {
        Ok(Self {
            token: Mutex::new(Some(random::secret()?)),
            session: random::secret()?,
            cookie: format!("host-harness-{port}"),
        })
    }

    /// The token, until it is used.
    pub(super) fn token(&self) -> Option<String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Exchanges the token for the cookie of the session, as `Set-Cookie` has it. [`None`] if it is not the token, or was
    /// used before.
    pub(super) fn exchange(&self, token: &str) -> Option<String> {
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take_if(|kept| is_same(kept, token))?;
        Some(format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie, self.session))
    }

    /// Whether a request has the cookie of the session.
    pub(super) fn is_open_to(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, value)| name == self.cookie && is_same(&self.session, value))
    }
}

/// Compares without telling by its duration where two texts differ.
fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_works_once_and_its_cookie_opens_the_gate() {
        let gate = Gate::new(4820).unwrap();
        let token = gate.token().unwrap();
        assert_eq!(gate.exchange(&token[1..]), None);
        assert_eq!(gate.exchange(""), None);
        let cookie = gate.exchange(&token).unwrap();
        assert_eq!(gate.exchange(&token), None, "it was used");
        assert!(cookie.starts_with("host-harness-4820=") && cookie.contains("; HttpOnly; SameSite=Strict; Path=/"));
        let pair = cookie.split(';').next().unwrap();
        let is_open = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            gate.is_open_to(&headers)
        };
        assert!(is_open(pair) && is_open(&format!("other=1; {pair}; more=2")));
        assert!(!is_open(&pair[..pair.len() - 1]) && !is_open(&pair.replace("4820", "4821")) && !is_open(&token));
        assert!(!gate.is_open_to(&HeaderMap::new()));
    }
}
