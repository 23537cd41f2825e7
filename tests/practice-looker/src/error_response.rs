//! Error responses, worded as Looker words them.

use serde_json::json;

use crate::response::Response;

/// Why a call fails.
#[derive(Debug)]
pub(crate) enum ErrorResponse {
    /// 400: the request cannot be parsed.
    BadRequest(String),
    /// 401: the token is missing, unknown or expired.
    Unauthenticated,
    /// 403: the user is known but not allowed to do this.
    Forbidden(String),
    /// 404: no such object, route or (at login) credential.
    NotFound,
    /// 405: the object exists but cannot be changed this way.
    NotAllowed(String),
    /// 409: the object exists already.
    Conflict(String),
    /// 422: the request is valid JSON with invalid values.
    Invalid(Vec<Detail>),
}

/// One invalid field.
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

/// [`ErrorResponse::Invalid`] for one field.
pub(crate) fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> ErrorResponse {
    ErrorResponse::Invalid(vec![Detail::new(field, code, message)])
}

/// The documentation URL of every error. Looker sends a URL for each kind of error (`…/r/err/4.0/404/get/…`), and its
/// Python SDK fetches that page from the internet before it raises the error. This URL keeps the SDK off the network.
pub(crate) const DOCUMENTATION_URL: &str = "https://cloud.google.com/looker/docs/";

impl ErrorResponse {
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

    pub(crate) fn into_response(self) -> Response {
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
        Response::json(status, &body)
    }
}
