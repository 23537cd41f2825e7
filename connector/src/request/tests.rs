//! What operations of every shape send, by example.

use super::*;
use crate::failure::Failure;
use crate::operations::find;

fn call(operation: &str, input: &str) -> Parts {
    build(find(operation).unwrap(), &Input::parse(input).unwrap(), |_| None).unwrap_or_else(|failure| {
        panic!("{operation} {input}: {failure:?}");
    })
}

/// What was wrong: the fields with their codes.
fn refused(operation: &str, input: &str) -> Vec<(String, String)> {
    match build(find(operation).unwrap(), &Input::parse(input).unwrap(), |_| None) {
        Err(Failure::Permanent(problem)) if problem.reason == Reason::InvalidInput => {
            assert!(!problem.request_sent);
            problem.fields.into_iter().map(|field| (field.field.unwrap_or_default(), field.code)).collect()
        }
        Err(failure) => panic!("{operation} {input}: {failure:?}"),
        Ok(call) => panic!("{operation} {input}: not refused, would send {}", call.target),
    }
}

fn message(operation: &str, input: &str) -> String {
    match build(find(operation).unwrap(), &Input::parse(input).unwrap(), |_| None) {
        Err(failure) => failure.problem().message.clone(),
        Ok(call) => panic!("{operation} {input}: not refused, would send {}", call.target),
    }
}

fn body(call: &Parts) -> &str {
    call.body.as_ref().map_or("", |content| std::str::from_utf8(&content.bytes).unwrap())
}

#[test]
fn path_values_are_encoded_whole() {
    assert_eq!(call("user", r#"{"user_id": "5"}"#).target, "/api/4.0/users/5");
    assert_eq!(call("user", r#"{"user_id": 5}"#).target, "/api/4.0/users/5");
    assert_eq!(call("user", r#"{"user_id": "a/b?c#d ü%"}"#).target, "/api/4.0/users/a%2Fb%3Fc%23d%20%C3%BC%25");
    assert_eq!(call("dashboard", r#"{"dashboard_id": "model::name"}"#).target, "/api/4.0/dashboards/model%3A%3Aname");
    // A value that looks like a placeholder is only a value.
    let two = call("user_attribute_user_values", r#"{"user_id": "{user_id}"}"#);
    assert_eq!(two.target, "/api/4.0/users/%7Buser_id%7D/attribute_values");
}

#[test]
fn a_path_value_that_names_another_resource_is_refused() {
    for input in [r#"{"user_id": ""}"#, r#"{"user_id": "."}"#, r#"{"user_id": ".."}"#] {
        assert_eq!(refused("user", input), [("user_id".into(), "invalid".into())], "{input}");
    }
    for value in ["../5", "..%2f5", "a%5c..", "..;x", "%252e%252e"] {
        let input = serde_json::json!({ "user_id": value }).to_string();
        assert_eq!(refused("user", &input), [("user_id".into(), "invalid".into())], "{input}");
    }
    for input in ["{}", r#"{"user_id": null}"#] {
        assert_eq!(refused("user", input), [("user_id".into(), "missing".into())], "{input}");
    }
    assert!(message("user", r#"{"user_id": ""}"#).contains("user_id is empty"));
    assert!(message("user", r#"{"user_id": []}"#).contains("user_id must be text"));
}

#[test]
fn query_values_keep_their_order_and_meaning() {
    let list =
        call("all_users", r#"{"ids": ["1", 2], "fields": "id,email", "limit": "10", "sorts": null, "offset": 0}"#);
    assert_eq!(list.target, "/api/4.0/users?fields=id%2Cemail&limit=10&offset=0&ids=1%2C2");
    assert!(list.body.is_none());
    let search = call("search_users", r#"{"filter_or": "true", "email": "a&b=c?d:ü@x"}"#);
    assert_eq!(search.target, "/api/4.0/users/search?email=a%26b%3Dc%3Fd%3A%C3%BC%40x&filter_or=true");
}

#[test]
fn a_misspelled_filter_is_refused_with_a_suggestion() {
    assert_eq!(refused("all_users", r#"{"field": "id"}"#), [("field".into(), "unknown".into())]);
    assert!(message("all_users", r#"{"field": "id"}"#).contains("did you mean fields"));
    assert!(message("all_users", r#"{"email": "x"}"#).contains("all_users has no input email"));
    assert!(message("logout", r#"{"x": 1}"#).contains("takes none"));
}

#[test]
fn one_failure_names_everything_that_is_wrong() {
    let refused = refused("all_users", r#"{"limit": "many", "field": "id", "ids": {}}"#);
    let fields: Vec<&str> = refused.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["limit", "ids", "field"]);
}

#[test]
fn a_body_is_written_in_the_order_of_the_input() {
    let call =
        call("update_user", r#"{"last_name": "Lovelace", "user_id": 7, "first_name": null, "is_disabled": "false"}"#);
    assert_eq!((call.method, call.target.as_str()), (Method::Patch, "/api/4.0/users/7"));
    assert_eq!(body(&call), r#"{"last_name":"Lovelace","first_name":null,"is_disabled":false}"#);
}

#[test]
fn values_in_a_body_keep_every_digit() {
    let call = call("create_user", r#"{"first_name": "Ada", "custom": {"n": 1.2300000000000000001, "z": [ 1 ]}}"#);
    assert_eq!(body(&call), r#"{"first_name":"Ada","custom":{"n": 1.2300000000000000001, "z": [ 1 ]}}"#);
}

#[test]
fn values_within_maps_are_converted_too() {
    let call = call(
        "create_query",
        r#"{"model": "m", "view": "v", "filters": {"orders.id": 1, "orders.open": true, "orders.note": null}}"#,
    );
    assert_eq!(
        body(&call),
        r#"{"model":"m","view":"v","filters":{"orders.id":"1","orders.open":"true","orders.note":null}}"#
    );
}

#[test]
fn maps_of_any_json_keep_their_values() {
    for (operation, field) in [("create_merge_query", "vis_config"), ("create_user", "ui_state")] {
        let input = format!(r#"{{"{field}":{{"shown":false,"size":1,"label":"1","list":[null],"none":null}}}}"#);
        assert_eq!(body(&call(operation, &input)), input, "{operation}");
    }
}

/// Where a new one appears, look at what Looker's own pages send: only text, or any JSON (`overlay/json_maps.toml`).
#[test]
fn maps_of_text_are_those_that_are_known() {
    let maps = crate::catalog::MODELS.iter().flat_map(|model| {
        let named = |property: &Property| format!("{}.{}", model.name, property.name);
        let is_map_of_text = |kind: &Type| matches!(kind, Type::Map(value) if matches!(value, Type::String(_)));
        model.properties.iter().filter(move |property| is_map_of_text(&property.kind)).map(named)
    });
    assert_eq!(
        maps.collect::<Vec<_>>(),
        [
            "DataActionRequest.form_values",
            "GoldenQuery.filters",
            "JsonBiMetadata.filters",
            "KdaRequestPayload.base_filters",
            "KdaRequestPayload.baseline_filters",
            "KdaRequestPayload.breach_filters",
            "LDAPUser.attributes",
            "LookmlModelExploreField.timeframe_labels",
            "Query.filters",
        ]
    );
}

#[test]
fn a_required_body_is_sent_even_if_empty() {
    assert_eq!(body(&call("update_user", r#"{"user_id": "7"}"#)), "{}");
    // An optional one is not.
    assert!(call("create_user_credentials_totp", r#"{"user_id": "7"}"#).body.is_none());
}

#[test]
fn a_post_requires_properties_and_a_patch_does_not() {
    assert_eq!(refused("create_query", r#"{"model": "m"}"#), [("view".into(), "missing".into())]);
    assert!(!body(&call("create_query", r#"{"model": "m", "view": "v"}"#)).is_empty());
    let operation = find("update_user_attribute").unwrap();
    assert_eq!(operation.method, Method::Patch);
    assert_eq!(body(&call("update_user_attribute", r#"{"user_attribute_id": 3, "label": "x"}"#)), r#"{"label":"x"}"#);
}

#[test]
fn clashing_names_are_separate_inputs() {
    let created = call("create_query", r#"{"model": "m", "view": "v", "fields": ["a.b"], "query_fields": "id"}"#);
    assert_eq!(created.target, "/api/4.0/queries?fields=id");
    assert_eq!(body(&created), r#"{"model":"m","view":"v","fields":["a.b"]}"#);
    let run = call(
        "run_inline_query",
        r#"{"result_format": "json", "model": "m", "view": "v", "limit": 500, "query_limit": 10}"#,
    );
    assert_eq!(run.target, "/api/4.0/queries/run/json?limit=10");
    assert_eq!(body(&run), r#"{"model":"m","view":"v","limit":"500"}"#);
}

#[test]
fn a_path_parameter_keeps_its_name_where_the_body_has_it_too() {
    let added = call("add_group_group", r#"{"group_id": "1", "body_group_id": 2}"#);
    assert_eq!((added.target.as_str(), body(&added)), ("/api/4.0/groups/1/groups", r#"{"group_id":"2"}"#));
    let renamed =
        call("update_external_oauth_application", r#"{"client_id": "a", "body_client_id": "b", "name": "n"}"#);
    assert_eq!(renamed.target, "/api/4.0/external_oauth_applications/a");
    assert_eq!(body(&renamed), r#"{"client_id":"b","name":"n"}"#);
    let value = r#"{"group_id": "1", "user_attribute_id": "3", "body_group_id": "1", "value": "v"}"#;
    let value = call("update_user_attribute_group_value", value);
    assert_eq!(value.target, "/api/4.0/groups/1/attribute_values/3");
    assert_eq!(body(&value), r#"{"group_id":"1","value":"v"}"#);
}

#[test]
fn a_body_that_is_not_an_object_is_a_single_input() {
    let roles = call("set_user_roles", r#"{"user_id": "7", "body": [1, "2"]}"#);
    assert_eq!((roles.target.as_str(), body(&roles)), ("/api/4.0/users/7/roles", r#"["1","2"]"#));
    let metadata = call("parse_saml_idp_metadata", r#"{"body": "<xml/>"}"#);
    assert_eq!(metadata.body.as_ref().unwrap().media_type, "text/plain");
    assert_eq!(body(&metadata), "<xml/>");
    assert_eq!(refused("set_user_roles", r#"{"user_id": "7"}"#), [("body".into(), "missing".into())]);
    assert!(message("set_user_roles", r#"{"user_id": "7", "body": [], "role": 1}"#).contains("has no input role"));
}

#[test]
fn a_string_that_holds_json_is_sent_as_that_document() {
    for (input, expected) in [
        (r#"{"body": {"State": "CA"}}"#, r#"{"State": "CA"}"#),
        (r#"{"body": "{\"State\":\"CA\"}"}"#, r#"{"State":"CA"}"#),
        (r#"{"body": "not JSON"}"#, r#""not JSON""#),
    ] {
        assert_eq!(body(&call("create_dashboard_filter_state", input)), expected, "{input}");
    }
}

#[test]
fn a_body_around_the_properties_is_refused() {
    let message = message("create_user", r#"{"body": {"first_name": "Ada"}}"#);
    assert!(message.contains("without body around them"), "{message}");
}

#[test]
fn a_login_sends_its_secrets_in_a_form() {
    let operation = find("login").unwrap();
    let fill = |name: &str| Some(format!("{name} & co"));
    let call = build(operation, &Input::parse("").unwrap(), fill).unwrap();
    assert_eq!(call.target, "/api/4.0/login");
    assert!(call.body.as_ref().unwrap().is_form());
    assert_eq!(body(&call), "client_id=client_id%20%26%20co&client_secret=client_secret%20%26%20co");
}

/// Every operation of the catalog makes a request from the smallest input that it can have.
#[test]
fn every_operation_can_be_called() {
    for operation in &crate::catalog::OPERATIONS {
        let mut fields: Vec<String> = Vec::new();
        let mut give = |name: &str, kind: &Type| fields.push(format!("\"{name}\": {}", example(kind)));
        for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
            give(parameter.input, &parameter.kind);
        }
        match &operation.body {
            Some(body @ Body { kind: Type::Model(model), .. }) => {
                for property in model.properties.iter().filter(|property| property.required && !property.read_only) {
                    give(body.input_of(property), &property.kind);
                }
            }
            Some(body) if body.required && body.media_type != FORM => give(BODY, &body.kind),
            _ => {}
        }
        let call = call(operation.name, &format!("{{{}}}", fields.join(", ")));
        assert!(call.target.starts_with("/api/4.0/"), "{}", call.target);
        assert!(!call.target.contains(['{', '}']), "{} leaves a parameter in {}", operation.name, call.target);
    }
}

fn example(kind: &Type) -> &'static str {
    match kind {
        Type::Boolean => "true",
        Type::Integer | Type::Number => "1",
        Type::Any | Type::String(_) => "\"1\"",
        Type::Array(_) => "[]",
        Type::Map(_) | Type::Model(_) => "{}",
    }
}
