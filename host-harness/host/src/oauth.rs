//! The token request of OAuth 2.0, for platforms that send their users through the flow of a connector's `x-oauth`.

use crate::failure::{ExecutionFailure, Failure, Problem, Reason};
use crate::instance::state::CallSetup;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::Value;

/// The largest response. Tokens have some kilobytes at most.
const RESPONSE_BYTES: usize = 64 * 1024;

/// The longest text of the server that a message quotes, in characters.
const QUOTED: usize = 300;

/// Sends a form to a token URL, and returns the JSON object of the response.
///
/// # Errors
///
/// As [`Connector::request_token`](crate::Connector::request_token).
pub(crate) async fn request_token(call: &CallSetup, url: &str, form: String) -> Result<String, Failure> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(form)).map_err(|never| match never {}).boxed_unsync());
    let Ok(request) = request else {
        let message = format!("the token URL of the connector's x-oauth is not a URL: {url}");
        return Err(ExecutionFailure::Interface(message).into());
    };
    let meter = call.context.meter();
    let exchange = async {
        let response =
            call.client.send(request, None, &call.context).await.map_err(|error| unreachable(&error.to_string()))?;
        let status = response.status().as_u16();
        match Limited::new(response.into_body(), RESPONSE_BYTES).collect().await {
            Ok(body) => Ok((status, body.to_bytes())),
            Err(error) => Err(unreachable(&error.to_string())),
        }
    };
    let outcome = match meter.run(exchange).await {
        Ok(outcome) => outcome,
        Err(limit) => Err(ExecutionFailure::Limit { limit, request_sent: meter.close() }.into()),
    };
    outcome.and_then(|(status, body)| read(status, &body)).map_err(|failure| {
        let failure = failure.without(&call.context.secrets().redactor());
        failure.with_causes(call.context.causes())
    })
}

/// The body of a successful response. An error of RFC 6749 says why there is none.
fn read(status: u16, body: &[u8]) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(body).into_owned();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    if status == 200 && value.is_object() {
        return Ok(text);
    }
    let said = value["error_description"].as_str().or(value["error"].as_str());
    let (reason, message) = match said {
        Some(said) if (400..500).contains(&status) => {
            let said: String = said.chars().take(QUOTED).collect();
            (Reason::Unauthenticated, format!("the authorization server refused the code: {said}"))
        }
        _ if status >= 500 => (Reason::RemoteError, format!("the authorization server failed (HTTP {status})")),
        _ => {
            let message = format!(
                "the response of the token URL (HTTP {status}) is none of an authorization server; check the address in the auth"
            );
            (Reason::UnexpectedResponse, message)
        }
    };
    let mut problem = Problem::new(reason, message);
    problem.status = Some(status);
    problem.request_sent = true;
    Err(Failure::permanent(problem))
}

/// A code works once, and may have been used: this is never temporary.
fn unreachable(error: &str) -> Failure {
    let message = format!("the token URL could not be reached: {error}; begin to sign in anew");
    let mut problem = Problem::new(Reason::Unreachable, message);
    problem.request_sent = true;
    Failure::permanent(problem)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_tokens_or_say_why_there_are_none() {
        assert_eq!(read(200, br#"{"refresh_token":"hush"}"#).unwrap(), r#"{"refresh_token":"hush"}"#);
        for (status, body, reason, part) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"The code was used."}"#,
                Reason::Unauthenticated,
                "The code was used.",
            ),
            (401, r#"{"error":"invalid_client"}"#, Reason::Unauthenticated, "invalid_client"),
            (503, "busy", Reason::RemoteError, "503"),
            (200, "<html>", Reason::UnexpectedResponse, "check the address"),
            (200, "[]", Reason::UnexpectedResponse, "check the address"),
            (302, "", Reason::UnexpectedResponse, "302"),
        ] {
            let failure = read(status, body.as_bytes()).unwrap_err();
            let problem = failure.problem();
            assert_eq!((problem.reason, problem.status), (reason, Some(status)), "{body}");
            assert!(problem.message.contains(part) && !failure.is_retryable(), "{}", problem.message);
        }
    }
}
