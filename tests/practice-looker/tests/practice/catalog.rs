//! Every operation of the catalog, called once as its shape wants, answers with what the catalog says.

use looker_connector::catalog::{Body, Format, Location, Model, OPERATIONS, Operation, Type};
use practice_looker::{PracticeLooker, TaskPlan};
use serde_json::{Map, Value, json};

use crate::support::{Practice, Reply, reply};

/// What an operation needs beyond the shape of its input.
fn path_value(operation: &Operation, parameter: &str) -> &'static str {
    match (operation.name, parameter) {
        (
            "create_look_render_task" | "create_query_render_task" | "create_dashboard_element_render_task",
            "result_format",
        ) => "png",
        ("create_dashboard_render_task", "result_format") => "pdf",
        ("import_lookml_dashboard", "lookml_dashboard_id") => "thelook::overview",
        ("import_lookml_dashboard", "space_id") => "3",
        ("user_for_credential" | "search_users_names", _) => match parameter {
            "credential_type" => "email",
            "credential_id" => "ada.lovelace@example.com",
            _ => "%25",
        },
        ("update_folder" | "delete_folder" | "folder_parent", "folder_id") => "2",
        (_, "project_id") => "thelook",
        ("find_git_branch" | "delete_git_branch", "branch_name") => "feature",
        (_, "result_format") => "json",
        _ => "1",
    }
}

/// The properties that Looker demands, and those that it turns out to demand.
fn body_value(operation: &Operation, body: &Body) -> Value {
    match operation.name {
        "create_look" => return json!({ "title": "New", "folder_id": "1", "query_id": "1" }),
        "create_dashboard" => return json!({ "title": "New", "folder_id": "1" }),
        "create_query_task" => return json!({ "query_id": "1", "result_format": "json" }),
        "create_dashboard_element" | "create_dashboard_layout" => return json!({ "dashboard_id": "1" }),
        "create_dashboard_filter" => {
            return json!({ "dashboard_id": "1", "name": "n", "title": "t", "type": "field_filter" });
        }
        "create_folder" => return json!({ "name": "New", "parent_id": "1" }),
        "create_group" | "create_role" => return json!({ "name": "New" }),
        "add_group_user" => return json!({ "user_id": "1" }),
        "add_group_group" => return json!({ "group_id": "2" }),
        "create_user_credentials_email" | "wipeout_user_emails" => return json!({ "email": "new@example.com" }),
        "set_role_users" => return json!(["1", "2"]),
        "create_git_branch" => return json!({ "name": "new" }),
        "update_git_branch" => return json!({ "name": "feature" }),
        "import_dashboard_from_lookml" => {
            return json!({ "folder_id": "3", "lookml": "- dashboard: new\n  title: New\n" });
        }
        _ => {}
    }
    example(body.kind)
}

fn example(kind: Type) -> Value {
    match kind {
        Type::Any => json!({}),
        Type::Boolean => json!(true),
        Type::Integer => json!(1),
        Type::Number => json!(0.5),
        Type::String(Format::DateTime) => json!("2026-01-01T00:00:00Z"),
        Type::String(Format::Date) => json!("2026-01-01"),
        Type::String(_) => json!("1"),
        Type::Array(item) => json!([example(*item)]),
        Type::Map(item) => json!({ "key": example(*item) }),
        Type::Model(model) => {
            let demanded = model.properties.iter().filter(|property| property.required && !property.read_only);
            Value::Object(Map::from_iter(demanded.map(|property| {
                let value = property.values.first().map_or_else(|| example(property.kind), |value| json!(value));
                (property.name.to_owned(), value)
            })))
        }
    }
}

fn call(practice: &Practice, operation: &Operation) -> Reply {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    for parameter in operation.parameters {
        match parameter.location {
            Location::Path => {
                path = path.replace(&format!("{{{}}}", parameter.name), path_value(operation, parameter.name));
            }
            Location::Query if parameter.required => {
                let value = match example(parameter.kind) {
                    Value::String(text) => text,
                    Value::Array(items) => items[0].as_str().unwrap_or("1").to_owned(),
                    value => value.to_string(),
                };
                query.push((parameter.name, value));
            }
            Location::Query => {}
        }
    }
    let request = practice.request(operation.method.as_str(), &path).query(&query);
    let request = match &operation.body {
        Some(body) if body.media_type == "text/plain" => request.header("content-type", "text/plain").body("text"),
        Some(body) if body.media_type == "application/json" => request.json(&body_value(operation, body)),
        Some(_) => practice
            .client
            .post(practice.url("/login"))
            .form(&[("client_id", practice.looker.client_id()), ("client_secret", practice.looker.client_secret())]),
        None => request,
    };
    reply(request).unwrap()
}

/// What has to be there before an operation can be called.
fn prepare(practice: &Practice, operation: &Operation) {
    let done = match operation.name {
        "create_user_credentials_email" => practice.delete("/users/1/credentials_email"),
        "user_credentials_totp" | "delete_user_credentials_totp" => practice.bare("POST", "/users/1/credentials_totp"),
        "user_credentials_api3" | "update_user_credentials_api3" | "delete_user_credentials_api3" => {
            // The first belongs to the API-only account.
            let path = operation.path.replace("{user_id}", "2").replace("{credentials_api3_id}", "1");
            practice.get(&path)
        }
        "delete_group_user" => practice.post("/groups/1/users", &json!({ "user_id": "1" })),
        "delete_group_from_group" => practice.post("/groups/1/groups", &json!({ "group_id": "1" })),
        "update_git_branch" | "reset_project_to_remote" | "deploy_to_production" => {
            practice.patch("/session", &json!({ "workspace_id": "dev" }))
        }
        _ => return,
    };
    assert!(done.status < 300 || operation.name == "delete_group_from_group", "{}: {}", operation.name, done.text());
}

/// The problems of an answer, in words.
fn problems(operation: &Operation, reply: &Reply) -> Vec<String> {
    let Some(answer) = operation.responses.iter().find(|answer| answer.status == reply.status) else {
        return vec![format!("status {}: {}", reply.status, reply.text())];
    };
    let media_type = reply.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
    if answer.media_types.is_empty() || reply.status == 204 {
        return if reply.bytes.is_empty() { Vec::new() } else { vec!["content where there is none".to_owned()] };
    }
    let is_text = media_type.starts_with("text/") && answer.media_types.contains(&"text");
    // The description does not say which file: an image, for example.
    let is_file = media_type.starts_with("image/") && answer.media_types.contains(&"application/octet-stream");
    if !answer.media_types.contains(&media_type.as_str()) && !is_text && !is_file {
        return vec![format!("{media_type} is none of {:?}", answer.media_types)];
    }
    let mut problems = Vec::new();
    // The content of a result is whatever was asked for: its type in the catalog is text.
    if media_type == "application/json" && !answer.media_types.contains(&"text") {
        compare(&reply.json(), answer.kind, "", &mut problems);
    }
    problems
}

fn compare(value: &Value, kind: Type, place: &str, problems: &mut Vec<String>) {
    let fits = match (kind, value) {
        (_, Value::Null) | (Type::Any, _) => true,
        (Type::Boolean, value) => value.is_boolean(),
        (Type::Integer, value) => value.is_i64() || value.is_u64(),
        (Type::Number, value) => value.is_number(),
        (Type::String(Format::DateTime), Value::String(text)) => text.len() >= 19 && text.as_bytes()[10] == b'T',
        (Type::String(Format::Date), Value::String(text)) => text.len() == 10,
        (Type::String(_), value) => value.is_string(),
        (Type::Array(item), Value::Array(items)) => {
            items.iter().for_each(|value| compare(value, *item, &format!("{place}[]"), problems));
            true
        }
        (Type::Map(item), Value::Object(entries)) => {
            entries.values().for_each(|value| compare(value, *item, &format!("{place}.*"), problems));
            true
        }
        (Type::Model(model), Value::Object(entries)) => {
            compare_model(entries, model, place, problems);
            true
        }
        _ => false,
    };
    if !fits {
        problems.push(format!("{place}: {value} is not {kind:.40?}"));
    }
}

fn compare_model(entries: &Map<String, Value>, model: &Model, place: &str, problems: &mut Vec<String>) {
    for (name, value) in entries {
        match model.properties.iter().find(|property| property.name == name) {
            None => problems.push(format!("{place}.{name} is no property of {}", model.name)),
            Some(property) => {
                let unknown =
                    |text: &str| !text.is_empty() && !property.values.is_empty() && !property.values.contains(&text);
                if property.write_only || value.as_str().is_some_and(unknown) {
                    problems.push(format!("{place}.{name} cannot be {value}"));
                }
                compare(value, property.kind, &format!("{place}.{name}"), problems);
            }
        }
    }
}

#[test]
fn every_operation_responds_with_its_shape() {
    let mut wrong = Vec::new();
    for operation in &OPERATIONS {
        let practice = Practice::from(PracticeLooker::builder().users(1).polls_until_done(0));
        prepare(&practice, operation);
        let reply = match operation.name {
            "user_credentials_api3" | "update_user_credentials_api3" | "delete_user_credentials_api3" => {
                let path = "/users/2/credentials_api3/1";
                match operation.method.as_str() {
                    "PATCH" => practice.patch(path, &json!({ "purpose": "practice" })),
                    method => practice.bare(method, path),
                }
            }
            "check_pdt_build" | "stop_pdt_build" => {
                let build = practice.get("/derived_table/1/1/start").expect(200);
                let path =
                    operation.path.replace("{materialization_id}", build["materialization_id"].as_str().unwrap());
                practice.get(&path)
            }
            "kill_query" => {
                practice.looker.plan_task(TaskPlan::new(["added", "running", "complete"]));
                let task =
                    practice.post("/query_tasks", &json!({ "query_id": "1", "result_format": "json" })).expect(200);
                practice.delete(&format!("/running_queries/{}", task["id"].as_str().unwrap()))
            }
            "delete_group_from_group" => {
                practice.post("/groups/1/groups", &json!({ "group_id": "2" }));
                practice.delete("/groups/1/groups/2")
            }
            "update_role" | "delete_role" => {
                practice.send(operation.method.as_str(), "/roles/1", &json!({ "name": "New" }))
            }
            "delete_group" => practice.delete("/groups/2"),
            "deploy_ref_to_production" => {
                practice.bare("POST", "/projects/thelook/deploy_ref_to_production?branch=feature")
            }
            _ => call(&practice, operation),
        };
        let problems = problems(operation, &reply);
        if !problems.is_empty() {
            wrong.push(format!(
                "{} {} {}: {}",
                operation.name,
                operation.method.as_str(),
                operation.path,
                problems.join("; ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), OPERATIONS.len(), wrong.join("\n"));
}

#[test]
fn unknown_routes_get_404() {
    let practice = Practice::new();
    for (method, path) in [("GET", "/no_such_thing"), ("PUT", "/users"), ("DELETE", "/users"), ("GET", "/users/")] {
        assert_eq!(practice.bare(method, path).expect(404)["message"], "Not found", "{method} {path}");
    }
    let outside = reply(practice.client.get(format!("{}/api/3.1/user", practice.looker.base_url()))).unwrap();
    assert_eq!(outside.status, 404);
}
