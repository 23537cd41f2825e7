//! Drop-downs: what `x-lookup` says can be had by `invoke` alone.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

use host_harness::bindings::Body;
use host_harness::{Component, Connector, DEFAULT_COMPONENT, Host};
use practice_looker::PracticeLooker;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fields for which a person must be able to choose, whatever the operation.
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
async fn every_look_up_gives_values_to_choose_from() {
    let looker = PracticeLooker::start().unwrap();
    let host = Host::new().unwrap();
    let component = Component::from_bytes(&host, DEFAULT_COMPONENT).unwrap();
    let (domain, id, secret) = (looker.base_url(), looker.client_id(), looker.client_secret());
    let auth = json!({"domain": domain, "client_id": id, "client_secret": secret}).to_string();
    let connector = Connector::new(&host, &component).unwrap();
    let connector = connector.allowing_its_hosts(&auth, [looker.base_url().parse().unwrap()]).await.unwrap();
    let mut sandbox = connector.sandbox().await.unwrap();

    let (mut lookups, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for summary in sandbox.list_operations().await.unwrap() {
        let schema = sandbox.describe_operation(&summary.name).await.unwrap().input_schema;
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
    for (operation, value, label) in &lookups {
        let output = sandbox.invoke(&auth, operation, "{}").await.unwrap();
        let Body::Json(document) = output.body else { panic!("{operation} gives no JSON") };
        let items: Vec<Value> = serde_json::from_str(&document).unwrap();
        assert!(!items.is_empty(), "{operation} gives nothing to choose from");
        for item in &items {
            assert!(item[value].is_string() || item[value].is_number(), "{operation}: {item} has no value {value}");
            assert!(item.get(label).is_some(), "{operation}: {item} has no label {label}");
        }
    }
    println!("{} look-ups of {} fields give values", lookups.len(), fields.len());
}
