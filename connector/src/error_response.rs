//! Turns an error response into a failure.

mod message;

use crate::auth::Address;
use crate::catalog::{Location, Operation};
use crate::failure::{Failure, Problem, Reason};
use crate::retry::Received;
pub(crate) use message::Explanation;
use std::time::Duration;

/// What must be known of a request to explain its error response.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    address: &'a Address,
    operation: Option<&'a Operation>,
}

impl<'a> Context<'a> {
    /// The context of a request that belongs to a login. All of those are idempotent.
    pub fn new(address: &'a Address) -> Self {
        Self { address, operation: None }
    }

    /// The context of an operation that the user called.
    pub fn of(self, operation: &'a Operation) -> Self {
        Self { operation: Some(operation), ..self }
    }

    fn is_idempotent(&self) -> bool {
        self.operation.is_none_or(Operation::is_idempotent)
    }
}

/// Turns a response whose status is not a success into a failure.
pub fn failure(received: &Received<Vec<u8>>, context: Context) -> Failure {
    let status = received.status;
    let wait = received.retry_after;
    let mut explanation = Explanation::read(received, &context.address.base_url());
    for field in explanation.fields.iter_mut().filter_map(|field| field.field.as_mut()) {
        if let Some(input) = input_name(context.operation, field) {
            input.clone_into(field);
        }
    }
    let reason = reason(status, wait.is_some() && context.is_idempotent());
    let mut problem = Problem::new(reason, message(reason, status, &explanation, &context, wait));
    problem.status = Some(status);
    problem.retry_after = wait;
    problem.request_sent = true;
    problem.documentation_url = explanation.documentation_url;
    problem.fields = explanation.fields;
    match reason {
        Reason::RateLimited => problem.retryable(),
        Reason::Timeout | Reason::RemoteError => problem.retryable_if(context.is_idempotent()),
        _ => problem.permanent(),
    }
}

/// The input that sets a property of the body, where it has another name than the property.
fn input_name(operation: Option<&Operation>, property: &str) -> Option<&'static str> {
    let body = operation?.body.as_ref()?;
    body.property_inputs.iter().find(|own| own.property == property).map(|own| own.input)
}

fn reason(status: u16, asks_to_wait: bool) -> Reason {
    match status {
        401 => Reason::Unauthenticated,
        403 => Reason::Forbidden,
        404 => Reason::NotFound,
        408 => Reason::Timeout,
        409 => Reason::Conflict,
        429 => Reason::RateLimited,
        503 if asks_to_wait => Reason::RateLimited,
        500.. => Reason::RemoteError,
        400.. => Reason::Rejected,
        // Successes never come here, and Looker's API does not redirect.
        _ => Reason::UnexpectedResponse,
    }
}

/// What happened and what to do.
fn message(
    reason: Reason,
    status: u16,
    explanation: &Explanation,
    context: &Context,
    wait: Option<Duration>,
) -> String {
    let authority = context.address.authority();
    let (what, advice) = match reason {
        Reason::Unauthenticated => (
            "Looker does not accept the token".to_owned(),
            "It may have expired or been revoked: give a new one, or a client ID and client secret.".to_owned(),
        ),
        Reason::Forbidden => {
            ("Looker does not allow this".to_owned(), "The user of the API key lacks a permission for it.".to_owned())
        }
        Reason::NotFound => ("Looker finds nothing here".to_owned(), not_found_advice(context.operation)),
        Reason::Conflict => ("This conflicts with what is in Looker".to_owned(), String::new()),
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
            format!("The response of {authority} is not one of Looker's API"),
            "Check the domain and the port: a Looker that your company hosts often uses port 19999.".to_owned(),
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
        let message = field.message.trim_end_matches('.');
        text.push_str(&match (&field.field, message) {
            (None, message) => format!(" {message}."),
            (Some(name), "") => format!(" {name}: {}.", field.code),
            (Some(name), message) => format!(" {name}: {message}."),
        });
    }
    if !advice.is_empty() {
        text.push(' ');
        text.push_str(&advice);
    }
    text
}

/// The number of fields that a message names. The failure's `fields` has them all.
const FIELDS_IN_A_MESSAGE: usize = 5;

fn repeat_advice(context: &Context) -> String {
    if context.is_idempotent() {
        "Try again later.".to_owned()
    } else {
        "The operation may have been carried out: check before you repeat it.".to_owned()
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
