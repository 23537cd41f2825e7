//! Signs in as the auth says.
//!
//! | field of the auth | is |
//! | --- | --- |
//! | `login` | a URL: whoever is refused there (any status but 200) has not signed in. What it answers is the session's token. Without it, signing in sends nothing |
//! | `logout` | a URL, in the session too: whoever is refused there has not signed out |
//! | `refresh`, `renew` | with both, signing in renews the auth: to the first the second is appended |
//! | `renew_also` | another field that is changed then, as it must not be |
//! | `size` | how many bytes the token has |

use crate::exports::workflow::connector::sessions::{Guest as Sessions, Session};
use crate::fetch::{text_of, value};
use crate::workflow::connector::types::{Failure, Reason};
use crate::{Guest, problem};

impl Sessions for Guest {
    fn sign_in(auth: String) -> Result<Session, Failure> {
        let token = match value(&auth, "login") {
            Some(url) => answer(url)?,
            None => "x".repeat(value(&auth, "size").and_then(|size| size.parse().ok()).unwrap_or(1)),
        };
        let kept: Vec<String> = ["host", "logout"]
            .into_iter()
            .filter_map(|name| Some(format!(r#""{name}":"{}","#, value(&auth, name)?)))
            .collect();
        Ok(Session {
            auth: format!(r#"{{{}"token":"{token}"}}"#, kept.concat()),
            lasts_ms: None,
            renewed_auth: renewed(&auth),
        })
    }

    fn sign_out(auth: String) -> Result<(), Failure> {
        value(&auth, "logout").map_or(Ok(()), |url| answer(url).map(drop))
    }
}

fn renewed(auth: &str) -> Option<String> {
    let (token, more) = (value(auth, "refresh")?, value(auth, "renew")?);
    let renewed = auth.replace(&format!(r#""refresh":"{token}""#), &format!(r#""refresh":"{token}{more}""#));
    Some(match value(auth, "renew_also") {
        Some(field) => renewed.replace(&format!(r#""{field}":""#), &format!(r#""{field}":"changed "#)),
        None => renewed,
    })
}

fn answer(url: &str) -> Result<String, Failure> {
    match text_of(url)? {
        (200, text) => Ok(text),
        (status, _) => Err(Failure::Permanent(problem(Reason::Unauthenticated, format!("status {status}")))),
    }
}
