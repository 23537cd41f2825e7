//! Look-ups: `invoke` alone returns the choices that `x-lookup` names.

use integration_tests::Practice;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fields that must have a look-up in at least one operation.
const EXPECTED: [&str; 10] = [
    "user_id",
    "role_id",
    "folder_id",
    "look_id",
    "dashboard_id",
    "group_id",
    "model_name",
    "connection_name",
    "theme_id",
    "project_id",
];

#[tokio::test]
async fn every_lookup_returns_choices() {
    let mut practice = Practice::start().await;
    let (mut lookups, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for summary in practice.sandbox.list_operations().await.unwrap() {
        let schema = practice.sandbox.describe_operation(&summary.name).await.unwrap().input_schema;
        let schema: Value = serde_json::from_str(&schema).unwrap();
        for (name, field) in schema["properties"].as_object().unwrap() {
            if let Some(lookup) = field.get("x-lookup") {
                let part = |part: &str| lookup[part].as_str().unwrap().to_owned();
                lookups.insert((part("operation"), part("value"), part("label")));
                fields.insert(name.clone());
            }
        }
    }
    for name in EXPECTED {
        assert!(fields.contains(name), "{name} has no look-up");
    }
    // A query that runs is a choice of those that can be stopped; schedules and alerts of those that the caller has.
    let caller = practice.json("me", json!({})).await;
    practice.json("update_alert_field", json!({ "alert_id": "1", "owner_id": caller["id"] })).await;
    let plan = json!({ "name": "Mine", "look_id": "1", "crontab": "0 7 * * 1" });
    practice.json("create_scheduled_plan", plan).await;
    practice.json("create_query_task", json!({ "query_id": "1", "result_format": "json" })).await;
    for (operation, value, label) in &lookups {
        let choices = practice.json(operation, json!({})).await;
        let items = choices.as_array().unwrap_or_else(|| panic!("{operation} returns no list"));
        assert!(!items.is_empty(), "{operation} returns no choices");
        for item in items {
            assert!(item[value].is_string() || item[value].is_number(), "{operation}: {item} has no value {value}");
            assert!(item.get(label).is_some(), "{operation}: {item} has no label {label}");
        }
    }
    println!("{} look-ups of {} fields return choices", lookups.len(), fields.len());
}
