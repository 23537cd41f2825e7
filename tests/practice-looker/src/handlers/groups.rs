//! Groups and their members.

use serde_json::{Value, json};

use super::{Handled, Outcome, content, known_model, text};
use crate::{
    call::{Call, id_text},
    error_response::{ErrorResponse, invalid},
    present::lists,
    sample, search,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("group_id");
    Some(match call.operation.name {
        "all_groups" => {
            let ids = call.list("ids");
            content::list(state, "Group", |group| {
                ids.as_ref().is_none_or(|ids| text(group, "id").is_some_and(|id| ids.contains(&id)))
            })
        }
        "search_groups" => content::list(state, "Group", |group| search::matches(call, group)),
        "search_groups_with_roles" => content::list(state, "GroupSearch", |group| search::matches(call, group)),
        "search_groups_with_hierarchy" => content::list(state, "GroupHierarchy", |group| search::matches(call, group)),
        "group" => content::show(state, "Group", id),
        "create_group" => create(state, call),
        "update_group" => update(state, call),
        "delete_group" => delete(state, id),
        "all_group_users" => users(state, id),
        "add_group_user" => add_user(state, call),
        "delete_group_user" => remove_user(state, call),
        "all_group_groups" => groups(state, id),
        "add_group_group" => add_group(state, call),
        "delete_group_from_group" => remove_group(state, call),
        _ => return None,
    })
}

fn check_name(state: &State, body: &Row, id: Option<&str>) -> Result<(), ErrorResponse> {
    let name = text(body, "name").unwrap_or_default();
    if name.trim().is_empty() {
        return Err(invalid("name", "missing_field", "name is required"));
    }
    match state.rows("Group").any(|group| text(group, "name") == Some(name) && text(group, "id") != id) {
        true => Err(invalid("name", "already_exists", "There is a group of that name already")),
        false => Ok(()),
    }
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let model = known_model("Group")?;
    let mut group = sample::blank(model);
    write::apply(model, &mut group, &call.object());
    check_name(state, &group, None)?;
    let id = state.table_mut("Group").new_id();
    group.insert("id".to_owned(), json!(id));
    // The groups in this group. No model has the property, so no response shows it.
    group.insert("group_ids".to_owned(), json!([]));
    state.table_mut("Group").put(&id, group);
    content::show(state, "Group", &id)
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("group_id");
    let body = call.object();
    state.find("Group", id)?;
    if body.contains_key("name") {
        check_name(state, &body, Some(id))?;
    }
    write::apply(known_model("Group")?, state.find_mut("Group", id)?, &body);
    content::show(state, "Group", id)
}

fn delete(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if state.find("Group", id)?.get("include_by_default") == Some(&Value::Bool(true)) {
        return Err(ErrorResponse::Forbidden("The group of all users cannot be deleted.".to_owned()));
    }
    state.table_mut("Group").remove(id);
    for kept in ["User", "Group", "Role"] {
        for row in state.table_mut(kept).rows_mut() {
            remove(row, id);
        }
    }
    Ok(Outcome::Nothing)
}

/// Adds an id to the group list of an object.
fn add(row: &mut Row, id: &str) {
    if let Some(Value::Array(ids)) = row.get_mut("group_ids")
        && !ids.iter().any(|candidate| candidate == id)
    {
        ids.push(json!(id));
    }
}

fn remove(row: &mut Row, id: &str) {
    if let Some(Value::Array(ids)) = row.get_mut("group_ids") {
        ids.retain(|candidate| candidate != id);
    }
}

fn users(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    state.find("Group", id)?;
    content::list(state, "User", |user| lists(user, "group_ids", id))
}

/// The id in the body. Looker's API description calls it read-only although it is the body's only content.
fn named(call: &Call, property: &str) -> Result<String, ErrorResponse> {
    let id = call.object().get(property).and_then(id_text).filter(|id| !id.is_empty());
    id.ok_or_else(|| invalid(property, "missing_field", format!("{property} is required")))
}

fn add_user(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let (id, user_id) = (call.path("group_id"), named(call, "user_id")?);
    state.find("Group", id)?;
    add(state.find_mut("User", &user_id)?, id);
    content::show(state, "User", &user_id)
}

fn remove_user(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("group_id");
    state.find("Group", id)?;
    let user = state.find_mut("User", call.path("user_id"))?;
    if !lists(user, "group_ids", id) {
        return Err(ErrorResponse::NotFound);
    }
    remove(user, id);
    Ok(Outcome::Nothing)
}

fn groups(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    let outer = state.find("Group", id)?;
    content::list(state, "Group", |group| text(group, "id").is_some_and(|group| lists(outer, "group_ids", group)))
}

fn add_group(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let (id, inner) = (call.path("group_id"), named(call, "group_id")?);
    state.find("Group", &inner)?;
    if id == inner {
        return Err(invalid("group_id", "invalid", "A group cannot be in itself"));
    }
    add(state.find_mut("Group", id)?, &inner);
    content::show(state, "Group", &inner)
}

fn remove_group(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let inner = call.path("deleting_group_id");
    let outer = state.find_mut("Group", call.path("group_id"))?;
    if !lists(outer, "group_ids", inner) {
        return Err(ErrorResponse::NotFound);
    }
    remove(outer, inner);
    Ok(Outcome::Nothing)
}
