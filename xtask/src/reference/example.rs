//! An example call with all that is required, and a little of what is usual.

use serde_json::{Map, Value, json};

/// A command that calls the operation against the practice Looker.
pub fn call(name: &str, schema: &Value) -> String {
    let input = input(schema);
    if input.is_empty() {
        return format!("host-harness invoke {name} --practice");
    }
    format!("host-harness invoke {name} --practice --input '{}'", Value::Object(input))
}

/// The smallest input that says something: what is required, and where nothing is, the first field with a plain value.
fn input(schema: &Value) -> Map<String, Value> {
    let field = |name: &str| (name.to_owned(), value(name, &schema["properties"][name]));
    // Where one of several inputs is required, the first will do.
    let choice = schema.get("oneOf").or(schema.get("anyOf")).map(|choices| &choices[0]["required"]);
    let required = [Some(&schema["required"]), choice].into_iter().flatten().filter_map(Value::as_array).flatten();
    let mut input: Map<String, Value> = required.filter_map(Value::as_str).map(field).collect();
    let writes_a_body = schema["additionalProperties"] == true;
    let has_body_field = || {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let mut plain = fields.filter(|(name, field)| !input.contains_key(*name) && is_text(field) && !is_choice(name));
        plain.next().map(|(name, _)| name.clone())
    };
    if writes_a_body && let Some(name) = has_body_field() {
        let (name, value) = field(&name);
        input.insert(name, value);
    }
    input
}

fn is_text(field: &Value) -> bool {
    let kind = field["type"].as_str().or(field["type"][0].as_str());
    kind == Some("string") && field["format"].is_null() && field["deprecated"].is_null() && field["enum"].is_null()
}

/// Names whose value an example should not make up.
fn is_choice(name: &str) -> bool {
    name == "fields" || name.ends_with("_id") || name.starts_with("query_")
}

fn value(name: &str, field: &Value) -> Value {
    if let Some(first) = field["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match field["type"].as_str().or(field["type"][0].as_str()) {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([value(name, &field["items"])]),
        Some("string") if field["x-lookup"]["value"] == "id" => json!("1"),
        Some("string") if name == "result_format" => json!("csv"),
        Some("string") if name.contains("email") => json!("ada@example.com"),
        Some("string") if name.ends_with("_id") || name == "id" || name == "body" => json!("1"),
        Some("string") if field["format"] == "date-time" => json!("2026-01-31T12:00:00Z"),
        Some("string") => json!(field["title"].as_str().unwrap_or("text")),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_what_is_required() {
        let schema = json!({"required": ["user_id"], "properties": {"user_id": {"type": "string"}, "fields": {"type": "string"}}});
        assert_eq!(call("user", &schema), r#"host-harness invoke user --practice --input '{"user_id":"1"}'"#);
        let schema = json!({"anyOf": [{"required": ["from"]}, {"required": ["ids"]}], "properties": {"from": {"type": "string", "x-lookup": {"value": "id"}}}});
        assert_eq!(call("give", &schema), r#"host-harness invoke give --practice --input '{"from":"1"}'"#);
        assert_eq!(call("me", &json!({"properties": {}})), "host-harness invoke me --practice");
    }

    #[test]
    fn an_example_of_a_body_says_something() {
        let schema = json!({"additionalProperties": true, "properties": {"first_name": {"type": ["string", "null"], "title": "First name"}}});
        assert!(call("create_user", &schema).ends_with(r#"--input '{"first_name":"First name"}'"#));
    }
}
