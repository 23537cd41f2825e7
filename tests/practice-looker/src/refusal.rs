//! The answers that say no, in Looker's words.

use serde_json::json;

use crate::answer::Answer;

/// Why a call is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// 400: it cannot be understood.
    BadRequest(String),
    /// 401: no token, or one that is not, or no longer, good.
    Unauthenticated,
    /// 403: known, but not allowed.
    Forbidden(String),
    /// 404: there is no such thing, route, or (at login) credential.
    NotFound,
    /// 405: the thing is there, but not to be changed this way.
    NotAllowed(String),
    /// 409: it is there already.
    Conflict(String),
    /// 422: understood, and wrong.
    Invalid(Vec<Detail>),
}

/// One field that is wrong.
#[derive(Debug)]
pub(crate) struct Detail {
    pub(crate) field: String,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Detail {
    pub(crate) fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// A field is wrong: [`Refusal::Invalid`] with one detail.
pub(crate) fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::Invalid(vec![Detail::new(field, code, message)])
}

/// Where Looker explains itself. Not the page of the very error, as Looker has it (`…/r/err/4.0/404/get/…`): its
/// Python SDK fetches such a page from the internet before it raises the error.
pub(crate) const DOCUMENTATION_URL: &str = "https://cloud.google.com/looker/docs/";

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::NotAllowed(_) => 405,
            Self::Conflict(_) => 409,
            Self::Invalid(_) => 422,
        }
    }

    pub(crate) fn into_answer(self) -> Answer {
        let status = self.status();
        let url = DOCUMENTATION_URL;
        let body = match self {
            Self::BadRequest(message)
            | Self::Forbidden(message)
            | Self::NotAllowed(message)
            | Self::Conflict(message) => {
                json!({ "message": message, "documentation_url": url })
            }
            Self::Unauthenticated => json!({ "message": "Requires authentication.", "documentation_url": url }),
            Self::NotFound => json!({ "message": "Not found", "documentation_url": url }),
            Self::Invalid(details) => {
                let errors: Vec<_> = details
                    .into_iter()
                    .map(|detail| {
                        json!({ "field": detail.field, "code": detail.code, "message": detail.message,
                                "documentation_url": url })
                    })
                    .collect();
                json!({ "message": "Validation Failed", "errors": errors, "documentation_url": url })
            }
        };
        Answer::json(status, &body)
    }
}
