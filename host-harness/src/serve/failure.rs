//! Failures of calls as the API has them: 422 with what happened and what to do next.

use super::error::ApiError;
use crate::advice::hints;
use crate::workflow::may_have_acted;
use connector_host::{Effect, Failure, Reason};
use serde_json::{Value, json};

/// A failure as JSON. `effect` is that of the operation, if it is known.
pub(super) fn to_json(failure: &Failure, effect: Option<Effect>) -> Value {
    let problem = failure.problem();
    let mut json = json!({
        "kind": if failure.is_retryable() { "retryable" } else { "permanent" },
        "reason": problem.reason,
        "message": problem.message,
        "request_sent": problem.request_sent,
        "fields": problem.fields,
        "causes": failure.causes().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "advice": advice(failure, effect),
    });
    if let Some(status) = problem.status {
        json["status"] = json!(status);
    }
    if let Some(time) = problem.retry_after_ms {
        json["retry_after_ms"] = json!(time);
    }
    if let Some(url) = problem.documentation_url {
        json["documentation_url"] = json!(url);
    }
    json
}

/// The response to a call that failed.
pub(super) fn error(failure: &Failure, effect: Option<Effect>) -> ApiError {
    ApiError::from_body(json!({ "failure": to_json(failure, effect) }))
}

/// What to do next.
fn advice(failure: &Failure, effect: Option<Effect>) -> String {
    let problem = failure.problem();
    let mut advice = Vec::new();
    if may_have_acted(failure) && effect != Some(Effect::Read) {
        advice.push("The request was sent and may have been carried out: look before you repeat it.".to_owned());
    } else if failure.is_retryable() {
        advice.push(match problem.retry_after_ms {
            Some(time) => format!("Temporary failure: try again in {} s.", time.div_ceil(1000)),
            None => "Temporary failure: try again later.".to_owned(),
        });
    }
    let next = match problem.reason {
        Reason::InvalidAuth | Reason::Unauthenticated => "Correct the authentication, and test the connection.",
        Reason::InvalidInput | Reason::Rejected => "Correct the inputs that the message names.",
        Reason::UnknownOperation => "Choose another operation.",
        Reason::Forbidden => "Sign in as a user with this permission, or ask an administrator for it.",
        Reason::NotFound => "Check the IDs, and that this user may see the object.",
        Reason::Conflict => "Use another name, or read the object again and change what is there.",
        _ => "",
    };
    if !next.is_empty() {
        advice.push(next.to_owned());
    }
    advice.extend(hints(failure));
    advice.join("\n")
}
