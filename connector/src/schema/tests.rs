//! Schemas by example. The integration tests validate all of them.

use super::*;
use crate::operations::find;
use serde_json::Value;

fn input(operation: &str) -> Value {
    serde_json::from_str(&input_schema(find(operation).unwrap())).unwrap()
}

fn output(operation: &str) -> Value {
    serde_json::from_str(&output_schema(find(operation).unwrap())).unwrap()
}

fn names(schema: &Value) -> Vec<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn inputs_have_only_what_can_be_set() {
    let schema = input("update_user");
    assert_eq!(schema["title"], "Update user");
    assert_eq!(schema["required"], serde_json::json!(["user_id"]));
    let names = names(&schema);
    for name in ["user_id", "first_name", "fields"] {
        assert!(names.contains(&name), "{names:?}");
    }
    // Only Looker sets it.
    assert!(!names.contains(&"display_name"));
    assert_eq!(schema["properties"]["user_id"]["type"], "string");
    assert_eq!(schema["properties"]["user_id"]["minLength"], 1);
    assert_eq!(schema["properties"]["first_name"]["type"], serde_json::json!(["string", "null"]));
    assert_eq!(schema["additionalProperties"], true);
    assert_eq!(input("all_users")["additionalProperties"], false);
}

#[test]
fn objects_with_only_read_only_properties_are_not_inputs() {
    assert!(!names(&input("create_user")).contains(&"credentials_google"));
    assert!(!names(&input("create_look")).contains(&"model"));
    // It is still there in what Looker answers.
    assert!(output("user")["$defs"]["User"]["properties"]["credentials_google"].is_object());
}

#[test]
fn clashing_names_are_separate_inputs() {
    let schema = input("create_query");
    assert_eq!(schema["properties"]["fields"]["type"], serde_json::json!(["array", "null"]));
    assert_eq!(schema["properties"]["query_fields"]["type"], "string");
    assert_eq!(schema["required"], serde_json::json!(["model", "view"]));
}

#[test]
fn a_path_parameter_keeps_its_name_where_the_body_has_it_too() {
    let schema = input("add_group_group");
    // In which order serde_json reads them depends on what else is built.
    let mut inputs = names(&schema);
    inputs.sort_unstable();
    assert_eq!(inputs, ["body_group_id", "group_id"]);
    assert_eq!(schema["required"], serde_json::json!(["group_id"]));
    assert_eq!(schema["properties"]["group_id"]["title"], "Receiving group ID");
    assert_eq!(schema["properties"]["body_group_id"]["description"], "The group that shall join the other one.");
}

#[test]
fn a_body_that_is_not_an_object_is_a_single_input() {
    let schema = input("set_user_roles");
    assert_eq!(schema["properties"]["body"]["type"], "array");
    assert_eq!(schema["required"], serde_json::json!(["user_id", "body"]));
}

#[test]
fn login_has_two_inputs() {
    assert_eq!(names(&input("login")), ["client_id", "client_secret"]);
}

#[test]
fn fields_that_refer_to_objects_have_a_lookup() {
    let lookup = &input("user")["properties"]["user_id"]["x-lookup"];
    assert_eq!(*lookup, serde_json::json!({"operation": "all_users", "value": "id", "label": "display_name"}));
}

#[test]
fn an_operations_text_takes_precedence_over_the_models() {
    let mut seen = 0;
    for operation in &crate::catalog::OPERATIONS {
        for own in operation.body.iter().flat_map(|body| body.property_inputs) {
            let schema = input(operation.name);
            assert_eq!(schema["properties"][own.input]["title"], own.text.title, "{}.{}", operation.name, own.input);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn output_schemas_describe_the_responses() {
    assert_eq!(output("user")["$ref"], "#/$defs/User");
    assert_eq!(output("all_users")["type"], "array");
    assert_eq!(output("all_users")["items"]["$ref"], "#/$defs/User");
    assert!(output("user")["$defs"]["User"]["properties"]["display_name"].is_object());
    assert!(output("user")["$defs"]["User"].get("required").is_none());
    assert_eq!(output("git_deploy_key")["type"], "string");
    assert_eq!(output("logout")["type"], "null");
}

#[test]
fn every_referenced_model_is_defined() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    for operation in &crate::catalog::OPERATIONS {
        for schema in [input_schema(operation), output_schema(operation)] {
            let schema: Value = serde_json::from_str(&schema).unwrap();
            let mut found = Vec::new();
            references(&schema, &mut found);
            for reference in found {
                let name = reference.strip_prefix("#/$defs/").unwrap();
                assert!(schema["$defs"].get(name).is_some(), "{}: {reference}", operation.name);
            }
        }
    }
}

#[test]
fn media_types_are_valid() {
    assert_eq!(media_types(find("user").unwrap()), ["application/json"]);
    assert!(media_types(find("logout").unwrap()).is_empty());
    for operation in &crate::catalog::OPERATIONS {
        assert!(media_types(operation).iter().all(|media_type| media_type.contains('/')), "{}", operation.name);
    }
    assert!(media_types(find("run_query").unwrap()).contains(&"text/csv"));
}
