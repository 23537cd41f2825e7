//! Failed queries with a success status: Looker reports the error in the rows or beside them.
//!
//! | format | a failed query looks like |
//! | --- | --- |
//! | `json` | a row `{"looker_error": "…"}`, the only one, the first or the last |
//! | `json_bi` | the same within `rows` |
//! | `json_detail`, `json_bi` | `errors` without rows, or with one that is `"fatal": true`; `error` as a text |
//!
//! Errors with `"fatal": false` are notes: alone they are no failure.

use super::report::Results;
use crate::auth::Address;
use crate::error_response::Explanation;
use crate::failure::{Failure, Problem, Reason};
use redact::Redactor;

/// The failure that a result, or one of several, reports, as far as it was read.
pub fn failure(results: &Results, status: u16, address: &Address, secrets: &Redactor) -> Option<Failure> {
    let (task, error) = results.report()?;
    let explanation = Explanation::from_json(error, address, secrets);
    let what = explanation.message.unwrap_or_else(|| "Looker gives no reason".to_owned());
    let mut problem = Problem::new(Reason::Rejected, format!("The query failed: {what}"));
    problem.status = Some(status);
    problem.request_sent = true;
    problem.fields = explanation.fields;
    problem.documentation_url = explanation.documentation_url;
    let failure = problem.permanent();
    Some(match task {
        Some(task) => {
            let task = secrets.redact(task);
            failure.about(&format!("Query task {task} failed; query_task_results returns the results of the others."))
        }
        None => failure,
    })
}
