//! Turns an error response into a failure.

mod message;

use crate::catalog::{Location, Operation};
use crate::context::{Called, Context};
use crate::failure::{Failure, Problem, Reason};
use crate::retry::Received;
use message::Source;
pub(crate) use message::{Explanation, page_line};
use std::time::Duration;

/// The number of fields that a message names. The failure's `fields` has them all.
const FIELDS_IN_A_MESSAGE: usize = 5;

/// Turns a response whose status is not a success into a failure.
pub fn failure(received: &Received<Vec<u8>>, context: &Context) -> Failure {
    let status = received.status;
    let wait = received.retry_after;
    let mut explanation = Explanation::read(received, context);
    for field in explanation.fields.iter_mut().filter_map(|field| field.field.as_mut()) {
        if let Some(input) = input_name(context, field) {
            input.clone_into(field);
        }
    }
    let reason = reason(status, wait.is_some() && context.is_idempotent());
    let (what, advice) = match redirect(received) {
        Some(redirect) => redirect,
        None if is_from_elsewhere(status, &explanation) => (
            format!("Something before Looker's API refused the request to {}", context.address.authority()),
            ELSEWHERE.to_owned(),
        ),
        None => explain(reason, context, wait),
    };
    let mut problem = problem(received, reason, message(&what, &explanation, status, &advice), explanation);
    problem.request_sent = true;
    match reason {
        Reason::RateLimited => problem.retryable(),
        Reason::Timeout | Reason::RemoteError => problem.retryable_if(context.is_idempotent()),
        _ => problem.permanent(),
    }
}

/// Turns an error response to a login into a failure. `wrong` is what Looker does not accept, with advice, where the
/// status means that.
pub fn login_failure(received: &Received<Vec<u8>>, context: &Context, wrong: Option<(&str, &str)>) -> Failure {
    let explanation = Explanation::read(received, context);
    let authority = context.address.authority();
    let (reason, what, advice) = match (wrong, explanation.source) {
        // Only Looker itself knows whether the credentials are wrong.
        (Some((what, advice)), Source::Looker) => {
            (Reason::Unauthenticated, format!("{authority} does not accept {what}"), advice)
        }
        _ if wrong.is_some() || is_from_elsewhere(received.status, &explanation) => {
            let what = format!("Something before Looker's API refused the login at {authority}");
            (Reason::UnexpectedResponse, what, ELSEWHERE)
        }
        _ => return failure(received, context).about("The login failed.").before_the_request(),
    };
    problem(received, reason, message(&what, &explanation, received.status, advice), explanation).permanent()
}

/// What to do about a response that is not from Looker.
const ELSEWHERE: &str = "Check that the domain and the port are those of Looker's API, and whether an allow list, a proxy or a \
                         firewall stands in between.";

/// Whether an error is not from Looker's API, which explains every refusal in JSON.
fn is_from_elsewhere(status: u16, explanation: &Explanation) -> bool {
    match explanation.source {
        Source::Looker => false,
        Source::Other => (400..500).contains(&status) && !matches!(status, 408 | 429),
        Source::Nothing => status == 403,
    }
}

fn problem(received: &Received<Vec<u8>>, reason: Reason, message: String, explanation: Explanation) -> Problem {
    let mut problem = Problem::new(reason, message);
    problem.status = Some(received.status);
    problem.retry_after = received.retry_after;
    problem.documentation_url = explanation.documentation_url;
    problem.fields = explanation.fields;
    problem
}

/// The input that sets a property of the body, where it has another name than the property.
fn input_name(context: &Context, property: &str) -> Option<&'static str> {
    let body = context.called?.operation.body.as_ref()?;
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
fn explain(reason: Reason, context: &Context, wait: Option<Duration>) -> (String, String) {
    let (what, advice) = match reason {
        Reason::Unauthenticated => (
            "Looker does not accept the token",
            "It may have expired or been revoked: give a new one, or a client ID and client secret.".to_owned(),
        ),
        Reason::Forbidden => {
            ("Looker does not allow this", "The user of the API key lacks a permission for it.".to_owned())
        }
        Reason::NotFound => ("Looker finds nothing here", not_found_advice(context.called)),
        Reason::Conflict => ("This conflicts with what is in Looker", String::new()),
        Reason::Rejected => ("Looker refuses the request", String::new()),
        Reason::RateLimited => (
            "Looker asks to slow down",
            match wait {
                Some(time) => format!("Try again in {} seconds.", time.as_secs_f64().ceil()),
                None => "Try again later.".to_owned(),
            },
        ),
        Reason::Timeout | Reason::RemoteError => ("Looker failed", repeat_advice(context)),
        _ => {
            return (
                format!("The response of {} is not one of Looker's API", context.address.authority()),
                "Check the domain and the port: a Looker that your company hosts often uses port 19999.".to_owned(),
            );
        }
    };
    (what.to_owned(), advice)
}

/// What happened and what to do, where the response leads elsewhere.
fn redirect(received: &Received<Vec<u8>>) -> Option<(String, String)> {
    if !matches!(received.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let (what, advice) = match received.headers.get("location").map(host_of) {
        Some(Some(host)) => (
            format!("The request was redirected to {host}"),
            format!(
                "If {host} is your Looker, use it as the domain. Otherwise a proxy or a sign-in page is in between."
            ),
        ),
        _ => (
            "The request was redirected to another page of the same host".to_owned(),
            "Check the domain and the port: Looker's API does not redirect.".to_owned(),
        ),
    };
    Some((what, advice))
}

/// The host, and the port if there is one, in a URL. The rest of it can hold tokens.
fn host_of(url: &str) -> Option<String> {
    let rest = url.trim().split_once("//").filter(|(scheme, _)| scheme.is_empty() || scheme.ends_with(':'))?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ':' | '[' | ']');
    (!host.is_empty() && host.len() <= 253 && host.chars().all(is_host)).then(|| host.to_ascii_lowercase())
}

fn message(what: &str, explanation: &Explanation, status: u16, advice: &str) -> String {
    let mut text = format!("{what} ({status})");
    if let Some(message) = &explanation.message {
        text.push_str(": ");
        text.push_str(message);
    }
    end_sentence(&mut text);
    for field in explanation.fields.iter().take(FIELDS_IN_A_MESSAGE) {
        // The message can be that of the first field.
        if !field.message.is_empty() && explanation.message.as_ref() == Some(&field.message) {
            continue;
        }
        let what = match (&field.field, field.message.as_str()) {
            (None, "") => continue,
            (None, message) => format!(" {message}"),
            (Some(name), "") => format!(" {name}: {}", field.code),
            (Some(name), message) => format!(" {name}: {message}"),
        };
        text.push_str(&what);
        end_sentence(&mut text);
    }
    if !advice.is_empty() {
        text.push(' ');
        text.push_str(advice);
    }
    text
}

fn end_sentence(text: &mut String) {
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
}

fn repeat_advice(context: &Context) -> String {
    if context.is_idempotent() {
        "Try again later.".to_owned()
    } else {
        "The operation may have been carried out: check before you repeat it.".to_owned()
    }
}

/// What to check where Looker finds nothing: every input that names something.
fn not_found_advice(called: Option<Called>) -> String {
    let names = called.map(|Called { operation, input }| {
        let in_path = operation.parameters.iter().filter(|parameter| parameter.location == Location::Path);
        let mut names: Vec<&str> = in_path.map(|parameter| parameter.input).collect();
        let named = |name: &&str| names_something(operation, name) && input.get(name).is_some();
        let given: Vec<&str> =
            input.fields().map(|(name, _)| name).filter(named).filter(|name| !names.contains(name)).collect();
        names.extend(given);
        names.join(", ")
    });
    match names.filter(|names| !names.is_empty()) {
        Some(names) => format!("Check {names}, and that the user of the API key may see it."),
        None => "This Looker may not have the feature, or the user of the API key may not see it.".to_owned(),
    }
}

/// Whether an input names something in Looker: an id, or a body that is a list of them.
fn names_something(operation: &Operation, input: &str) -> bool {
    let is_list = || operation.body.as_ref().is_some_and(|body| matches!(body.kind, crate::catalog::Type::Array(_)));
    input == "id"
        || ["_id", "_ids", "slug"].iter().any(|end| input.ends_with(end))
        || (input == "path" && operation.name == crate::call_api::NAME)
        || (input == "body" && is_list())
}

#[cfg(test)]
mod tests;
