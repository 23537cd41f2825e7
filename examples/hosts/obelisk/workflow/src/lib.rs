//! A workflow of three activities: list users, create a user, get that user.
//!
//! Obelisk requires workflows to be deterministic: no clock, no random numbers, no requests of their own. After a crash the
//! engine runs the workflow again from the start and takes the result of each call from the history, up to the first call that
//! has none.

wit_bindgen::generate!({
    path: ["../../../../wit", "wit"],
    world: "examples:looker/workflow",
    generate_all,
});

use serde_json::{Value, json};
use workflow::connector::connector;
use workflow::connector::types::{Body, Call, Failure, Problem, Reason};

struct Workflow;

impl exports::examples::looker::add_user::Guest for Workflow {
    fn run(first_name: String, last_name: String) -> Result<String, Failure> {
        invoke("all_users", &json!({ "fields": "id" }))?;
        let created = invoke("create_user", &json!({ "first_name": first_name, "last_name": last_name }))?;
        let found = invoke("user", &json!({ "user_id": created["id"], "fields": "id,first_name,last_name" }))?;
        Ok(found.to_string())
    }
}

/// Calls one operation as an activity. The auth is empty because Obelisk stores arguments; the activity gets the address and
/// the credentials from the deployment. `max_wait_ms` is 0 because Obelisk itself waits and repeats, and a call that waits
/// holds its lock.
fn invoke(operation: &str, input: &Value) -> Result<Value, Failure> {
    let call = Call { operation: operation.to_owned(), input: input.to_string(), max_wait_ms: Some(0) };
    let output = connector::invoke("{}", &call)?;
    match output.body {
        Body::Json(json) => serde_json::from_str(&json).map_err(|error| unexpected(format!("{operation}: {error}"))),
        _ => Err(unexpected(format!("{operation} returned no JSON"))),
    }
}

/// A failure of the workflow itself.
fn unexpected(message: String) -> Failure {
    Failure::Permanent(Problem {
        reason: Reason::UnexpectedResponse,
        message,
        status: None,
        retry_after_ms: None,
        resume: None,
        request_sent: true,
        fields: Vec::new(),
        documentation_url: None,
    })
}

export!(Workflow);
