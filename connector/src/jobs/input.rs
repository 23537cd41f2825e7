//! Checks a job's input against its schema and converts its values, in one place for all jobs.
//!
//! Workflow platforms mix up numbers, booleans and text, so that `{"user_id": 5}` and `{"user_id": "5"}` mean the same.
//! A single value stands for a list of one. `null` counts as absent.

use super::Definition;
use crate::catalog::{Format, Type, nearest};
use crate::failure::{FieldProblems, Reason, Result};
use crate::input::{Input, Kind};
use crate::request::parameter_text;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How deep values are checked. Deeper ones are taken as they are.
const DEEPEST: usize = 16;

/// Returns the values of an input as the schema describes them, defaults included.
///
/// # Errors
///
/// One failure that names every input that is unknown, missing or of the wrong type.
pub fn values(job: &Definition, input: &Input) -> Result<Map<String, Value>> {
    // The schema is valid: a test reads those of all jobs.
    let schema: Value = serde_json::from_str(job.input_schema).unwrap_or_default();
    let mut check = Check { job: job.summary.name, problems: FieldProblems::default() };
    let values = check.values(&schema, input);
    check.problems.into_result(Reason::InvalidInput)?;
    Ok(values)
}

struct Check {
    job: &'static str,
    problems: FieldProblems,
}

impl Check {
    fn values(&mut self, schema: &Value, input: &Input) -> Map<String, Value> {
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let mut values = Map::new();
        for (name, value) in input.fields() {
            let Some(property) = properties.get(name) else {
                self.unknown(name, properties);
                continue;
            };
            if Kind::of(value) == Kind::Null {
                continue;
            }
            match convert(property, value, 0) {
                Ok(value) => {
                    values.insert(name.to_owned(), value);
                }
                Err(expected) => self.problems.add(name, "invalid", format!("{name} must be {expected}.")),
            }
        }
        for name in names(&schema["required"]) {
            if !values.contains_key(name) && !self.problems.names(name) {
                let what = about(&properties[name]);
                self.problems.add(name, "missing", format!("{} needs the input {name}: {what}.", self.job));
            }
        }
        self.alternatives(schema, &values);
        for (name, property) in properties {
            if let (Some(default), false) = (property.get("default"), values.contains_key(name)) {
                values.insert(name.clone(), default.clone());
            }
        }
        values
    }

    fn unknown(&mut self, name: &str, properties: &Map<String, Value>) {
        let near = nearest(name, properties.keys().map(String::as_str));
        let advice = if near.is_empty() {
            let mut names: Vec<&str> = properties.keys().map(String::as_str).collect();
            names.sort_unstable();
            format!("it takes {}.", names.join(", "))
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        self.problems.add(name, "unknown", format!("{} has no input {name}: {advice}", self.job));
    }

    /// Checks which inputs go together: `anyOf` and `oneOf` of lists of `required` inputs.
    fn alternatives(&mut self, schema: &Value, values: &Map<String, Value>) {
        for (keyword, only_one) in [("anyOf", false), ("oneOf", true)] {
            let Some(choices) = schema[keyword].as_array() else { continue };
            let given = |choice: &&Value| names(&choice["required"]).all(|name| values.contains_key(name));
            let count = choices.iter().filter(given).count();
            let is_wrong = |name: &str| self.problems.names(name);
            if count == 1
                || (count > 1 && !only_one)
                || choices.iter().flat_map(|choice| names(&choice["required"])).any(is_wrong)
            {
                continue;
            }
            let written = |choice: &Value| names(&choice["required"]).collect::<Vec<_>>().join(" with ");
            let all: Vec<String> = choices.iter().map(written).collect();
            let first = choices.iter().flat_map(|choice| names(&choice["required"])).next().unwrap_or_default();
            if count == 0 {
                self.problems.add(first, "missing", format!("{} needs {}.", self.job, all.join(" or ")));
            } else {
                self.problems.add(first, "conflict", format!("{} takes only one of {}.", self.job, all.join(", ")));
            }
        }
    }
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Title and help of a property, for a message.
fn about(property: &Value) -> String {
    let title = property["title"].as_str().unwrap_or_default();
    let what = property["description"].as_str().map_or(title.to_owned(), |help| format!("{title}. {help}"));
    what.trim_end_matches('.').to_owned()
}

/// A value as a schema describes it. An error is a description of what would be right.
fn convert(schema: &Value, value: &RawValue, depth: usize) -> std::result::Result<Value, String> {
    let kind = schema["type"].as_str().or_else(|| names(&schema["type"]).find(|kind| *kind != "null"));
    let converted = match (kind, Kind::of(value)) {
        _ if depth > DEEPEST => any(value)?,
        (Some("string"), _) => Value::String(parameter_text(&Type::String(Format::Text), value)?),
        (Some("integer"), _) => any_text(&parameter_text(&Type::Integer, value)?)?,
        (Some("number"), _) => any_text(&parameter_text(&Type::Number, value)?)?,
        (Some("boolean"), _) => any_text(&parameter_text(&Type::Boolean, value)?)?,
        (Some("array"), Kind::Array) => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| "a list".to_owned())?;
            let items: std::result::Result<Vec<Value>, String> =
                items.into_iter().map(|item| convert(&schema["items"], item, depth + 1)).collect();
            Value::Array(items.map_err(|expected| format!("a list, and each of its items {expected}"))?)
        }
        (Some("array"), Kind::Object | Kind::Null) if schema["items"]["type"] != "object" => {
            return Err("a list".to_owned());
        }
        (Some("array"), _) => Value::Array(vec![convert(&schema["items"], value, depth + 1)?]),
        (Some("object"), Kind::Object) => object(schema, value, depth)?,
        (Some("object"), _) => return Err("an object".to_owned()),
        _ => any(value)?,
    };
    bounds(schema, &converted)?;
    Ok(converted)
}

fn object(schema: &Value, value: &RawValue, depth: usize) -> std::result::Result<Value, String> {
    let fields = Input::split(value.get()).map_err(|_| "an object without a field twice".to_owned())?;
    let mut object = Map::new();
    for (name, value) in fields.fields() {
        let of_name = schema["properties"].get(name);
        let of_others = schema.get("additionalProperties").filter(|others| others.is_object());
        if of_name.is_none() && schema["additionalProperties"] == false {
            return Err(format!("an object without {name}"));
        }
        let converted = match of_name.or(of_others) {
            Some(schema) if Kind::of(value) != Kind::Null => {
                convert(schema, value, depth + 1).map_err(|expected| format!("an object whose {name} is {expected}"))?
            }
            _ => any(value)?,
        };
        object.insert(name.to_owned(), converted);
    }
    match names(&schema["required"]).find(|name| object.get(*name).is_none_or(Value::is_null)) {
        Some(name) => Err(format!("an object with {name}")),
        None => Ok(Value::Object(object)),
    }
}

/// Checks the values that a schema allows.
fn bounds(schema: &Value, value: &Value) -> std::result::Result<(), String> {
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        let texts: Vec<String> =
            allowed.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        return Err(match value.as_str().map(|text| nearest(text, texts.iter().map(String::as_str))) {
            Some(near) if !near.is_empty() && texts.len() > 8 => {
                format!("one of those allowed, such as {}", near.join(" or "))
            }
            _ => format!("one of {}", texts.join(", ")),
        });
    }
    if schema["minLength"].as_u64().is_some_and(|least| least > 0)
        && value.as_str().is_some_and(|text| text.trim().is_empty())
    {
        return Err("text that is not empty".to_owned());
    }
    let count = value.as_array().map(Vec::len).or_else(|| value.as_object().map(Map::len));
    if let (Some(count), Some(least)) = (count, schema["minItems"].as_u64().or(schema["minProperties"].as_u64()))
        && (count as u64) < least
    {
        return Err(format!("at least {least} of them"));
    }
    if let Some(number) = value.as_f64() {
        if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
            return Err(format!("at least {least}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
            return Err(format!("at most {most}"));
        }
    }
    Ok(())
}

fn any(value: &RawValue) -> std::result::Result<Value, String> {
    any_text(value.get())
}

fn any_text(text: &str) -> std::result::Result<Value, String> {
    serde_json::from_str(text).map_err(|_| "a JSON value that is not nested so deeply".to_owned())
}

#[cfg(test)]
mod tests;
