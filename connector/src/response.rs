//! From a success to an output. Nothing is re-written: JSON is handed on as Looker sent it.

mod failed_query;
mod link;
mod media_type;

pub use failed_query::may_report_failure;
pub use media_type::MediaType;
pub(crate) use media_type::expand;

use crate::auth::Address;
use crate::catalog::{Effect, Operation};
use crate::exchange::Received;
use crate::failure::{Failure, Problem, Reason, Result};
use crate::input::Input;
use crate::transport::Headers;
use serde::de::IgnoredAny;

/// The result of a call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What the operation gave.
    pub body: OutputBody,
    /// The whole input for the next page, where there may be one.
    pub next: Option<String>,
}

/// What an operation gave.
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

/// An output that is neither JSON nor text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What kind of file it is: `image/png`.
    pub media_type: String,
    /// The name that Looker gave it.
    pub name: Option<String>,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Turns the answer of a success into an output.
pub fn output(operation: &Operation, input: &Input, received: Received, address: &Address) -> Result<Output> {
    check_head(operation, received.status, &received.headers, address)?;
    let media_type = MediaType::of(&received.headers);
    let next = link::next_input(operation, input, &received.headers);
    let body = if media_type.is_json() || (media_type.is_unknown() && gives_json(operation)) {
        json_or_nothing(operation, received, address)?
    } else if received.status == 204 || (received.bytes.is_empty() && !media_type.is_text()) {
        OutputBody::Nothing
    } else if media_type.is_text() {
        match String::from_utf8(received.bytes) {
            Ok(text) => OutputBody::Text(text),
            // In another encoding: its bytes are what is left that is true.
            Err(error) => file(&received.headers, &media_type, error.into_bytes()),
        }
    } else {
        file(&received.headers, &media_type, received.bytes)
    };
    Ok(Output { body, next })
}

/// Finds what is wrong with a success before its body is looked at.
pub fn check_head(operation: &Operation, status: u16, headers: &Headers, address: &Address) -> Result<()> {
    let media_type = MediaType::of(headers);
    if status == 202 && operation.effect == Effect::Read {
        let mut problem =
            Problem::new(Reason::Timeout, "Looker is still working on the result. Ask again later.".to_owned());
        problem.status = Some(status);
        problem.request_sent = true;
        problem.retry_after = crate::retry_after::retry_after(headers, std::time::Duration::ZERO);
        return Err(problem.retryable());
    }
    // A sign-in page, or a proxy's, answers everything with success.
    if media_type.is_html() && !gives(operation, &media_type) {
        return Err(unexpected(status, operation, address, "with a web page"));
    }
    Ok(())
}

/// Whether an operation's answer can be JSON.
fn gives_json(operation: &Operation) -> bool {
    operation.responses.iter().any(|response| response.media_types.contains(&"application/json"))
}

/// Whether an operation's answer can be of a type.
fn gives(operation: &Operation, media_type: &MediaType) -> bool {
    operation.responses.iter().flat_map(|response| response.media_types).any(|declared| media_type.matches(declared))
}

fn json_or_nothing(operation: &Operation, received: Received, address: &Address) -> Result<OutputBody> {
    let status = received.status;
    let Ok(mut text) = String::from_utf8(received.bytes) else {
        return Err(unexpected(status, operation, address, "with JSON that is not valid UTF-8"));
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if text.trim().is_empty() {
        return Ok(OutputBody::Nothing);
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(&text) {
        let what = format!("with JSON that is broken or cut off (line {}, column {})", error.line(), error.column());
        return Err(unexpected(status, operation, address, &what));
    }
    match query_failure(operation, &text, status, address) {
        Some(failure) => Err(failure),
        None => Ok(OutputBody::Json(text)),
    }
}

/// The failure that a query's result reports, if it does.
pub fn query_failure(operation: &Operation, document: &str, status: u16, address: &Address) -> Option<Failure> {
    failed_query::failure(operation, document, status, &address.base_url())
}

fn file(headers: &Headers, media_type: &MediaType, bytes: Vec<u8>) -> OutputBody {
    let name = headers.get("content-disposition").and_then(media_type::file_name);
    OutputBody::File(File { media_type: media_type.essence().to_owned(), name, bytes })
}

/// The failure of an answer that is not what it says. Where the call changed something, it did so all the same.
fn unexpected(status: u16, operation: &Operation, address: &Address, what: &str) -> Failure {
    let mut problem = Problem::new(
        Reason::UnexpectedResponse,
        format!(
            "{} answers {} {what}. Check that the domain and the port are those of Looker's API, and what stands between.",
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
