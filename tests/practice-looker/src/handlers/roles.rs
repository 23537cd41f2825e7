//! Roles and their users. `generic` handles permission sets and model sets.

use serde_json::{Value, json};

use super::{Handled, Outcome, content, known_model, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    present::lists,
    sample, search,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("role_id");
    Some(match call.operation.name {
        "all_roles" => {
            let ids = call.list("ids");
            content::list(state, "Role", |role| {
                ids.as_ref().is_none_or(|ids| text(role, "id").is_some_and(|id| ids.contains(&id)))
            })
        }
        "search_roles" => content::list(state, "Role", |role| search::matches(call, role)),
        "search_roles_with_user_count" => content::list(state, "RoleSearch", |role| search::matches(call, role)),
        "role" => content::show(state, "Role", id),
        "create_role" => create(state, call),
        "update_role" => update(state, call),
        "delete_role" => delete(state, id),
        "role_users" => state.find("Role", id).map(|_| ()).and_then(|()| users_with(state, id)),
        "set_role_users" => set_users(state, call),
        "role_groups" => groups_with(state, id),
        "set_role_groups" => set_groups(state, call),
        _ => return None,
    })
}

fn check(state: &State, body: &Row, id: Option<&str>) -> Result<(), ErrorResponse> {
    if let Some(name) = body.get("name") {
        let name = name.as_str().unwrap_or_default();
        if name.trim().is_empty() {
            return Err(invalid("name", "missing_field", "name is required"));
        }
        if state.rows("Role").any(|role| text(role, "name") == Some(name) && text(role, "id") != id) {
            return Err(invalid("name", "already_exists", "There is a role of that name already"));
        }
    }
    for (property, kept) in [("permission_set_id", "PermissionSet"), ("model_set_id", "ModelSet")] {
        if let Some(set) = text(body, property)
            && state.find(kept, set).is_err()
        {
            return Err(invalid(property, "invalid", format!("There is no such set: {set}")));
        }
    }
    Ok(())
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    if !body.contains_key("name") {
        return Err(invalid("name", "missing_field", "name is required"));
    }
    let model = known_model("Role")?;
    let mut role = sample::blank(model);
    write::apply(model, &mut role, &body);
    check(state, &role, None)?;
    let id = state.table_mut("Role").new_id();
    for (name, value) in [
        ("id", json!(id)),
        ("group_ids", json!([])),
        ("url", json!(format!("/roles/{id}"))),
        ("users_url", json!(format!("/roles/{id}/users"))),
    ] {
        role.insert(name.to_owned(), value);
    }
    state.table_mut("Role").put(&id, role);
    content::show(state, "Role", &id)
}

fn is_internal(state: &State, id: &str) -> Result<bool, ErrorResponse> {
    Ok(state.find("Role", id)?.get("internal") == Some(&Value::Bool(true)))
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("role_id");
    let body = call.object();
    if is_internal(state, id)? {
        return Err(ErrorResponse::Forbidden("The role Admin cannot be changed.".to_owned()));
    }
    check(state, &body, Some(id))?;
    write::apply(known_model("Role")?, state.find_mut("Role", id)?, &body);
    content::show(state, "Role", id)
}

fn delete(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if is_internal(state, id)? {
        return Err(ErrorResponse::Forbidden("The role Admin cannot be deleted.".to_owned()));
    }
    state.table_mut("Role").remove(id);
    set_members(state, "role_ids", id, &[]);
    Ok(Outcome::Nothing)
}

/// Makes exactly these users have `id` in a list property.
fn set_members(state: &mut State, property: &str, id: &str, users: &[String]) {
    for user in state.table_mut("User").rows_mut() {
        let wanted = text(user, "id").is_some_and(|user| users.iter().any(|wanted| wanted == user));
        let Some(Value::Array(ids)) = user.get_mut(property) else { continue };
        ids.retain(|candidate| candidate != id);
        if wanted {
            ids.push(json!(id));
        }
    }
}

fn users_with(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    content::list(state, "User", |user| lists(user, "role_ids", id))
}

/// Refuses to take the role Admin from the calling account, because nobody could give it back.
fn set_users(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("role_id");
    let users = call.ids();
    state.find("Role", id)?;
    if let Some(unknown) = users.iter().find(|user| state.find("User", user).is_err()) {
        return Err(invalid("user_ids", "invalid", format!("There is no user {unknown}")));
    }
    if id == crate::seed::ADMIN_ROLE && !users.contains(&call.session.user_id) {
        return Err(ErrorResponse::Forbidden("You cannot take the role Admin from yourself.".to_owned()));
    }
    set_members(state, "role_ids", id, &users);
    users_with(state, id)
}

fn groups_with(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    let role = state.find("Role", id)?;
    content::list(state, "Group", |group| text(group, "id").is_some_and(|group| lists(role, "group_ids", group)))
}

fn set_groups(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("role_id");
    let groups = call.ids();
    state.find("Role", id)?;
    if let Some(unknown) = groups.iter().find(|group| state.find("Group", group).is_err()) {
        return Err(invalid("group_ids", "invalid", format!("There is no group {unknown}")));
    }
    state.find_mut("Role", id)?.insert("group_ids".to_owned(), json!(groups));
    groups_with(state, id)
}
