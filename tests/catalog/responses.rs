//! Outputs from the practice Looker, read through the component, match the output schemas.

use connector_host::{Body, Effect, Failure, FailureKind};
use integration_tests::Practice;
use serde_json::{Map, Value, json};

/// A value for a required input. Every collection of the practice Looker has an object with the id 1.
fn value(operation: &str, name: &str, schema: &Value) -> Value {
    match (operation, name) {
        ("user_for_credential", "credential_type") => json!("email"),
        ("user_for_credential", "credential_id") => json!("ada.lovelace@example.com"),
        ("folder_parent", "folder_id") => json!("2"),
        // Looker describes only one of its formats.
        ("run_sql_interface_query", "result_format") => json!("csv"),
        (_, "result_format") => json!("json"),
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        // A model or null.
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

/// Operations that read what the practice Looker does not have at the start, so that 404 is correct.
const ABSENT: [&str; 4] = ["check_pdt_build", "find_git_branch", "user_credentials_api3", "user_credentials_totp"];

fn is_not_found(failure: &Failure) -> bool {
    matches!(failure.kind(), FailureKind::Permanent(problem) if problem.status == Some(404))
}

#[tokio::test]
async fn outputs_match_their_schemas() {
    let mut practice = Practice::start().await;
    let (mut checked, mut wrong) = (0, Vec::new());
    for summary in practice.sandbox.list_operations().await.unwrap() {
        // Jobs need inputs that fit together. Their outputs are compared in `tests/jobs`.
        if summary.effect != Effect::Read || summary.group == "Jobs" {
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
            Err(failure) if ABSENT.contains(&summary.name.as_str()) && is_not_found(&failure) => {}
            Err(failure) => wrong.push(format!("{}: {failure}", summary.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{checked} outputs match their schemas");
    assert!(checked > 200, "only {checked} outputs were JSON");
}
