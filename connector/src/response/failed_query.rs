//! Failed queries with a success status: Looker reports the error in the rows or beside them.
//!
//! | format | a failed query looks like |
//! | --- | --- |
//! | `json` | a row `{"looker_error": "…"}`, the only one, the first or the last |
//! | `json_bi` | the same within `rows` |
//! | `json_detail`, `json_bi` | `errors` without rows, or with one that is `"fatal": true`; `error` as a text |
//!
//! Errors with `"fatal": false` are notes: alone they are no failure.

use super::scan::Scan;
use crate::auth::Address;
use crate::error_response::Explanation;
use crate::failure::{Failure, Problem, Reason};
use crate::input::Input;
use crate::secret::Redactor;
use serde_json::Value;

/// The failure that a result reports, as far as it was read.
pub fn failure(scan: &Scan, status: u16, address: &Address, secrets: &Redactor) -> Option<Failure> {
    let explanation = Explanation::from_json(report(scan)?, address, secrets);
    let what = explanation.message.unwrap_or_else(|| "Looker gives no reason".to_owned());
    let mut problem = Problem::new(Reason::Rejected, format!("The query failed: {what}"));
    problem.status = Some(status);
    problem.request_sent = true;
    problem.fields = explanation.fields;
    problem.documentation_url = explanation.documentation_url;
    Some(problem.permanent())
}

/// What a result says of its failure.
fn report(scan: &Scan) -> Option<Value> {
    let parse = |bytes: &Vec<u8>| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    if let Some(row) = &scan.error_row {
        return Some(match parse(row) {
            Value::Object(mut row) => row.remove("looker_error").unwrap_or_default(),
            _ => Value::Null,
        });
    }
    let errors = match scan.errors.as_ref().map(parse) {
        Some(Value::Array(errors)) => errors,
        Some(error) if !is_empty(&error) => vec![error],
        _ => Vec::new(),
    };
    let error = scan.error.as_ref().map(parse).filter(|error| !is_empty(error));
    let fatal = |error: &Value| error.get("fatal").and_then(Value::as_bool);
    // What is not said to be fatal, or not, is so where there are no rows.
    let is_failure = |error: &Value| fatal(error).unwrap_or(!scan.has_rows);
    let (failures, notes): (Vec<Value>, Vec<Value>) = errors.into_iter().partition(is_failure);
    if failures.is_empty() && error.is_none() {
        return None;
    }
    if failures.is_empty() && notes.is_empty() {
        return error;
    }
    // The first is the message, so notes come last.
    let errors: Vec<Value> = failures.into_iter().chain(error).chain(notes).collect();
    Some(Value::Array(errors))
}

/// Whether a value says nothing. `false` says that there is no error.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// The failure that one of several results reports, by the task that it belongs to.
pub fn failure_of_several(document: &str, status: u16, address: &Address, secrets: &Redactor) -> Option<Failure> {
    let results = Input::parse(document).ok()?;
    results.fields().find_map(|(task, result)| {
        let mut scan = Scan::default();
        scan.feed(result.get().as_bytes());
        let about = format!("Query task {task} failed; query_task_results returns the results of the others.");
        failure(&scan, status, address, secrets).map(|failure| failure.about(&about))
    })
}
