//! The rows: responses with status 200 that are no results, and some that look like failures and are results.
//!
//! Their shapes are Looker's; names and messages are invented.

use connector_host::Reason::{self, Rejected, UnexpectedResponse};
use std::fmt;
use std::sync::LazyLock;

/// One row of the table.
pub struct Row {
    /// What the response is.
    pub name: &'static str,
    /// The formats for which it is tried.
    pub formats: &'static [&'static str],
    /// The status of the response.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Its body.
    pub body: &'static str,
    /// What the platform gets.
    pub expected: Expect,
}

/// What the platform gets.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// The body, unchanged.
    Output,
    /// A permanent failure whose words contain these parts.
    Failure(Reason, &'static [&'static str]),
}

impl fmt::Display for Expect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => write!(formatter, "output"),
            Self::Failure(reason, says) => write!(formatter, "permanent {reason:?}: {}", says.join(" … ")),
        }
    }
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const CSV: &str = "text/csv";

impl Row {
    /// A JSON response that is a result.
    pub fn output(name: &'static str, formats: &'static [&'static str], body: &'static str) -> Self {
        Self { name, formats, status: 200, headers: vec![("content-type", JSON)], body, expected: Expect::Output }
    }

    /// A JSON response that is no result.
    pub fn failure(name: &'static str, formats: &'static [&'static str], body: &'static str, reason: Reason) -> Self {
        Self {
            name,
            formats,
            status: 200,
            headers: vec![("content-type", JSON)],
            body,
            expected: Expect::Failure(reason, &[]),
        }
    }

    fn says(mut self, says: &'static [&'static str]) -> Self {
        if let Expect::Failure(reason, _) = self.expected {
            self.expected = Expect::Failure(reason, says);
        }
        self
    }

    fn with(mut self, media_type: &'static str) -> Self {
        self.headers = vec![("content-type", media_type)];
        self
    }
}

const SIGN_IN_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Sign in to Acme</title></head>\n\
    <body><form action=\"/login\" method=\"post\"><input name=\"email\"></form></body>\n</html>\n";

const XHTML_PAGE: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n\
    <html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>Sign in to Acme</title></head><body></body></html>\n";

const COMMENTED_PAGE: &str =
    "<!-- served by gateway 7 -->\n<head><title>Sign in to Acme</title></head>\n<form></form>\n";

/// Formats of JSON.
const JSON_FORMATS: &[&str] = &["json", "json_detail", "json_bi"];
/// Formats that are not JSON.
const TEXT_FORMATS: &[&str] = &["csv", "txt"];

/// All rows.
pub fn rows() -> Vec<Row> {
    [pages(), failed_rows(), errors(), notes(), empty()].into_iter().flatten().collect()
}

/// Web pages in place of a result.
fn pages() -> Vec<Row> {
    let says: &[&str] = &["a web page, not Looker's API", "Sign in to Acme"];
    let page = |name, formats, media_type| {
        Row::failure(name, formats, SIGN_IN_PAGE, UnexpectedResponse).with(media_type).says(says)
    };
    vec![
        page("a sign-in page", JSON_FORMATS, HTML),
        page("a sign-in page", TEXT_FORMATS, HTML),
        page("a sign-in page that calls itself JSON", &["json"], JSON),
        page("a sign-in page that calls itself CSV", &["csv"], CSV),
        Row { body: XHTML_PAGE, ..page("a sign-in page in XHTML that calls itself CSV", TEXT_FORMATS, CSV) },
        Row { body: COMMENTED_PAGE, ..page("a sign-in page after a comment", TEXT_FORMATS, "text/plain") },
    ]
}

/// Rows of `looker_error`.
fn failed_rows() -> Vec<Row> {
    let failed = |name, formats, body| Row::failure(name, formats, body, Rejected).says(&["no such table: orders"]);
    vec![
        failed("one row of looker_error", &["json"], r#"[{"looker_error": "no such table: orders"}]"#),
        failed(
            "looker_error after good rows",
            &["json"],
            r#"[{"orders.id": 1}, {"orders.id": 2}, {"looker_error": "no such table: orders"}]"#,
        ),
        failed(
            "looker_error before good rows",
            &["json"],
            r#"[{"looker_error": "no such table: orders"}, {"orders.id": 1}]"#,
        ),
        failed("looker_error after 1,700 good rows", &["json"], late_error()),
        failed(
            "looker_error in json_bi's rows",
            &["json_bi"],
            r#"{"metadata": {"fields": {}}, "rows": [{"looker_error": "no such table: orders"}]}"#,
        ),
        failed(
            "looker_error after good rows of json_bi",
            &["json_bi"],
            r#"{"metadata": {"fields": {}}, "rows": [{"orders.id": {"value": 1}}, {"looker_error": "no such table: orders"}]}"#,
        ),
    ]
}

/// A result that fails after more rows than are read before the first is handed on.
fn late_error() -> &'static str {
    static BODY: LazyLock<String> = LazyLock::new(|| {
        let rows: String = (0..1_700).map(|id| format!("{{\"orders.id\": {id}, \"orders.total\": 1}}, ")).collect();
        format!("[{rows}{{\"looker_error\": \"no such table: orders\"}}]")
    });
    &BODY
}

/// `errors` and `error` beside or in place of the data.
fn errors() -> Vec<Row> {
    let failed = |name, formats, body| Row::failure(name, formats, body, Rejected).says(&["no such table: orders"]);
    vec![
        failed(
            "errors as a list, no data",
            &["json_detail"],
            r#"{"id": "7", "errors": [{"message": "no such table: orders", "level": "error", "fatal": true}], "data": []}"#,
        ),
        failed(
            "errors as a list, fatal not named",
            &["json_detail"],
            r#"{"errors": [{"message": "no such table: orders"}], "data": []}"#,
        ),
        failed(
            "errors as a list, in json_bi",
            &["json_bi"],
            r#"{"metadata": {}, "errors": [{"message": "no such table: orders", "fatal": true}], "rows": []}"#,
        ),
        failed("error as one text", &["json", "json_detail"], r#"{"error": "no such table: orders"}"#),
        Row::failure(
            "message_details",
            &["json_detail"],
            r#"{"errors": [{"message": "The query failed", "message_details": "no such table: orders"}], "data": []}"#,
            Rejected,
        )
        .says(&["The query failed", "no such table: orders"]),
    ]
}

/// Errors that are not fatal.
fn notes() -> Vec<Row> {
    vec![
        Row::output(
            "a note beside data",
            &["json_detail"],
            r#"{"errors": [{"message": "Running in development mode", "fatal": false}], "data": [{"orders.id": {"value": 1}}]}"#,
        ),
        Row::output(
            "a note beside no data",
            &["json_detail"],
            r#"{"errors": [{"message": "Running in development mode", "fatal": false}], "data": []}"#,
        ),
        Row::failure(
            "a note before a fatal error",
            &["json_detail"],
            r#"{"errors": [{"message": "Running in development mode", "fatal": false},
                {"message": "no such table: orders", "fatal": true}], "data": []}"#,
            Rejected,
        )
        .says(&["no such table: orders"]),
    ]
}

/// Nothing where there must be something.
fn empty() -> Vec<Row> {
    vec![
        Row::failure("an empty body", JSON_FORMATS, "", UnexpectedResponse),
        Row::failure("an empty body", &["csv"], "", UnexpectedResponse).with(CSV),
        Row::output("no rows", &["json"], "[]"),
    ]
}
