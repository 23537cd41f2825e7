//! The parts of requests: bodies, which are JSON of a limited size within a limited time, and what is in the URL. What is wrong
//! with them is told as JSON too.

use super::error::ApiError;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The longest body. A workflow of a thousand steps has some hundred kilobytes.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The body of a request, which has to be JSON and to say so.
///
/// A page of another origin can send a form or plain text without asking the browser for permission, but not
/// `application/json`.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let message = "the body has to be JSON: send the header `content-type: application/json`";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let body = Limited::new(request.into_body(), MAX_BYTES).collect();
        let body = match tokio::time::timeout(TIMEOUT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let message = format!("the body has more than {} MiB, which is the limit", MAX_BYTES >> 20);
                return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
            }
            Ok(Err(_)) => return Err(ApiError::bad_request("the body could not be read: the connection broke")),
            Err(_) => {
                let message = format!("the body did not arrive within {} s", TIMEOUT.as_secs());
                return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, message));
            }
        };
        serde_json::from_slice(&body).map(Self).map_err(|error| ApiError::bad_request(problem(&error)))
    }
}

/// A part of the URL's path.
pub(super) struct UrlPath(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for UrlPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(part)| Self(part)).map_err(|_| ApiError::bad_request("the path of the URL is not UTF-8"))
    }
}

/// The URL's query.
pub(super) struct UrlQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for UrlQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = Query::try_from_uri(&parts.uri);
        let message = "a parameter of the URL has a wrong type; docs/serve.md lists the parameters";
        query.map(|Query(query)| Self(query)).map_err(|_| ApiError::bad_request(message))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// What is wrong with a body, without quoting it: a value may be a secret.
fn problem(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    if !error.is_data() {
        return format!("the body is not valid JSON ({place})");
    }
    let message = error.to_string();
    // "missing field `text`" names what this program expects; "invalid type: string \"…\"" quotes what was sent.
    match message.split(" at line ").next().filter(|message| message.starts_with("missing field")) {
        Some(missing) => format!("the body has a {missing}"),
        None => format!("the body has a value of a wrong type, or an unknown field ({place})"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "number")]
        _number: u64,
    }

    #[test]
    fn problems_never_quote_the_body() {
        for (body, expected) in [
            (r#"{"number": "hush"}"#, "wrong type"),
            (r#"{"number": 1, "hush": 2}"#, "unknown field"),
            (r#"{"hush": 2}"#, "unknown field"),
            (r#"{}"#, "missing field `number`"),
            (r#"{"number": hush"#, "not valid JSON (line 1, column"),
            (r#""hush""#, "wrong type"),
        ] {
            let problem = problem(&serde_json::from_str::<Sample>(body).unwrap_err());
            assert!(problem.contains(expected) && !problem.contains("hush"), "{body}: {problem}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let is_json = |media_type: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
            is_json(&headers)
        };
        assert!(is_json("application/json") && is_json("Application/JSON; charset=utf-8"));
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain;application/json",
            "application/jsonp",
            "",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
