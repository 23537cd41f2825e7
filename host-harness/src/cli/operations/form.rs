//! A JSON Schema as a list of fields, for people.

use serde_json::Value;
use std::fmt::Write as _;

/// How wide a name may be before it breaks the columns instead of widening them all.
const WIDEST_NAME: usize = 40;

/// One line for each field: name, type, whether it is required, what it is.
pub(in crate::cli) fn fields(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        return "  none\n".to_owned();
    };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows: Vec<(String, String, String)> = properties
        .iter()
        .map(|(name, field)| {
            let mark = if required.contains(&name.as_str()) { "required" } else { "" };
            let kind = [type_of(field).as_str(), mark].join(" ").trim_end().to_owned();
            (name.clone(), kind, words(field))
        })
        .collect();
    let names = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    let kinds = rows.iter().map(|(_, kind, _)| kind.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    let mut text = String::new();
    for (name, kind, words) in &rows {
        let _ = writeln!(text, "{}", format!("  {name:names$}  {kind:kinds$}  {words}").trim_end());
    }
    if schema["additionalProperties"] != Value::Bool(false) {
        text.push_str("  (other inputs are passed on as they are)\n");
    }
    text
}

/// `: array of User`, or nothing where the schema does not say.
pub(super) fn type_after_colon(schema: &Value) -> String {
    match type_of(schema).as_str() {
        "any" => String::new(),
        kind => format!(": {kind}"),
    }
}

/// The type of a field, in a few words.
fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or(reference).to_owned();
    }
    for alternatives in ["anyOf", "oneOf", "allOf"] {
        if let Some(schemas) = schema[alternatives].as_array() {
            let mut kinds: Vec<String> = schemas.iter().map(type_of).filter(|kind| kind != "null").collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect(),
        _ => Vec::new(),
    };
    match kinds.as_slice() {
        [] => "any".to_owned(),
        ["array"] => format!("array of {}", type_of(&schema["items"])),
        ["string"] if schema["format"].is_string() => schema["format"].as_str().unwrap_or("string").to_owned(),
        kinds => kinds.join(" or "),
    }
}

/// What a field is: its title, its help, what it can be, where the choices come from.
fn words(field: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    for key in ["title", "description"] {
        if let Some(text) = field[key].as_str().filter(|text| !text.is_empty()) {
            let text = text.replace('\n', " ");
            parts.push(if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") });
        }
    }
    let values = field["enum"].as_array().or_else(|| field["items"]["enum"].as_array());
    if let Some(values) = values {
        let values: Vec<String> = values
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        parts.push(format!("One of: {}.", values.join(", ")));
    }
    if let Some(operation) = field["x-lookup"]["operation"].as_str() {
        parts.push(format!("Choices: {operation}."));
    }
    if field["deprecated"] == Value::Bool(true) {
        parts.push("Deprecated.".to_owned());
    }
    parts.join(" ")
}
