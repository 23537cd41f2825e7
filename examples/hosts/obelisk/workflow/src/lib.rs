//! List users, create a user, get that user: three activities and what goes from one to the next.
//!
//! It is deterministic, as Obelisk wants it: no clock, no randomness, no requests of its own. After a crash the engine
//! runs it again from its first line and answers each call from the history, until it comes to the one that is missing.

wit_bindgen::generate!({
    path: ["../../../../wit", "wit"],
    world: "examples:looker/workflow",
    generate_all,
});

use serde_json::{Value, json};
use workflow::connector::connector;
use workflow::connector::types::{Body, Failure, Problem, Reason};

struct Workflow;

impl exports::examples::looker::add_user::Guest for Workflow {
    fn run(first_name: String, last_name: String) -> Result<String, Failure> {
        invoke("all_users", &json!({ "fields": "id" }))?;
        let created = invoke("create_user", &json!({ "first_name": first_name, "last_name": last_name }))?;
        let found = invoke("user", &json!({ "user_id": created["id"], "fields": "id,first_name,last_name" }))?;
        Ok(found.to_string())
    }
}

/// One operation of Looker's, as an activity. The auth is empty: arguments are stored, and the activity has the address
/// and the credentials from the deployment.
fn invoke(operation: &str, input: &Value) -> Result<Value, Failure> {
    let output = connector::invoke("{}", operation, &input.to_string())?;
    match output.body {
        Body::Json(json) => serde_json::from_str(&json).map_err(|error| unexpected(format!("{operation}: {error}"))),
        _ => Err(unexpected(format!("{operation} gave something that is no JSON"))),
    }
}

/// A failure of the workflow's own.
fn unexpected(message: String) -> Failure {
    Failure::Permanent(Problem {
        reason: Reason::UnexpectedResponse,
        message,
        status: None,
        retry_after_ms: None,
        request_sent: true,
        fields: Vec::new(),
        documentation_url: None,
    })
}

export!(Workflow);
