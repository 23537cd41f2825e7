//! Validates a request body against the catalog.

use bytes::Bytes;
use looker_connector::catalog::{Method, Model, Operation, Property, Type};
use serde_json::Value;

use crate::error_response::{Detail, ErrorResponse};

/// Parses and validates the body of a request. Returns `None` for a form: only login has one, and parses it itself.
///
/// # Errors
/// 400 if the body is missing, is not JSON or has the wrong JSON type; 422 if properties are invalid.
pub(crate) fn body(operation: &'static Operation, bytes: &Bytes) -> Result<Option<Value>, ErrorResponse> {
    let Some(body) = &operation.body else { return Ok(None) };
    if body.media_type == "text/plain" {
        let text =
            std::str::from_utf8(bytes).map_err(|_| ErrorResponse::BadRequest("The body is not UTF-8".to_owned()))?;
        return Ok(Some(Value::from(text)));
    }
    if body.media_type != "application/json" {
        return Ok(None);
    }
    if bytes.is_empty() {
        let missing = || ErrorResponse::BadRequest("A request body is required".to_owned());
        return if body.required { Err(missing()) } else { Ok(None) };
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|_| ErrorResponse::BadRequest("The request body is not valid JSON".to_owned()))?;
    if value.is_null() && !body.required {
        return Ok(None);
    }
    let fits = match body.kind {
        Type::Model(_) | Type::Map(_) => value.is_object(),
        Type::Array(_) => value.is_array(),
        Type::String(_) => value.is_string(),
        _ => true,
    };
    if !fits {
        return Err(ErrorResponse::BadRequest(format!("The request body must be {}", name_of(body.kind))));
    }
    let mut details = Vec::new();
    compare(&value, body.kind, "", &mut details);
    // A PATCH sends only what changes, so none of its properties is required.
    if operation.method != Method::Patch
        && let Type::Model(model) = body.kind
    {
        missing(&value, model, &mut details);
    }
    if details.is_empty() { Ok(Some(value)) } else { Err(ErrorResponse::Invalid(details)) }
}

fn missing(value: &Value, model: &Model, details: &mut Vec<Detail>) {
    let is_missing = |property: &&Property| {
        property.required && !property.read_only && value.get(property.name).is_none_or(Value::is_null)
    };
    for property in model.properties.iter().filter(is_missing) {
        let message = format!("{} is required", property.name);
        details.push(Detail::new(property.name, "missing_field", message));
    }
}

/// Adds a detail for everything in `value` that does not have the type `kind`. `null` fits every type: it clears a field.
fn compare(value: &Value, kind: Type, field: &str, details: &mut Vec<Detail>) {
    let fits = match (kind, value) {
        (_, Value::Null) | (Type::Any, _) => true,
        (Type::Boolean, Value::Bool(_)) | (Type::Number, Value::Number(_)) => true,
        (Type::Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
        // Older clients send ids as numbers.
        (Type::String(_), Value::Number(number)) => number.is_i64() || number.is_u64(),
        (Type::String(_), Value::String(_)) => true,
        (Type::Array(kind), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                compare(item, *kind, &format!("{field}[{index}]"), details);
            }
            true
        }
        (Type::Map(kind), Value::Object(entries)) => {
            for (name, entry) in entries {
                compare(entry, *kind, &join(field, name), details);
            }
            true
        }
        (Type::Model(model), Value::Object(entries)) => {
            for property in model.properties.iter().filter(|property| !property.read_only) {
                if let Some(entry) = entries.get(property.name) {
                    compare_property(entry, property, &join(field, property.name), details);
                }
            }
            true
        }
        _ => false,
    };
    if !fits {
        details.push(Detail::new(field, "invalid", format!("{field} must be {}", name_of(kind))));
    }
}

fn compare_property(value: &Value, property: &Property, field: &str, details: &mut Vec<Detail>) {
    compare(value, property.kind, field, details);
    let unknown = |item: &Value| item.as_str().is_some_and(|text| !property.values.contains(&text));
    let wrong = match value {
        Value::Array(items) => items.iter().any(unknown),
        value => unknown(value),
    };
    if wrong && !property.values.is_empty() {
        let message = format!("{field} must be one of: {}", property.values.join(", "));
        details.push(Detail::new(field, "invalid", message));
    }
}

fn join(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}

fn name_of(kind: Type) -> &'static str {
    match kind {
        Type::Any => "JSON",
        Type::Boolean => "true or false",
        Type::Integer => "an integer",
        Type::Number => "a number",
        Type::String(_) => "a string",
        Type::Array(_) => "an array",
        Type::Map(_) | Type::Model(_) => "an object",
    }
}
