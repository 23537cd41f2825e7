//! The page of a group: a section for each of its operations.

use crate::{example, index};
use connector_host::bindings::Operation;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write;

/// The page of a group.
pub fn page(group: &str, operations: &[Operation]) -> Result<String, Box<dyn Error>> {
    let mut page = format!("# {group}\n\n[Full list of operations](../operations.md)\n");
    for operation in operations {
        page.push_str(&section(operation)?);
    }
    Ok(page)
}

fn section(operation: &Operation) -> Result<String, Box<dyn Error>> {
    let summary = &operation.summary;
    let input: Value = serde_json::from_str(&operation.input_schema)?;
    let output: Value = serde_json::from_str(&operation.output_schema)?;
    let mut section = format!("\n## {}\n\n**{}** — {}\n\n", summary.name, summary.title, summary.description);
    let mut facts = vec![index::effect(summary.effect).to_owned(), format!("calls: {}", index::cost(&input))];
    let stability = index::stability(summary.stability);
    if !stability.is_empty() {
        facts.push(format!("**{stability}**"));
    }
    writeln!(section, "{}.", facts.join(" · "))?;
    let fields = input["properties"].as_object();
    match fields.filter(|fields| !fields.is_empty()) {
        None => section.push_str("\nIt takes no inputs.\n"),
        Some(fields) => {
            section.push_str("\n| input | type | |\n| --- | --- | --- |\n");
            for (name, field) in fields {
                let is_required =
                    input["required"].as_array().is_some_and(|required| required.contains(&name.as_str().into()));
                let required = if is_required { " **required**" } else { "" };
                writeln!(section, "| `{name}`{required} | {} | {} |", type_name(field), words(field))?;
            }
        }
    }
    writeln!(section, "\nResult: {}", result(operation, &output))?;
    writeln!(section, "\n```sh\n{}\n```", example::call(&summary.name, &input))?;
    Ok(section)
}

/// Title, help, values and look-up of a field.
fn words(field: &Value) -> String {
    let mut parts = Vec::new();
    for key in ["title", "description"] {
        if let Some(text) = field[key].as_str() {
            parts.push(format!("{}.", text.trim_end_matches('.')));
        }
    }
    if field["deprecated"] == true {
        parts.push("**deprecated**.".to_owned());
    }
    let values = field["enum"].as_array().or(field["items"]["enum"].as_array());
    if let Some(values) = values {
        let values: Vec<String> = values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
        parts.push(format!("One of {}.", values.join(", ")));
    }
    if let Some(operation) = field["x-lookup"]["operation"].as_str() {
        parts.push(format!("Choose from `{operation}`."));
    }
    parts.join(" ").replace('|', "\\|")
}

/// A type as a person reads it: `list of string`.
fn type_name(schema: &Value) -> String {
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

fn result(operation: &Operation, output: &Value) -> String {
    if operation.media_types.is_empty() {
        return "nothing.".to_owned();
    }
    let types: Vec<String> = operation.media_types.iter().map(|media_type| format!("`{media_type}`")).collect();
    let is_json = operation.media_types.iter().any(|media_type| media_type == "application/json");
    let shape = if is_json { format!("{}, as ", type_name(output)) } else { String::new() };
    format!("{shape}{}.", types.join(", "))
}
