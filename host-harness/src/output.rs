//! Outputs as JSON.

use base64::Engine as _;
use connector_host::{Body, ExecutionFailure, Failure, Output};
use serde_json::{Value, json};

/// Converts an output to JSON, so that other steps can refer to it and programs can read it.
///
/// JSON stays as it is, with all digits and its order. Text becomes a string, no content becomes `null`, and a file
/// becomes an object of `media_type`, `name` and `base64`.
///
/// # Errors
///
/// Returns an error if the connector returns invalid JSON.
pub fn to_json(output: &Output) -> Result<Value, Failure> {
    Ok(match &output.body {
        Body::Json(json) => serde_json::from_str(json)
            .map_err(|error| ExecutionFailure::Interface(format!("its output is not JSON: {error}")))?,
        Body::Text(text) => Value::String(text.clone()),
        Body::Nothing => Value::Null,
        Body::File(file) => json!({
            "media_type": file.media_type,
            "name": file.name,
            "base64": base64::engine::general_purpose::STANDARD.encode(&file.bytes),
        }),
    })
}
