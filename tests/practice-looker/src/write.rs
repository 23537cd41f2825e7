//! Applies a request body to an object.

use looker_connector::catalog::{Model, Property, Type};
use serde_json::Value;

use crate::table::Row;

/// Sets the properties that the body has. Ignores read-only properties and properties that the model does not have. `null`
/// clears a nullable property and leaves any other unchanged.
pub(crate) fn apply(model: &'static Model, row: &mut Row, body: &Row) {
    for property in model.properties.iter().filter(|property| !property.read_only) {
        if let Some(value) = body.get(property.name) {
            set(row, property, value);
        }
    }
}

fn set(row: &mut Row, property: &'static Property, value: &Value) {
    let value = match (property.kind, value) {
        (Type::Boolean | Type::Integer | Type::Number | Type::String(_), Value::Null) if !property.nullable => return,
        (Type::String(_), Value::Number(number)) => Value::from(number.to_string()),
        (Type::Model(model), Value::Object(part)) => {
            let mut nested = match row.remove(property.name) {
                Some(Value::Object(nested)) => nested,
                _ => crate::sample::blank(model),
            };
            apply(model, &mut nested, part);
            Value::Object(nested)
        }
        (_, value) => value.clone(),
    };
    row.insert(property.name.to_owned(), value);
}

/// Keeps only the properties that a model has: a dashboard in a list shows fewer than one that is read alone.
pub(crate) fn project(model: &'static Model, mut row: Row) -> Row {
    row.retain(|name, _| model.properties.iter().any(|property| property.name == name && !property.write_only));
    row
}
