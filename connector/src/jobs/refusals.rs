//! Things that Looker refused to change, for jobs that go on with the others.

use super::Job;
use crate::failure::{Failure, FieldProblem, Problem, Reason};
use serde_json::{Value, json};

/// The input in which a call that goes on finds what was refused before.
const REFUSED: &str = "refused";

/// Whether a failure is about one thing only, so that a job can go on with the next: Looker answered, and it refused.
pub fn is_refusal(failure: &Failure) -> bool {
    let reasons = [Reason::Rejected, Reason::Conflict, Reason::NotFound, Reason::Forbidden];
    matches!(failure, Failure::Permanent(_)) && reasons.contains(&failure.problem().reason)
}

/// Remembers a refusal of the thing `key`, for the rest of this call and for the call that goes on.
pub fn refuse(job: &mut Job, key: &str, reason: Reason, message: &str) {
    let mut refused = refused(job);
    refused.push(json!({ "item": key, "conflict": reason == Reason::Conflict, "message": message }));
    job.resume_with(REFUSED, refused.clone());
    job.set_value(REFUSED, Value::Array(refused));
}

/// Whether the thing `key` was refused, in this call or in one before.
pub fn is_refused(job: &Job, key: &str) -> bool {
    refused(job).iter().any(|refusal| refusal["item"] == key)
}

/// The failure that names everything that was refused; `None` if nothing was. `what` completes "Looker refused …".
pub fn failure(job: &Job, what: &str) -> Option<Failure> {
    let refused = refused(job);
    let first = refused.first()?;
    let reason = if first["conflict"] == true { Reason::Conflict } else { Reason::Rejected };
    let text = |refusal: &Value, name: &str| refusal[name].as_str().unwrap_or_default().to_owned();
    let named = refused.iter().take(5).map(|it| format!("{}: {}", text(it, "item"), text(it, "message")));
    let named = named.collect::<Vec<_>>().join(" ");
    let more = if refused.len() > 5 { format!(" And {} more.", refused.len() - 5) } else { String::new() };
    let mut problem = Problem::new(reason, format!("{} of {what} failed. {named}{more}", refused.len()));
    let field = |refusal: &Value| FieldProblem {
        field: Some(text(refusal, "item")),
        code: if refusal["conflict"] == true { "conflict" } else { "refused" }.to_owned(),
        message: text(refusal, "message"),
    };
    problem.fields = refused.iter().map(field).collect();
    Some(problem.permanent())
}

fn refused(job: &Job) -> Vec<Value> {
    job.input(REFUSED).as_array().cloned().unwrap_or_default()
}
