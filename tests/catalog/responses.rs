//! What the practice Looker answers, through the component: it fits the output schemas, and fields can be chosen from.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

use connector_host::Failure;
use connector_host::bindings::{Body, Effect};
use integration_tests::Practice;
use serde_json::{Map, Value, json};

/// A value for a required input. Everything in the practice Looker has the id 1.
fn value(operation: &str, name: &str, schema: &Value) -> Value {
    match (operation, name) {
        ("user_for_credential", "credential_type") => json!("email"),
        ("user_for_credential", "credential_id") => json!("ada.lovelace@example.com"),
        ("folder_parent", "folder_id") => json!("2"),
        (_, "result_format") => json!("json"),
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        // A model, or nothing.
        _ if schema["$ref"].is_string() || schema["anyOf"].is_array() => json!({}),
        _ => match schema["type"].as_str().or(schema["type"][0].as_str()) {
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("object") => json!({}),
            _ => json!("1"),
        },
    }
}

/// Reads of what the practice Looker's people do not have at the start, so that "not found" is the right answer.
const ABSENT: [&str; 2] = ["user_credentials_api3", "user_credentials_totp"];

#[tokio::test]
async fn answers_fit_the_output_schemas() {
    let mut practice = Practice::start().await;
    let (mut checked, mut wrong) = (0, Vec::new());
    for summary in practice.sandbox.list_operations().await.unwrap() {
        if summary.effect != Effect::Read {
            continue;
        }
        let operation = practice.sandbox.describe_operation(&summary.name).await.unwrap();
        let input_schema: Value = serde_json::from_str(&operation.input_schema).unwrap();
        let required = input_schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let input: Map<String, Value> = required
            .iter()
            .filter_map(Value::as_str)
            .map(|name| (name.to_owned(), value(&summary.name, name, &input_schema["properties"][name])))
            .collect();
        let input = Value::Object(input);
        if let Err(error) = jsonschema::draft202012::validate(&input_schema, &input) {
            panic!("{} {input}: {error} at {}", summary.name, error.instance_path());
        }
        match practice.call(&summary.name, input).await {
            Ok(body) => {
                if let Body::Json(document) = body {
                    let schema: Value = serde_json::from_str(&operation.output_schema).unwrap();
                    let document: Value = serde_json::from_str(&document).unwrap();
                    let validator = jsonschema::draft202012::new(&schema).unwrap();
                    let errors: Vec<String> = validator
                        .iter_errors(&document)
                        .map(|error| format!("{error} at {}", error.instance_path()))
                        .collect();
                    if errors.is_empty() {
                        checked += 1;
                    } else {
                        wrong.push(format!("{}: {}", summary.name, errors.join("; ")));
                    }
                }
            }
            Err(Failure::Permanent(problem))
                if ABSENT.contains(&summary.name.as_str()) && problem.status == Some(404) => {}
            Err(failure) => wrong.push(format!("{}: {failure}", summary.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{checked} answers fit their schemas");
    assert!(checked > 200, "only {checked} answers were JSON");
}
