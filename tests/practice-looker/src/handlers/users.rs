//! Users and their roles.

use serde_json::{Value, json};

use super::{Handled, Outcome, credentials, known_model, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    present, sample, search,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "me" => show(state, &call.session.user_id),
        "user" => show(state, call.path("user_id")),
        "all_users" => Ok(all(state, call)),
        "search_users" => Ok(list(state, |user| is_sought(call, user))),
        "search_users_names" => Ok(list(state, |user| {
            let pattern = call.path("pattern");
            let is_like = |name: &str| text(user, name).is_some_and(|value| search::like(value, pattern));
            ["first_name", "last_name", "display_name", "email"].into_iter().any(is_like) && search::matches(call, user)
        })),
        "create_user" => create(state, call),
        "update_user" => update(state, call),
        "delete_user" | "delete_service_account" => delete(state, call),
        "user_for_credential" => for_credential(state, call),
        "user_roles" => roles(state, call.path("user_id"), call.is_set("direct_association_only")),
        "set_user_roles" => set_roles(state, call),
        "wipeout_user_emails" => replace_email(state, call),
        _ => return None,
    })
}

/// Whether a search finds a user. `embed_user` derives from how the user signs in.
fn is_sought(call: &Call, user: &Row) -> bool {
    let embed = user.get("credentials_embed").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    let fits = call.query("embed_user").is_none_or(|wanted| (wanted == "true") == embed);
    fits && search::matches(call, user)
}

fn show(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    Ok(Outcome::Item(state.find("User", id)?.clone()))
}

fn list(state: &State, wanted: impl Fn(&Row) -> bool) -> Outcome {
    Outcome::List(state.rows("User").filter(|user| wanted(user)).cloned().collect())
}

fn all(state: &State, call: &Call) -> Outcome {
    match call.list("ids") {
        Some(ids) => list(state, |user| text(user, "id").is_some_and(|id| ids.contains(&id))),
        None => list(state, |_| true),
    }
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let mut body = call.object();
    let email = match body.remove("credentials_email") {
        Some(Value::Object(credentials)) => text(&credentials, "email").map(str::to_owned),
        _ => None,
    };
    if let Some(email) = &email {
        credentials::check_email(state, "credentials_email.email", email, None)?;
    }
    let mut user = new_user(state, &body)?;
    let id = text(&user, "id").unwrap_or_default().to_owned();
    if let Some(email) = &email {
        user.insert("credentials_email".to_owned(), Value::Object(credentials::new_email(&id, email)?));
    }
    set_names(&mut user);
    state.table_mut("User").put(&id, user.clone());
    Ok(Outcome::Item(user))
}

/// Makes a user with an id, without storing it.
pub(crate) fn new_user(state: &mut State, body: &Row) -> Result<Row, ErrorResponse> {
    let model = known_model("User")?;
    let mut user = sample::blank(model);
    write::apply(model, &mut user, body);
    let id = state.table_mut("User").new_id();
    for (name, value) in [
        ("id", json!(id)),
        ("url", json!(format!("/users/{id}"))),
        ("home_folder_id", json!("1")),
        ("allow_direct_roles", json!(true)),
        ("allow_normal_group_membership", json!(true)),
        ("allow_roles_from_normal_groups", json!(true)),
        ("locale", user.get("locale").filter(|locale| !locale.is_null()).cloned().unwrap_or(json!("en"))),
        ("avatar_url", json!("https://gravatar.lookercdn.com/avatar/0?s=156&d=blank")),
        ("avatar_url_without_sizing", json!("https://gravatar.lookercdn.com/avatar/0?d=blank")),
    ] {
        user.insert(name.to_owned(), value);
    }
    Ok(user)
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    let mut body = call.object();
    let email = body.remove("credentials_email");
    if body.get("is_disabled") == Some(&Value::Bool(true)) && id == call.session.user_id {
        return Err(ErrorResponse::Forbidden("You cannot disable yourself.".to_owned()));
    }
    state.find("User", id)?;
    if let Some(Value::Object(credentials)) = &email
        && let Some(email) = text(credentials, "email")
    {
        credentials::check_email(state, "credentials_email.email", email, Some(id))?;
        credentials::set_email(state, id, email)?;
    }
    let user = state.find_mut("User", id)?;
    write::apply(known_model("User")?, user, &body);
    set_names(user);
    if user.get("is_disabled") == Some(&Value::Bool(true)) {
        state.sessions.close_all_of(id);
    }
    show(state, id)
}

/// Sets the properties that derive from others.
pub(crate) fn set_names(user: &mut Row) {
    let names: Vec<&str> = ["first_name", "last_name"].into_iter().filter_map(|name| text(user, name)).collect();
    let display_name = if names.is_empty() { Value::Null } else { json!(names.join(" ")) };
    let email = user.get("credentials_email").and_then(|credentials| credentials.get("email")).cloned();
    user.insert("display_name".to_owned(), display_name);
    user.insert("email".to_owned(), email.unwrap_or(Value::Null));
}

fn delete(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    state.find("User", id)?;
    if id == call.session.user_id {
        return Err(ErrorResponse::Forbidden("You cannot delete yourself.".to_owned()));
    }
    state.table_mut("User").remove(id);
    remove_belongings(state, id);
    state.api_keys.retain(|_, key| key.user_id != id);
    state.sessions.close_all_of(id);
    Ok(Outcome::Nothing)
}

/// Removes what goes with a user: content goes to the trash, and all schedules on it and of the user are deleted. Alerts are
/// disabled.
fn remove_belongings(state: &mut State, id: &str) {
    let mut trashed: Vec<(&str, String)> = Vec::new();
    for (kept, property) in [("Look", "look_id"), ("Dashboard", "dashboard_id")] {
        for row in state.table_mut(kept).rows_mut().filter(|row| text(row, "user_id") == Some(id)) {
            row.insert("deleted".to_owned(), json!(true));
            trashed.extend(text(row, "id").map(|id| (property, id.to_owned())));
        }
    }
    let is_gone = |plan: &&Row| {
        text(plan, "user_id") == Some(id)
            || trashed.iter().any(|(property, content)| text(plan, property) == Some(content))
    };
    let plans: Vec<String> =
        state.rows("ScheduledPlan").filter(is_gone).filter_map(|plan| text(plan, "id").map(str::to_owned)).collect();
    for plan in plans {
        state.table_mut("ScheduledPlan").remove(&plan);
    }
    for alert in state.table_mut("Alert").rows_mut().filter(|alert| text(alert, "owner_id") == Some(id)) {
        alert.insert("is_disabled".to_owned(), json!(true));
    }
}

fn for_credential(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let wanted = call.path("credential_id");
    let has = |credentials: &Value, name: &str| credentials.get(name).is_some_and(|value| value == wanted);
    let user = state.rows("User").find(|user| match call.path("credential_type") {
        "email" => user.get("credentials_email").is_some_and(|it| has(it, "email") || has(it, "user_id")),
        "api3" => {
            let keys = user.get("credentials_api3").and_then(Value::as_array);
            keys.is_some_and(|keys| keys.iter().any(|key| has(key, "id") || has(key, "client_id")))
        }
        _ => false,
    });
    Ok(Outcome::Item(user.ok_or(ErrorResponse::NotFound)?.clone()))
}

/// The roles of a user: those that the user has directly, and unless `direct_only`, those of the user's groups.
fn roles(state: &State, id: &str, direct_only: bool) -> Result<Outcome, ErrorResponse> {
    let user = state.find("User", id)?;
    let ids = |row: &Row, list: &str| row.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let (own, groups) = (ids(user, "role_ids"), ids(user, "group_ids"));
    let roles = state.rows("Role").filter(|role| {
        let is_of_group = || groups.iter().any(|group| ids(role, "group_ids").contains(group));
        role.get("id").is_some_and(|id| own.contains(id)) || (!direct_only && is_of_group())
    });
    let model = known_model("Role")?;
    Ok(Outcome::List(roles.map(|role| present::present(state, model, role)).collect()))
}

fn set_roles(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    let ids = call.ids();
    if let Some(unknown) = ids.iter().find(|role| state.find("Role", role).is_err()) {
        return Err(invalid("role_ids", "invalid", format!("There is no role {unknown}")));
    }
    state.find_mut("User", id)?.insert("role_ids".to_owned(), json!(ids));
    roles(state, id, true)
}

fn replace_email(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    let body = call.object();
    let email = text(&body, "email").unwrap_or_default();
    state.find("User", id)?;
    credentials::check_email(state, "email", email, Some(id))?;
    credentials::set_email(state, id, email)?;
    show(state, id)
}
