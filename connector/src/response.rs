//! Turns a success into an output. JSON is passed on as Looker sent it.

mod failed_query;
mod link;
mod media_type;

pub use failed_query::may_report_failure;
pub use media_type::MediaType;
pub(crate) use media_type::expand;

use crate::auth::Address;
use crate::catalog::{Effect, Operation};
use crate::failure::{Failure, Problem, Reason, Result};
use crate::input::Input;
use crate::retry::Received;
use crate::transport::Headers;
use serde::de::IgnoredAny;

/// The result of a call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The content.
    pub body: OutputBody,
    /// The complete input for the next page, where there may be one.
    pub next: Option<String>,
}

/// The content of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputBody {
    /// A JSON document.
    Json(String),
    /// Text: CSV, SQL, Markdown, HTML and the like.
    Text(String),
    /// Anything else.
    File(File),
    /// No content.
    Nothing,
}

/// A file: an output that is neither JSON nor text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What kind of file it is: `image/png`.
    pub media_type: String,
    /// The name that Looker gave it.
    pub name: Option<String>,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Turns a success into an output.
pub fn output(operation: &Operation, input: &Input, received: Received<Vec<u8>>, address: &Address) -> Result<Output> {
    check_head(operation, &received, address)?;
    let media_type = MediaType::of(&received.headers);
    let next = link::next_input(operation, input, &received.headers);
    let body = if media_type.is_json() || (media_type.is_unknown() && gives_json(operation)) {
        json_or_nothing(operation, received, address)?
    } else if received.status == 204 || (received.body.is_empty() && !media_type.is_text()) {
        OutputBody::Nothing
    } else if media_type.is_text() {
        match String::from_utf8(received.body) {
            Ok(text) => OutputBody::Text(text),
            // Not valid UTF-8, so the raw bytes are returned.
            Err(error) => file(&received.headers, &media_type, error.into_bytes()),
        }
    } else {
        file(&received.headers, &media_type, received.body)
    };
    Ok(Output { body, next })
}

/// Checks a success before its body is read.
pub fn check_head<B>(operation: &Operation, received: &Received<B>, address: &Address) -> Result<()> {
    if received.status == 202 && operation.effect == Effect::Read {
        let mut problem = Problem::new(Reason::Timeout, "Looker is still working on the result. Call again later.");
        problem.status = Some(received.status);
        problem.request_sent = true;
        problem.retry_after = received.retry_after;
        return Err(problem.retryable());
    }
    // A sign-in page, or a proxy's page, has a success status whatever was requested.
    let media_type = MediaType::of(&received.headers);
    if media_type.is_html() && !gives(operation, &media_type) {
        return Err(unexpected(received.status, operation, address, "a web page"));
    }
    Ok(())
}

/// Whether an operation can return JSON.
fn gives_json(operation: &Operation) -> bool {
    operation.responses.iter().any(|response| response.media_types.contains(&"application/json"))
}

/// Whether an operation can return a type of content.
fn gives(operation: &Operation, media_type: &MediaType) -> bool {
    operation.responses.iter().flat_map(|response| response.media_types).any(|declared| media_type.matches(declared))
}

fn json_or_nothing(operation: &Operation, received: Received<Vec<u8>>, address: &Address) -> Result<OutputBody> {
    let status = received.status;
    let Ok(mut text) = String::from_utf8(received.body) else {
        return Err(unexpected(status, operation, address, "JSON that is not valid UTF-8"));
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if text.trim().is_empty() {
        return Ok(OutputBody::Nothing);
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(&text) {
        let what = format!("JSON that is broken or cut off (line {}, column {})", error.line(), error.column());
        return Err(unexpected(status, operation, address, &what));
    }
    match query_failure(operation, &text, status, address) {
        Some(failure) => Err(failure),
        None => Ok(OutputBody::Json(text)),
    }
}

/// The failure that the result of a query reports, if any.
pub fn query_failure(operation: &Operation, document: &str, status: u16, address: &Address) -> Option<Failure> {
    failed_query::failure(operation, document, status, &address.base_url())
}

fn file(headers: &Headers, media_type: &MediaType, bytes: Vec<u8>) -> OutputBody {
    let name = headers.get("content-disposition").and_then(media_type::file_name);
    OutputBody::File(File { media_type: media_type.essence().to_owned(), name, bytes })
}

/// The failure for a success with the wrong content. A call that changes data may have changed it.
fn unexpected(status: u16, operation: &Operation, address: &Address, what: &str) -> Failure {
    let mut problem = Problem::new(
        Reason::UnexpectedResponse,
        format!(
            "{} returned {what} for {}. Check that the domain and the port are those of Looker's API, and check any proxy \
             in between.",
            address.authority(),
            operation.name
        ),
    );
    problem.status = Some(status);
    problem.request_sent = true;
    problem.permanent()
}

#[cfg(test)]
mod tests;
