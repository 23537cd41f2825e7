//! Sample objects made from the catalog: right shape, plausible values.

use looker_connector::catalog::{Format, Model, Property, Type};
use serde_json::{Map, Value, json};

use crate::table::Row;

/// The maximum nesting of models in a sample, since models refer to each other in circles.
const DEPTH: usize = 3;

/// The date and time in every sample.
pub(crate) const MOMENT: &str = "2026-01-15T09:30:00.000+00:00";

/// A sample value of a type.
pub(crate) fn value(kind: Type) -> Value {
    of_type(kind, "value", &[], DEPTH).unwrap_or(Value::Null)
}

/// An object with every property that Looker returns.
pub(crate) fn row(model: &Model) -> Row {
    of_model(model, DEPTH)
}

/// A blank object: a new one before its properties are set.
pub(crate) fn blank(model: &Model) -> Row {
    let given = model.properties.iter().filter(|property| !property.write_only);
    given.map(|property| (property.name.to_owned(), blank_value(property))).collect()
}

fn blank_value(property: &Property) -> Value {
    match property.kind {
        Type::Array(_) => json!([]),
        Type::Map(_) => json!({}),
        Type::Boolean if !property.nullable => json!(false),
        Type::Integer if !property.nullable => json!(0),
        Type::Number if !property.nullable => json!(0.0),
        Type::String(format) if !property.nullable => match property.values.first() {
            Some(first) => json!(first),
            None if matches!(format, Format::Text | Format::UriReference | Format::Password) => json!(""),
            None => value(property.kind),
        },
        _ => Value::Null,
    }
}

fn of_model(model: &Model, depth: usize) -> Row {
    let given = model.properties.iter().filter(|property| !property.write_only);
    given
        .filter_map(|property| {
            let value = of_type(property.kind, property.name, property.values, depth)?;
            Some((property.name.to_owned(), value))
        })
        .collect()
}

/// A value; `None` if a model would be nested too deep.
fn of_type(kind: Type, name: &str, values: &[&str], depth: usize) -> Option<Value> {
    Some(match kind {
        Type::Any => json!({ "sample": true }),
        Type::Boolean => json!(true),
        Type::Integer => json!(1),
        Type::Number => json!(1.5),
        Type::String(format) => match (values.first(), format) {
            (Some(first), _) => json!(first),
            (None, Format::Text | Format::Password) => json!(text(name)),
            (None, Format::DateTime) => json!(MOMENT),
            (None, Format::Date) => json!("2026-01-15"),
            (None, Format::UriReference) => json!(format!("https://practice.looker.example/{name}")),
        },
        Type::Array(item) => match of_type(*item, name, values, depth) {
            Some(item) => json!([item]),
            None => json!([]),
        },
        Type::Map(item) => match of_type(*item, name, &[], depth) {
            Some(item) => Value::Object(Map::from_iter([("show".to_owned(), item)])),
            None => json!({}),
        },
        Type::Model(_) if depth == 0 => return None,
        Type::Model(model) => Value::Object(of_model(model, depth - 1)),
    })
}

fn text(name: &str) -> String {
    match name {
        "id" => "1".to_owned(),
        "email" => "sample@example.com".to_owned(),
        _ if name.ends_with("_id") || name.ends_with("_ids") => "1".to_owned(),
        _ if name.ends_with("_at") => MOMENT.to_owned(),
        _ if name.ends_with("url") => format!("https://practice.looker.example/{name}"),
        _ => format!("Sample {}", name.replace('_', " ")),
    }
}
