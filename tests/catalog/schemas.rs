//! The list and the schemas of all operations.

use integration_tests::connector;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many operations of Looker API 4.0 the component lists.
const OPERATIONS: usize = 506;

/// Titles that users know from documentation. They must not change.
const FIXED_TITLES: [(&str, &str); 10] = [
    ("all_users", "List users"),
    ("create_user", "Create user"),
    ("user", "Get user"),
    ("me", "Get current user"),
    ("update_user", "Update user"),
    ("create_user_credentials_api3", "Create API 3 credentials"),
    ("create_user_credentials_totp", "Create two factor login information"),
    ("create_user_credentials_email", "Create user email credentials"),
    ("update_user_credentials_email", "Update user email credentials"),
    ("create_user_credentials_email_password_reset", "Create password reset token"),
];

#[tokio::test]
async fn every_operation_has_a_unique_title_and_a_description() {
    let operations = connector().await.list_operations().await.unwrap();
    let jobs = operations.iter().filter(|operation| operation.group == "Jobs").count();
    assert_eq!(jobs, looker_connector::jobs::DEFINITIONS.len());
    // `call_api` is one more.
    assert_eq!(operations.len(), OPERATIONS + jobs + 1);
    let titles: BTreeSet<&str> = operations.iter().map(|operation| operation.title.as_str()).collect();
    assert_eq!(titles.len(), operations.len(), "a title is used twice");
    for (name, title) in FIXED_TITLES {
        assert!(operations.iter().any(|operation| operation.name == name && operation.title == title), "{name}");
    }
    for operation in operations {
        assert!(operation.description.ends_with('.'), "{}: {}", operation.name, operation.description);
        assert!(!operation.description.contains('\n'), "{}", operation.name);
        assert!(!operation.group.is_empty(), "{}", operation.name);
    }
}

#[tokio::test]
async fn every_schema_is_valid_json_schema() {
    let mut sandbox = connector().await.sandbox().await.unwrap();
    for summary in sandbox.list_operations().await.unwrap() {
        let operation = sandbox.describe_operation(&summary.name).await.unwrap();
        for (which, schema) in [("input", &operation.input_schema), ("output", &operation.output_schema)] {
            let schema: Value = serde_json::from_str(schema).unwrap();
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{} {which}", summary.name);
            if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
                panic!("{} {which}: {error} at {}", summary.name, error.instance_path());
            }
            // Building a validator resolves every reference.
            jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{} {which}: {error}", summary.name));
        }
        let input: Value = serde_json::from_str(&operation.input_schema).unwrap();
        assert_eq!(input["type"], "object", "{}", summary.name);
        for (name, field) in input["properties"].as_object().unwrap() {
            assert!(field["title"].as_str().is_some_and(|title| !title.is_empty()), "{}.{name}", summary.name);
        }
    }
}

#[tokio::test]
async fn auth_schema_is_valid_and_marks_secrets() {
    let schema: Value = serde_json::from_str(&connector().await.auth_schema().await.unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for secret in ["client_secret", "access_token"] {
        assert_eq!(schema["properties"][secret]["format"], "password");
    }
    let auth = |fields: &str| serde_json::from_str::<Value>(fields).unwrap();
    assert!(validator.is_valid(&auth(r#"{"domain": "mycompany", "client_id": "i", "client_secret": "s"}"#)));
    assert!(validator.is_valid(&auth(r#"{"domain": "mycompany", "port": 19999}"#)));
    assert!(!validator.is_valid(&auth(r#"{"domain": "mycompany", "port": 19999, "region": "eu"}"#)));
    assert!(!validator.is_valid(&auth(r#"{"domian": "mycompany"}"#)));
}

/// Properties that are named like secrets but are not secret.
const NO_SECRETS: [&str; 2] = ["next_page_token", "device_token"];

#[tokio::test]
async fn input_and_output_schemas_mark_secrets() {
    let mut sandbox = connector().await.sandbox().await.unwrap();
    let (mut marked, mut bare) = (BTreeSet::new(), BTreeSet::new());
    for summary in sandbox.list_operations().await.unwrap() {
        let operation = sandbox.describe_operation(&summary.name).await.unwrap();
        for schema in [&operation.input_schema, &operation.output_schema] {
            for_each_property(&serde_json::from_str(schema).unwrap(), &mut |name, schema| {
                let is_text = schema["type"] == "string" || schema["type"] == json!(["string", "null"]);
                if schema["format"] == "password" {
                    marked.insert(name.to_owned());
                } else if is_text && ["password", "secret", "token"].iter().any(|end| name.ends_with(end)) {
                    bare.insert(name.to_owned());
                }
            });
        }
    }
    for secret in ["password", "certificate", "client_secret", "secret", "access_token", "password_reset_url"] {
        assert!(marked.contains(secret), "{secret}: {marked:?}");
    }
    assert_eq!(bare, NO_SECRETS.map(str::to_owned).into(), "of `connector/catalog/overlay/secrets.toml`");
}

fn for_each_property(schema: &Value, see: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(parts) => {
            if let Some(properties) = parts.get("properties").and_then(Value::as_object) {
                properties.iter().for_each(|(name, property)| see(name, property));
            }
            parts.values().for_each(|part| for_each_property(part, see));
        }
        Value::Array(parts) => parts.iter().for_each(|part| for_each_property(part, see)),
        _ => {}
    }
}
