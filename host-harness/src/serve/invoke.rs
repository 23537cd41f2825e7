//! `/api/invoke`: one call, such as the one behind a drop-down.
//!
//! It carries out any operation, also one that changes data: a request that got here is the page's own, and `/api/runs` would
//! carry the same operation out.

use super::app::App;
use super::error::{ApiError, Json};
use super::request::JsonBody;
use super::{auth_routes, failure};
use axum::extract::State;
use connector_host::{Body, Call, Failure, Problem, Reason};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// The largest output. What is larger belongs into a run, whose outputs are read in parts.
const MAX_BYTES: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    auth: String,
    operation: String,
    /// As it stands: numbers keep their digits.
    #[serde(default)]
    input: Option<Box<RawValue>>,
}

pub(super) async fn invoke(
    State(app): State<Arc<App>>,
    JsonBody(Request { auth, operation, input }): JsonBody<Request>,
) -> Result<Json, ApiError> {
    let auth = auth_routes::find(&app, &auth)?.auth;
    let mut call = Call::new(&operation);
    if let Some(input) = input {
        call = call.input(input.get());
    }
    let output = match app.connector.invoke(&auth, call).await {
        Ok(output) => output,
        Err(failure) => {
            let described = app.connector.describe_operation(&operation).await;
            return Err(failure::error(&failure, described.ok().map(|operation| operation.summary.effect)));
        }
    };
    let bytes = match &output.body {
        Body::Json(text) | Body::Text(text) => text.len(),
        Body::File(file) => file.bytes.len(),
        Body::Nothing => 0,
    };
    if bytes > MAX_BYTES {
        return Err(failure::error(&too_large(bytes), None));
    }
    let mut answer = match output.body {
        Body::Json(text) => json!({ "kind": "json", "json": parsed(&text)? }),
        Body::Text(text) => json!({ "kind": "text", "text": text }),
        Body::File(file) => json!({ "kind": "file", "media_type": file.media_type, "name": file.name }),
        Body::Nothing => json!({ "kind": "nothing" }),
    };
    answer["bytes"] = json!(bytes);
    if let Some(next) = output.next {
        answer["next"] = parsed(&next)?;
    }
    Ok(Json(answer))
}

fn parsed(text: &str) -> Result<Value, ApiError> {
    crate::description::document("output", text).map_err(|failure| failure::error(&failure, None))
}

/// The call succeeded, and its output is too large for this.
fn too_large(bytes: usize) -> Failure {
    let message = format!(
        "the output has {bytes} bytes, more than {} MiB; the operation was carried out; request fewer fields or rows, or use a \
         run, whose outputs are read in parts",
        MAX_BYTES >> 20
    );
    let mut problem = Problem::new(Reason::ExecutionFailed, message);
    problem.request_sent = true;
    Failure::permanent(problem)
}
