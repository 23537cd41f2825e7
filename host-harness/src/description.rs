//! Descriptions of connectors and operations as JSON, for programs and for the step editor.

use connector_host::{ConnectorInfo, Effect, ExecutionFailure, Failure, Operation, OperationSummary, Stability};
use serde_json::{Value, json};

/// A connector with the schema of its sign-in form.
pub fn connector(info: &ConnectorInfo, auth_schema: &Value) -> Value {
    json!({
        "name": info.name,
        "title": info.title,
        "description": info.description,
        "version": info.version,
        "documentation_url": info.documentation_url,
        "catalog_digest": info.catalog_digest,
        "auth_schema": auth_schema,
    })
}

/// An entry in the list of operations.
pub fn summary(operation: &OperationSummary) -> Value {
    json!({
        "name": operation.name,
        "title": operation.title,
        "group": operation.group,
        "description": operation.description,
        "effect": effect(operation.effect),
        "idempotent": operation.idempotent,
        "stability": stability(operation.stability),
    })
}

/// An operation with its schemas.
///
/// # Errors
///
/// Returns an error if the connector returns a schema that is not JSON.
pub fn operation(operation: &Operation) -> Result<Value, Failure> {
    let mut description = summary(&operation.summary);
    description["input_schema"] = document("input-schema", &operation.input_schema)?;
    description["output_schema"] = document("output-schema", &operation.output_schema)?;
    description["media_types"] = json!(operation.media_types);
    Ok(description)
}

/// A JSON document that the connector returned. `name` says which.
///
/// # Errors
///
/// Returns an error if the text is not JSON.
pub fn document(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| ExecutionFailure::Interface(format!("its {name} is not JSON: {error}")).into())
}

/// The name of an effect: `read`, `write` or `delete`.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Delete => "delete",
    }
}

/// The name of a stability: `stable`, `beta`, `alpha` or `deprecated`.
pub fn stability(stability: Stability) -> &'static str {
    match stability {
        Stability::Stable => "stable",
        Stability::Beta => "beta",
        Stability::Alpha => "alpha",
        Stability::Deprecated => "deprecated",
    }
}
