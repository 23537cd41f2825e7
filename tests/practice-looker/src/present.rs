//! Makes the visible form of an object: its own properties, and those that derive from other objects.

use looker_connector::catalog::{Model, model as model_of};
use serde_json::{Value, json};

use crate::{state::State, table::Row, write};

/// The model under whose name an object is stored. Looker shows some objects through several models.
pub(crate) fn kept_as(model: &'static str) -> &'static str {
    match model {
        "LookWithQuery" | "LookWithDashboards" => "Look",
        "DashboardBase" => "Dashboard",
        "FolderBase" => "Folder",
        "GroupSearch" | "GroupHierarchy" => "Group",
        "RoleSearch" => "Role",
        "UserPublic" => "User",
        model => model,
    }
}

/// An object as `model` shows it.
pub(crate) fn present(state: &State, model: &'static Model, row: &Row) -> Row {
    let mut row = row.clone();
    for (name, value) in computed(state, kept_as(model.name), &row) {
        row.insert(name.to_owned(), value);
    }
    write::project(model, row)
}

fn computed(state: &State, kept_as: &str, row: &Row) -> Vec<(&'static str, Value)> {
    let own = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = own("id");
    match kept_as {
        "Folder" => vec![("child_count", json!(count(state, "Folder", "parent_id", id)))],
        "Group" => vec![
            ("user_count", json!(state.rows("User").filter(|user| lists(user, "group_ids", id)).count())),
            ("roles", nested_list(state, "Role", |role| lists(role, "group_ids", id))),
        ],
        "Role" => vec![
            ("permission_set", nested(state, "PermissionSet", own("permission_set_id"))),
            ("model_set", nested(state, "ModelSet", own("model_set_id"))),
            ("user_count", json!(state.rows("User").filter(|user| lists(user, "role_ids", id)).count())),
        ],
        "Look" => {
            let query = nested(state, "Query", own("query_id"));
            let model = query.get("model").map_or(Value::Null, |name| json!({ "id": name, "label": name }));
            vec![("folder", nested(state, "FolderBase", own("folder_id"))), ("model", model), ("query", query)]
        }
        "Dashboard" => vec![
            ("folder", nested(state, "FolderBase", own("folder_id"))),
            ("dashboard_elements", nested_list(state, "DashboardElement", |it| is_of(it, "dashboard_id", id))),
            ("dashboard_filters", nested_list(state, "DashboardFilter", |it| is_of(it, "dashboard_id", id))),
            ("dashboard_layouts", nested_list(state, "DashboardLayout", |it| is_of(it, "dashboard_id", id))),
        ],
        "DashboardElement" => vec![
            ("query", nested(state, "Query", own("query_id"))),
            ("look", nested(state, "LookWithQuery", own("look_id"))),
        ],
        "QueryTask" => vec![("query", nested(state, "Query", own("query_id")))],
        _ => Vec::new(),
    }
}

/// Another object as a property; `null` if none has that id.
pub(crate) fn nested(state: &State, model: &'static str, id: &str) -> Value {
    match (model_of(model), state.find(kept_as(model), id)) {
        (Some(model), Ok(row)) => Value::Object(present(state, model, row)),
        _ => Value::Null,
    }
}

fn nested_list(state: &State, model: &'static str, wanted: impl Fn(&Row) -> bool) -> Value {
    let Some(model) = model_of(model) else { return json!([]) };
    let rows = state.rows(kept_as(model.name)).filter(|row| wanted(row));
    Value::Array(rows.map(|row| Value::Object(present(state, model, row))).collect())
}

fn count(state: &State, model: &str, property: &str, id: &str) -> usize {
    state.rows(model).filter(|row| is_of(row, property, id)).count()
}

/// Whether a property of an object holds this id.
pub(crate) fn is_of(row: &Row, property: &str, id: &str) -> bool {
    !id.is_empty() && row.get(property).is_some_and(|value| value == id)
}

/// Whether a list property of an object contains this id.
pub(crate) fn lists(row: &Row, property: &str, id: &str) -> bool {
    row.get(property).and_then(Value::as_array).is_some_and(|ids| ids.iter().any(|candidate| candidate == id))
}
