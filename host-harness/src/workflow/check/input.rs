//! Checks an input against its schema, with the conversions that connectors make: numbers and booleans may be text, text
//! may be a number or a boolean, and one value may stand for a list.

use super::path::types;
use super::schema::Possible;
use crate::workflow::inputs::words::{is_whole, of_type, short};
use crate::workflow::node::kind;
use crate::workflow::problem::{closest, suggestion};
use crate::workflow::reference::is_reference;
use serde_json::{Map, Value};

/// What a check finds: places and what is wrong there.
pub(super) type Found = Vec<(String, String)>;

/// Checks an input, whose references are left out.
pub(super) fn check(operation: &str, input: &Map<String, Value>, schema: &Value, found: &mut Found) {
    let possible = Possible::of(schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = || properties.into_iter().flat_map(Map::keys).map(String::as_str);
    let takes_more = !matches!(schema.get("additionalProperties"), Some(Value::Bool(false)));
    let required = || schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required() {
        match input.get(name) {
            // A misspelt name is told where it stands.
            None if input
                .keys()
                .any(|given| closest(given, names()) == Some(name) && !names().any(|known| known == given)) => {}
            None => found.push(("input".to_owned(), format!("`{operation}` needs the input `{name}`"))),
            Some(Value::Null) => {
                found
                    .push((format!("input.{name}"), format!("`{operation}` needs a value for `{name}`; this is null")));
            }
            Some(_) => {}
        }
    }
    for (name, value) in input {
        let place = format!("input.{name}");
        match properties.and_then(|properties| properties.get(name)) {
            Some(schema) => self::value(value, &possible.part(schema), &place, found),
            None if !takes_more => {
                let hint = match names().next() {
                    Some(_) => suggestion(name, names()),
                    None => "; it takes none".to_owned(),
                };
                found.push((place, format!("`{operation}` has no input `{name}`{hint}")));
            }
            // More may be sent, but what is nearly the name of an input is misspelt.
            None => {
                if let Some(meant) = closest(name, names()) {
                    let problem = format!("`{operation}` has no input `{name}`; did you mean `{meant}`?");
                    found.push((place, problem));
                }
            }
        }
    }
}

/// Checks one value. Null is not checked: connectors leave it out, or it clears the value.
fn value(value: &Value, possible: &Possible<'_>, place: &str, found: &mut Found) {
    let Some(alternatives) = possible.alternatives() else { return };
    if value.is_null() || matches!(value, Value::String(text) if is_reference(text)) {
        return;
    }
    let Some(names) = possible.types() else { return };
    if !names.iter().any(|name| is_convertible(value, name)) {
        let value = match value {
            Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
            _ => format!("`{}`", short(&text_of(value))),
        };
        found.push((place.to_owned(), format!("this has to be {}; {value} is not", types(possible))));
        return;
    }
    if let [only] = alternatives
        && let Some(Value::Array(options)) = only.get("enum")
        && !options.iter().any(|option| text_of(option) == text_of(value))
    {
        let known: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        let hint = suggestion(&text_of(value), known);
        found.push((
            place.to_owned(),
            format!("`{}` is not one of the values that this can have{hint}", short(&text_of(value))),
        ));
    }
    match value {
        Value::Array(items) => {
            let Some(elements) = possible.elements() else { return };
            for (index, item) in items.iter().enumerate() {
                self::value(item, &elements, &format!("{place}[{index}]"), found);
            }
        }
        Value::Object(properties) => {
            for (name, value) in properties {
                let place = format!("{place}.{name}");
                match possible.property(name) {
                    Ok(possible) => self::value(value, &possible, &place, found),
                    Err(names) => {
                        if let Some(meant) = closest(name, names) {
                            found.push((place, format!("there is no `{name}` here; did you mean `{meant}`?")));
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether connectors take a value where a schema asks for a type.
fn is_convertible(value: &Value, name: &str) -> bool {
    match (name, value) {
        ("string", Value::String(_) | Value::Number(_) | Value::Bool(_)) => true,
        ("integer", Value::Number(_)) => is_whole(value),
        ("number", Value::Number(_)) => true,
        ("boolean", Value::Bool(_)) => true,
        ("boolean", Value::String(text)) => matches!(text.trim(), "true" | "false"),
        ("integer" | "number", Value::String(text)) => serde_json::from_str::<Value>(text.trim())
            .is_ok_and(|value| value.is_number() && is_convertible(&value, name)),
        // One value for a list, and a list or an object that is text already, are sent as they are.
        ("array", Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_)) => true,
        ("object", Value::Object(_) | Value::String(_)) => true,
        _ => false,
    }
}

/// Whether a reference may give what an input takes: whether some value of what it finds can be converted.
pub(super) fn may_give(found: &Possible<'_>, wanted: &Possible<'_>) -> Result<(), String> {
    let (Some(given), Some(taken)) = (found.types(), wanted.types()) else { return Ok(()) };
    let is_scalar = |name: &&str| matches!(*name, "string" | "integer" | "number" | "boolean");
    // What is null is left out.
    let fits = given.iter().any(|given| {
        let is_taken = |taken: &&str| {
            given == taken
                || (is_scalar(given) && (is_scalar(taken) || *taken == "array"))
                || (*given == "string" && *taken == "object")
        };
        *given == "null" || taken.iter().any(is_taken)
    });
    let only_null = given == ["null"];
    if fits && !only_null {
        Ok(())
    } else {
        Err(format!("this has to be {}, but it gives {}", list(&taken), list(&given)))
    }
}

fn list(names: &[&str]) -> String {
    let names: Vec<&str> = names.iter().filter(|name| **name != "null").map(|name| of_type(name)).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" or ") }
}
