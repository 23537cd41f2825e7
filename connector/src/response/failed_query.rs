//! Failed queries with a success status: Looker reports the error in the rows or beside them.

use crate::catalog::Operation;
use crate::error_response::Explanation;
use crate::failure::{Failure, Problem, Reason};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The failure that the result of a query reports, if any.
///
/// | format | a failed query looks like |
/// | --- | --- |
/// | `json` | `[{"looker_error": "…"}]`: a row whose first column is the error |
/// | `json_detail`, `json_bi` | an object with `errors` and no `data` |
pub fn failure(operation: &Operation, document: &str, status: u16, base_url: &str) -> Option<Failure> {
    if !runs_queries(operation) {
        return None;
    }
    let explanation = match document.trim_start().as_bytes().first() {
        Some(b'[') => error_row(document).map(|error| Explanation::from_json(error, base_url)),
        Some(b'{') => errors_without_data(document).map(|errors| Explanation::from_json(errors, base_url)),
        _ => None,
    }?;
    let what = explanation.message.unwrap_or_else(|| "Looker gives no reason".to_owned());
    let mut problem = Problem::new(Reason::Rejected, format!("The query failed: {what}"));
    problem.status = Some(status);
    problem.request_sent = true;
    problem.fields = explanation.fields;
    problem.documentation_url = explanation.documentation_url;
    Some(problem.permanent())
}

/// Whether a result that begins like this may be a report of a failure, so that it is worth reading on. Rows begin with
/// a bracket; of an object only the whole tells.
pub fn may_report_failure(operation: &Operation, beginning: &[u8]) -> bool {
    let text = beginning.trim_ascii_start();
    runs_queries(operation) && (text.starts_with(b"{") || begins_with_error(text))
}

/// Whether the first column of the first row is the error.
fn begins_with_error(document: &[u8]) -> bool {
    let mut rest = document;
    [&b"["[..], b"{", b"\"looker_error\""].into_iter().all(|token| match rest.trim_ascii_start().strip_prefix(token) {
        Some(after) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// Whether an operation's result is that of a query: it can be JSON, but other formats too.
fn runs_queries(operation: &Operation) -> bool {
    operation
        .responses
        .iter()
        .any(|response| response.media_types.contains(&"application/json") && response.media_types.len() > 1)
}

/// The error in the first row. Real rows may be many: only what the document begins with is looked at.
fn error_row(document: &str) -> Option<Value> {
    if !begins_with_error(document.as_bytes()) {
        return None;
    }
    #[derive(serde::Deserialize)]
    struct Row {
        looker_error: Value,
    }
    let rows: Vec<Row> = serde_json::from_str(document).ok()?;
    rows.into_iter().next().map(|row| row.looker_error)
}

/// The errors of a result that has no rows.
fn errors_without_data(document: &str) -> Option<Value> {
    #[derive(serde::Deserialize)]
    struct Detail {
        #[serde(default)]
        errors: Option<Vec<Value>>,
        #[serde(default)]
        data: Option<HasContent>,
        #[serde(default)]
        rows: Option<HasContent>,
    }
    // An object of another shape is no failed query.
    let detail: Detail = serde_json::from_str(document).ok()?;
    let errors = detail.errors.filter(|errors| !errors.is_empty())?;
    let has_rows = [detail.data, detail.rows].into_iter().flatten().any(|HasContent(content)| content);
    if has_rows {
        return None;
    }
    Some(Value::Array(errors.into_iter().map(with_message).collect()))
}

/// Whether a value is more than an empty list. The value itself is passed over, however large it is.
struct HasContent(bool);

impl<'de> Deserialize<'de> for HasContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;

        impl<'de> Visitor<'de> for Look {
            type Value = HasContent;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<HasContent, A::Error> {
                let mut any = false;
                while items.next_element::<IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(HasContent(any))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HasContent, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(HasContent(true))
            }
        }

        deserializer.deserialize_any(Look)
    }
}

/// An error of `json_detail` has its text in `message`, `message_details` or `text`.
fn with_message(mut error: Value) -> Value {
    if let Value::Object(fields) = &mut error {
        let is_empty = |value: Option<&Value>| match value {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
        };
        let details = ["message_details", "text", "params"].into_iter().find(|name| !is_empty(fields.get(*name)));
        if let (true, Some(details)) = (is_empty(fields.get("message")), details) {
            let details = fields.get(details).cloned().unwrap_or_default();
            fields.insert("message".to_owned(), details);
        }
    }
    error
}
