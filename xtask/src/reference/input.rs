//! The inputs of an operation as rows of a table.

use serde_json::Value;
use std::fmt::Write as _;

/// A table of the inputs that a schema describes.
pub fn table(schema: &Value) -> String {
    let fields = schema["properties"].as_object().filter(|fields| !fields.is_empty());
    let Some(fields) = fields else { return "It takes no inputs.\n".to_owned() };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut table = "| input | type | |\n| --- | --- | --- |\n".to_owned();
    for (name, field) in fields {
        let required = if required.contains(&name.as_str()) { " **required**" } else { "" };
        let _ = writeln!(table, "| `{name}`{required} | {} | {} |", type_name(field), about(field));
    }
    table
}

/// A type as a person reads it: `list of string`.
pub fn type_name(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str().or(schema["anyOf"][0]["$ref"].as_str()) {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    match (schema["type"].as_str().or(schema["type"][0].as_str()), schema["format"].as_str()) {
        (Some("array"), _) => format!("list of {}", type_name(&schema["items"])),
        (Some("string"), Some(format)) => format.to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, _) => "any".to_owned(),
    }
}

/// Title, help, values, effects and look-up of a field.
fn about(field: &Value) -> String {
    let mut parts = Vec::new();
    for key in ["title", "description"] {
        if let Some(text) = field[key].as_str() {
            parts.push(format!("{}.", text.trim_end_matches('.')));
        }
    }
    if field["deprecated"] == true {
        parts.push("**deprecated**.".to_owned());
    }
    if let Some(release) = field["x-since"].as_str() {
        parts.push(format!("Since Looker {release}."));
    }
    if let Some(values) = field["enum"].as_array().or(field["items"]["enum"].as_array()) {
        let value = |value: &Value| {
            let name = value.as_str()?;
            // What the operation does to data can depend on the value.
            let effect = field["x-effect"][name].as_str().map(|effect| format!(" ({effect})")).unwrap_or_default();
            Some(format!("`{name}`{effect}"))
        };
        parts.push(format!("One of {}.", values.iter().filter_map(value).collect::<Vec<_>>().join(", ")));
    }
    if let Some(operation) = field["x-lookup"]["operation"].as_str() {
        parts.push(format!("Choose from `{operation}`."));
    }
    parts.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_input_is_a_row() {
        let schema = json!({
            "required": ["method"],
            "properties": {
                "method": {
                    "type": "string", "title": "Method", "enum": ["GET", "POST"],
                    "x-effect": {"GET": "read", "POST": "write"},
                },
                "ids": {
                    "type": ["array", "null"], "items": {"type": "string"}, "title": "IDs", "description": "A | B.",
                    "deprecated": true, "x-since": "26.22",
                    "x-lookup": {"operation": "all_users", "value": "id", "label": "name"},
                },
            },
        });
        assert_eq!(
            table(&schema),
            "| input | type | |\n| --- | --- | --- |\n\
             | `method` **required** | string | Method. One of `GET` (read), `POST` (write). |\n\
             | `ids` | list of string | IDs. A \\| B. **deprecated**. Since Looker 26.22. Choose from `all_users`. |\n"
        );
        assert_eq!(table(&json!({"properties": {}})), "It takes no inputs.\n");
    }

    #[test]
    fn types_are_named_as_people_name_them() {
        for (schema, name) in [
            (json!({"type": ["array", "null"], "items": {"$ref": "#/$defs/User"}}), "list of User"),
            (json!({"anyOf": [{"$ref": "#/$defs/User"}, {"type": "null"}]}), "User"),
            (json!({"type": "string", "format": "date-time"}), "date-time"),
            (json!({}), "any"),
        ] {
            assert_eq!(type_name(&schema), name, "{schema}");
        }
    }
}
