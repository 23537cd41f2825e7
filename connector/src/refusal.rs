//! From an answer that is no success to a failure.

mod message;

use crate::auth::Address;
use crate::catalog::{Location, Operation};
use crate::exchange::Received;
use crate::failure::{Failure, Problem, Reason};
use crate::retry_after::retry_after;
pub(crate) use message::Explanation;
use std::time::Duration;

/// What must be known of a request to say what its refusal means.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    address: &'a Address,
    operation: Option<&'a Operation>,
    /// The time since 1970.
    time: Duration,
}

impl<'a> Context<'a> {
    /// The context of a request that the connector makes of its own accord, at a time since 1970. Those are safe.
    pub fn new(address: &'a Address, time: Duration) -> Self {
        Self { address, operation: None, time }
    }

    /// The context of an operation that the user asked for.
    pub fn of(self, operation: &'a Operation) -> Self {
        Self { operation: Some(operation), ..self }
    }

    fn is_safe(&self) -> bool {
        self.operation.is_none_or(Operation::is_safe)
    }
}

/// The failure that an answer is whose status is no success.
pub fn refusal(received: &Received, context: Context) -> Failure {
    let status = received.status;
    let wait = retry_after(&received.headers, context.time);
    let explanation = Explanation::read(received, &context.address.base_url());
    let reason = reason(status, wait.is_some() && context.is_safe());
    let mut problem = Problem::new(reason, words(reason, status, &explanation, &context, wait));
    problem.status = Some(status);
    problem.retry_after = wait;
    problem.request_sent = true;
    problem.documentation_url = explanation.documentation_url;
    problem.fields = explanation.fields;
    match reason {
        Reason::RateLimited => problem.retryable(),
        Reason::Timeout | Reason::RemoteError => problem.retryable_if(context.is_safe()),
        _ => problem.permanent(),
    }
}

fn reason(status: u16, refused_for_now: bool) -> Reason {
    match status {
        401 => Reason::Unauthenticated,
        403 => Reason::Forbidden,
        404 => Reason::NotFound,
        408 => Reason::Timeout,
        409 => Reason::Conflict,
        429 => Reason::RateLimited,
        503 if refused_for_now => Reason::RateLimited,
        500.. => Reason::RemoteError,
        400.. => Reason::Rejected,
        // A success never comes here; what is left has no place in an API that does not redirect.
        _ => Reason::UnexpectedResponse,
    }
}

/// What happened and what to do.
fn words(reason: Reason, status: u16, explanation: &Explanation, context: &Context, wait: Option<Duration>) -> String {
    let authority = context.address.authority();
    let (what, advice) = match reason {
        Reason::Unauthenticated => (
            "Looker does not accept the token".to_owned(),
            "It may have expired or been revoked: give a new one, or a client ID and client secret.".to_owned(),
        ),
        Reason::Forbidden => (
            "Looker does not allow this".to_owned(),
            "The user whose API key it is lacks a permission for it.".to_owned(),
        ),
        Reason::NotFound => ("Looker finds nothing here".to_owned(), not_found_advice(context.operation)),
        Reason::Conflict => ("This contradicts what is in Looker".to_owned(), String::new()),
        Reason::Rejected => ("Looker refuses the request".to_owned(), String::new()),
        Reason::RateLimited => (
            "Looker asks to slow down".to_owned(),
            match wait {
                Some(time) => format!("Try again in {} seconds.", time.as_secs_f64().ceil()),
                None => "Try again later.".to_owned(),
            },
        ),
        Reason::Timeout | Reason::RemoteError => ("Looker failed".to_owned(), repeat_advice(context)),
        _ => (
            format!("{authority} answers as Looker's API never does"),
            "Check the domain and the port: a Looker that your company hosts often answers on port 19999.".to_owned(),
        ),
    };
    let mut text = format!("{what} ({status})");
    if let Some(message) = &explanation.message {
        text.push_str(": ");
        text.push_str(message);
    }
    let ends = text.ends_with(['.', '!', '?', '…']);
    text.push_str(if ends { "" } else { "." });
    for field in explanation.fields.iter().take(FIELDS_IN_A_MESSAGE) {
        text.push_str(&match (field.field.as_str(), field.message.as_str()) {
            ("", message) => format!(" {message}."),
            (name, "") => format!(" {name}: {}.", field.code),
            (name, message) => format!(" {name}: {}.", message.trim_end_matches('.')),
        });
    }
    if !advice.is_empty() {
        text.push(' ');
        text.push_str(&advice);
    }
    text
}

/// How many fields a message names; `fields` has them all.
const FIELDS_IN_A_MESSAGE: usize = 5;

fn repeat_advice(context: &Context) -> String {
    if context.is_safe() {
        "Try again later.".to_owned()
    } else {
        "The operation may have been carried out all the same: look before you repeat it.".to_owned()
    }
}

fn not_found_advice(operation: Option<&Operation>) -> String {
    let names: Vec<&str> = operation
        .map(|operation| operation.parameters)
        .unwrap_or_default()
        .iter()
        .filter(|parameter| parameter.location == Location::Path)
        .map(|parameter| parameter.input)
        .collect();
    if names.is_empty() {
        "This Looker may not have the feature, or the user of the API key may not see it.".to_owned()
    } else {
        format!("Check {}, and that the user of the API key may see it.", names.join(" and "))
    }
}

#[cfg(test)]
mod tests;
