//! Turns a success into an output. JSON is passed on as Looker sent it.

mod expected;
mod failed_query;
mod json;
mod link;
mod media_type;
mod report;
mod scan;

pub use expected::{Expected, Format};
pub use failed_query::failure as query_failure;
pub use media_type::MediaType;
pub(crate) use media_type::expand;
pub use report::Results;

use crate::catalog::{Effect, Operation};
use crate::context::{Called, Context};
use crate::error_response::page_line;
use crate::failure::{Failure, Problem, Reason, Result};
use crate::retry::Received;
use crate::web_page;

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
pub fn output(received: Received<Vec<u8>>, called: Called, context: &Context) -> Result<Output> {
    check_head(&received, called.operation, context)?;
    let expected = Expected::of(called);
    let head = Head { status: received.status, media_type: MediaType::of(&received.headers) };
    check_beginning(&received.body, &head, expected, context)?;
    let next = link::next_input(called.operation, called.input, &received.headers);
    let body = body(received, &head, expected, context)?;
    Ok(Output { body, next })
}

/// What is known of a success before its body.
#[derive(Debug, Clone)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// The declared type of the content.
    pub media_type: MediaType,
}

fn body(received: Received<Vec<u8>>, head: &Head, expected: Expected, context: &Context) -> Result<OutputBody> {
    let media_type = &head.media_type;
    if is_empty(&received.body, head) {
        return Ok(OutputBody::Nothing);
    }
    let bytes = match json::text(received.body) {
        Ok(text) if is_json(media_type, expected) => return json(text, head, expected, context),
        Err(_) if is_json(media_type, expected) => {
            return Err(unexpected(head.status, context, "JSON that is not valid UTF-8"));
        }
        Ok(text) if media_type.is_text() || (media_type.is_unknown() && expected.format == Format::Text) => {
            return Ok(OutputBody::Text(text));
        }
        Ok(text) => text.into_bytes(),
        // Not valid UTF-8, so the raw bytes are returned.
        Err(error) => error.into_bytes(),
    };
    let name = received.headers.get("content-disposition").and_then(media_type::file_name);
    Ok(OutputBody::File(File { media_type: media_type.essence().to_owned(), name, bytes }))
}

/// Whether a body counts as no content. A text file can be empty.
fn is_empty(body: &[u8], head: &Head) -> bool {
    head.status == 204
        || body.is_empty() && !head.media_type.is_text()
        || head.media_type.is_json() && body.trim_ascii().is_empty()
}

/// Whether content has to be JSON: it is declared to be, or it is not declared, or declared as a file, where the operation
/// returns only JSON.
pub fn is_json(media_type: &MediaType, expected: Expected) -> bool {
    media_type.is_json() || (expected.format == Format::Json && (expected.selected || !media_type.is_text()))
}

fn json(mut text: String, head: &Head, expected: Expected, context: &Context) -> Result<OutputBody> {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if let Err(error) = json::check(&text) {
        let what = if head.media_type.is_json() || head.media_type.is_unknown() {
            format!("JSON that is broken or cut off (line {}, column {})", error.line(), error.column())
        } else {
            format!("{} instead of JSON", head.media_type.essence())
        };
        return Err(unexpected(head.status, context, &what));
    }
    if expected.is_result {
        let mut results = Results::of(expected.is_several);
        results.feed(text.as_bytes());
        if let Some(failure) = query_failure(&results, head.status, context.address, context.secrets) {
            return Err(failure);
        }
    }
    Ok(OutputBody::Json(text))
}

/// Checks a success before its body is read.
pub fn check_head<B>(received: &Received<B>, operation: &Operation, context: &Context) -> Result<()> {
    if received.status == 202 && operation.effect == Effect::Read {
        let mut problem = Problem::new(Reason::Timeout, "Looker is still working on the result. Call again later.");
        problem.status = Some(received.status);
        problem.request_sent = true;
        problem.retry_after = received.retry_after;
        return Err(problem.retryable());
    }
    if let Some(encoding) = received.headers.content_encoding() {
        let what = format!("content that is encoded as {encoding}, although the connector asked for none,");
        return Err(unexpected(received.status, context, &what));
    }
    Ok(())
}

/// Checks content, or the beginning of it, against what the call asked for.
pub fn check_beginning(beginning: &[u8], head: &Head, expected: Expected, context: &Context) -> Result<()> {
    // Even a table without rows has a line with the names of its columns.
    if is_empty(beginning, head) || (expected.is_result && beginning.trim_ascii().is_empty()) {
        if expected.may_be_empty {
            return Ok(());
        }
        return Err(unexpected(head.status, context, "nothing"));
    }
    let media_type = &head.media_type;
    if matches!(expected.format, Format::Json | Format::Text | Format::Html) && beginning.starts_with(&GZIP) {
        return Err(unexpected(
            head.status,
            context,
            "compressed content (gzip), although the connector asked for none,",
        ));
    }
    let page = (media_type.is_html() || web_page::may_be_markup(beginning))
        .then(|| String::from_utf8_lossy(&beginning[..beginning.len().min(PAGE_BYTES)]))
        .filter(|text| media_type.is_html() || web_page::is_page(text));
    if let Some(text) = page {
        let is_result = match expected.format {
            Format::Html => !web_page::is_sign_in(&text),
            Format::Unknown => expected.is_result && web_page::is_table(&text),
            Format::Json | Format::Text | Format::File => false,
        };
        // JSON that is declared as a page is no page, but not what the call asked for either.
        return if is_result { Ok(()) } else { Err(page_failure(head.status, &text, context)) };
    }
    let is_json = media_type.is_json();
    let is_wrong = expected.selected
        && match expected.format {
            Format::Json => !is_json && !media_type.is_text() && !media_type.is_unknown(),
            Format::Text => is_json || !(media_type.is_text() || media_type.is_unknown() || media_type.is_binary()),
            Format::Html => is_json || !(media_type.is_text() || media_type.is_unknown()),
            Format::File => is_json || media_type.is_text(),
            Format::Unknown => false,
        };
    if !is_wrong {
        return Ok(());
    }
    // A failed query can be reported as JSON whatever the format.
    let mut results = Results::default();
    if is_json {
        results.feed(beginning);
    }
    Err(query_failure(&results, head.status, context.address, context.secrets)
        .unwrap_or_else(|| unexpected(head.status, context, &format!("{} in another format", media_type.essence()))))
}

/// What compressed content begins with. Some proxies do not declare it.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// How much of a page is looked at.
pub const PAGE_BYTES: usize = 64 * 1024;

/// The failure for a web page.
fn page_failure(status: u16, page: &str, context: &Context) -> Failure {
    // Content that is only declared as a page may be data.
    let is_markup = page.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    let title = if is_markup { page_line(page, context.secrets) } else { None };
    let title = title.map(|title| format!(" (\u{201c}{title}\u{201d})")).unwrap_or_default();
    unexpected(status, context, &format!("a web page, not Looker's API{title},"))
}

/// The failure for a success with the wrong content. A call that changes data may have changed it.
pub fn unexpected(status: u16, context: &Context, what: &str) -> Failure {
    let operation = context.called.map_or("the request", |called| called.operation.name);
    let mut problem = Problem::new(
        Reason::UnexpectedResponse,
        format!(
            "{} returned {what} for {operation}. Check that the domain and the port are those of Looker's API, and check \
             any proxy in between.",
            context.address.authority(),
        ),
    );
    problem.status = Some(status);
    problem.request_sent = true;
    problem.permanent()
}

#[cfg(test)]
mod tests;
